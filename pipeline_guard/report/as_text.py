# SPDX-License-Identifier: Apache-2.0
"""Results for people: plain lines, worst first, the counts at the end; readable without colour."""

from __future__ import annotations

from pipeline_guard.model.finding import Confidence, Finding, FindingStatus, ScanReport
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, CheckStatus, Verdict
from pipeline_guard.report.as_json import commit_of
from pipeline_guard.report.escape import clip, visible
from pipeline_guard.report.order import counting, failed_first, scan_counts, verdict_counts

_PLACES = 20  # of one check; a whole repository can fail at once


def render_scan(report: ScanReport) -> str:
    """Return every finding that counts, what was allowed or not examined, and a closing line."""
    blocks = [_finding(finding) for finding in counting(report)]
    allowed = [finding for finding in report.findings if finding.status is FindingStatus.ALLOWED]
    if allowed:
        blocks.append("\n".join(f"allowed: {place_of(finding.location)}: {visible(finding.title)}" for finding in allowed))
    if report.unchecked:
        blocks.append("\n".join(f"not examined: {visible(item.what)}: {visible(item.why)}" for item in report.unchecked))
    stats = report.stats
    looked = f"{stats.files:,} file{'' if stats.files == 1 else 's'}, {stats.bytes:,} bytes"
    if stats.commits:
        looked += f", {stats.commits:,} commit{'' if stats.commits == 1 else 's'}"
    blocks.append(f"{scan_counts(report)}; {looked} in {stats.seconds:.1f} s")
    return "\n\n".join(blocks) + "\n"


def render_verdict(verdict: Verdict) -> str:
    """Return what did not pass with reason, places and fix, what passed in one line, and a closing line with the policy.

    Checks that could not look for one and the same reason are told together; passed ones with a note to the reviewer are told like others.
    """
    checks = failed_first(verdict)
    passed = [check for check in checks if check.status is CheckStatus.PASS and not check.locations]
    told = [check for check in checks if check.status is not CheckStatus.PASS or check.locations]
    lines = [_check(alike[0], [check.id for check in alike]) for alike in _alike(told)]
    if passed:
        ids = ", ".join(visible(check.id) for check in passed)
        lines.append(f"pass       {ids}" if told else f"pass       all {len(passed)} checks: {ids}")
    policy = f"policy {visible(verdict.policy_digest)} from {visible(verdict.policy_source)}"
    return "\n".join([*lines, *([""] if lines else []), f"verdict: {verdict_counts(verdict)}", policy]) + "\n"


def place_of(place: Location) -> str:
    """Return ``path:line:column`` on one line; the path alone where the whole file is meant.

    A path that begins with a colon gets ``./`` before it: ``::`` at a line's start is a command for GitHub's runner.
    """
    path = visible(place.path)
    if path.lstrip().startswith(":"):
        path = f"./{path}"
    if not place.line:
        return path
    return f"{path}:{place.line}:{place.column}" if place.column else f"{path}:{place.line}"


def _finding(finding: Finding) -> str:
    sure = {Confidence.VERIFIED: "verified", Confidence.CONTRADICTED: "contradicted by its checksum"}
    note = sure.get(finding.confidence, f"{finding.confidence.value} confidence")
    lines = [
        f"{place_of(finding.location)}: {finding.severity.value}: {visible(finding.title)} ({note}) [{visible(finding.rule)}]",
        f"    found: {visible(finding.preview)}",
    ]
    if finding.decoded_from:
        lines[-1] += f", decoded from {visible(finding.decoded_from)}"
    commit = commit_of(finding)
    if commit:
        by = f" by {visible(clip(finding.origin.author, 100))}" if finding.origin and finding.origin.author else ""
        when = f" on {visible(finding.origin.date)}" if finding.origin and finding.origin.date else ""
        lines.append(f"    commit: {visible(commit)}{by}{when}")
    if finding.hint:
        lines.append(f"    hint: {visible(finding.hint)}")
    return "\n".join(lines)


def _alike(checks: list[Check]) -> list[list[Check]]:
    """Put unchecked checks together that say the same of the same places."""
    groups: dict[object, list[Check]] = {}
    for number, check in enumerate(checks):
        alike = check.status is CheckStatus.UNCHECKED
        groups.setdefault((check.why, check.locations) if alike else number, []).append(check)
    return list(groups.values())


def _check(check: Check, ids: list[str]) -> str:
    lines = [f"{check.status.value:<10} {', '.join(visible(one) for one in dict.fromkeys(ids))}: {visible(check.why)}"]
    lines += [f"           at {place_of(place)}" for place in check.locations[:_PLACES]]
    if len(check.locations) > _PLACES:
        lines.append(f"           and {len(check.locations) - _PLACES} more places")
    if check.fix:
        fix = check.fix.replace(f"put {check.id} under", "put them under") if len(ids) > 1 else check.fix
        lines.append(f"           fix: {visible(fix)}")
    return "\n".join(lines)
