# SPDX-License-Identifier: Apache-2.0
"""The judgement of a token, as text and JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from pipeline_guard.model.boundary import Boundary, Grade
from pipeline_guard.report.escape import visible

SCHEMA = "pipeline-guard/token-check/v1"
_VERDICT = {
    Grade.REJECT: "rejected: it must not hold keys",
    Grade.RESTRICT: "accepted with restrictions: safe under the rules below, by which pipeline-guard makes its keys",
    Grade.NOTE: "accepted; what it ignores is noted below",
    Grade.NONE: "accepted",
}


def text(boundary: Boundary) -> str:
    """Return the verdict, then what went wrong with the worst first, then what was refused as it should be."""
    facts = boundary.facts
    parts = [
        f"token    {visible(facts.label)}, serial {visible(facts.serial)}",
        f"module   {visible(facts.module)} ({visible(facts.library)}), sha256:{facts.module_digest[:16]}",
        f"verdict  {_VERDICT[boundary.grade]}",
        f"holds    until {boundary.expires:%Y-%m-%d}, or until the module, its version or the token changes",
    ]
    for finding in boundary.findings:
        parts += ["", f"{finding.grade.value:<8} {finding.probe.id}: {finding.probe.title}", f"         {visible(finding.probe.how)}"]
        parts.append(f"         rule: {finding.rule}")
    bad = {finding.probe.id for finding in boundary.findings}
    parts.append("")
    for probe in boundary.probes:
        if probe.id not in bad:
            parts.append(f"{probe.outcome.value:<12} {probe.id:<28} {visible(probe.how)}")
    parts.append(f"{len(boundary.probes)} probes")
    return "\n".join(parts)


def document(boundary: Boundary) -> str:
    """Return everything as one JSON document; ``verdict`` is reject, restrict, note or none."""
    facts = asdict(boundary.facts)
    findings = [
        {"id": each.probe.id, "grade": each.grade.value, "title": each.probe.title, "how": each.probe.how, "rule": each.rule}
        for each in boundary.findings
    ]
    probes = [{"id": each.id, "outcome": each.outcome.value, "how": each.how} for each in boundary.probes]
    dates = {"checked": boundary.checked.isoformat(timespec="seconds"), "expires": boundary.expires.isoformat(timespec="seconds")}
    found = {"schema": SCHEMA, "verdict": boundary.grade.value, "token": facts, **dates, "findings": findings, "probes": probes}
    return json.dumps(found, indent=2)
