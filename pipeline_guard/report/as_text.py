# SPDX-License-Identifier: Apache-2.0
"""Results for people: worst first and loud, what passed in one line, the counts at the end; readable without colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline_guard.model.finding import Confidence, Finding, FindingStatus, ScanReport, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Verdict
from pipeline_guard.report.as_json import commit_of
from pipeline_guard.report.escape import clip, visible
from pipeline_guard.report.group import grouped
from pipeline_guard.report.look import PLAIN, Look, Tone
from pipeline_guard.report.order import counting, failed_first, scan_counts, verdict_counts

_PLACES = 20  # of one check; a whole repository can fail at once
_MARGIN = " " * 11
_WORDS = {CheckStatus.FAIL: "FAIL", CheckStatus.UNCHECKED: "unchecked", CheckStatus.WAIVED: "waived", CheckStatus.PASS: "pass"}
_TONES = {CheckStatus.FAIL: Tone.BAD, CheckStatus.UNCHECKED: Tone.DOUBT, CheckStatus.WAIVED: Tone.DOUBT, CheckStatus.PASS: Tone.GOOD}
_OUTCOMES = {Outcome.BLOCK: Tone.BAD, Outcome.INCOMPLETE: Tone.DOUBT, Outcome.ALLOW: Tone.GOOD}
_SEVERITIES = {Severity.CRITICAL: Tone.BAD, Severity.HIGH: Tone.BAD, Severity.MEDIUM: Tone.DOUBT}


def render_scan(report: ScanReport, look: Look = PLAIN) -> str:
    """Return every finding that counts, what was allowed or not examined, and a closing line."""
    blocks = [_finding(finding, look) for finding in counting(report)]
    failing = bool(blocks)
    allowed = [finding for finding in report.findings if finding.status is FindingStatus.ALLOWED]
    if allowed:
        blocks.append("\n".join(look.fold(f"allowed: {place_of(each.location)}: {visible(each.title)}", "    ") for each in allowed))
    if report.unchecked:
        lines = [look.fold(f"not examined: {visible(item.what)}: {visible(item.why)}", "    ") for item in report.unchecked]
        blocks.append("\n".join(look.paint(line, Tone.DOUBT) for line in lines))
    stats = report.stats
    looked = f"{stats.files:,} file{'' if stats.files == 1 else 's'}, {stats.bytes:,} bytes"
    if stats.commits:
        looked += f", {stats.commits:,} commit{'' if stats.commits == 1 else 's'}"
    tone = Tone.BAD if failing else Tone.DOUBT if report.unchecked else Tone.GOOD
    blocks.append(f"{look.paint(scan_counts(report), tone)}; {looked} in {stats.seconds:.1f} s")
    return look.fit("\n\n".join(blocks) + "\n")


def render_verdict(verdict: Verdict, look: Look = PLAIN) -> str:
    """Return what failed or needs a reader with its reason, places and fix, what passed in one line, and a closing line with the policy."""
    told = [check for check in failed_first(verdict) if look.verbose or check.status is not CheckStatus.PASS or check.locations]
    lines = [_check(check, also, look) for check, also in _once(told)]
    quiet = [check for check in verdict.checks if check.status is CheckStatus.PASS and not check.locations]
    if quiet and not look.verbose:
        count = f"{len(quiet)} check{'' if len(quiet) == 1 else 's'}"
        lines.append(f"{look.paint('pass', Tone.GOOD)}       {look.fold(f'{count}: {grouped(quiet)}', _MARGIN)}")
    policy = f"policy {visible(verdict.policy_digest)} from {visible(verdict.policy_source)}"
    closing = look.paint(f"verdict: {verdict_counts(verdict)}", _OUTCOMES[verdict.outcome])
    return look.fit("\n".join([*lines, *([""] if lines else []), closing, look.paint(policy, Tone.FAINT)]) + "\n")


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


def _finding(finding: Finding, look: Look) -> str:
    sure = {Confidence.VERIFIED: "verified", Confidence.CONTRADICTED: "contradicted by its checksum"}
    note = sure.get(finding.confidence, f"{finding.confidence.value} confidence")
    place = look.paint(place_of(finding.location), Tone.STRONG)
    severity = look.paint(finding.severity.value, _SEVERITIES.get(finding.severity))
    lines = [
        f"{place}: {severity}: {visible(finding.title)} ({note}) [{visible(finding.rule)}]",
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
        lines.append(look.fold(f"    hint: {visible(finding.hint)}", "          "))
    return "\n".join(lines)


def _once(checks: Iterable[Check]) -> list[tuple[Check, list[str]]]:
    """Give each check with the further ids that could not look for the same reason at the same place: one file, told once."""
    found: dict[object, tuple[Check, list[str]]] = {}
    for number, check in enumerate(checks):
        alike: object = (check.why, check.locations) if check.status is CheckStatus.UNCHECKED and check.locations else number
        if alike in found:
            found[alike][1].append(check.id)
        else:
            found[alike] = (check, [])
    return list(found.values())


def _check(check: Check, also: Sequence[str], look: Look) -> str:
    ids = visible(check.id) + (f" (and {len(also)} more check{'' if len(also) == 1 else 's'})" if also else "")
    word = "note" if check.status is CheckStatus.PASS and check.locations else _WORDS[check.status]
    first = look.fold(f"{word:<10} {ids}: {visible(check.why)}", _MARGIN)
    lines = [look.paint(word, None if word == "note" else _TONES[check.status]) + first[len(word) :]]
    lines += [f"{_MARGIN}at {look.paint(place_of(place), Tone.STRONG)}" for place in check.locations[:_PLACES]]
    if len(check.locations) > _PLACES:
        rest = len(check.locations) - _PLACES
        lines.append(f"{_MARGIN}and {rest} more place{'' if rest == 1 else 's'}")
    if check.fix:
        lines.append(look.paint(look.fold(f"{_MARGIN}fix: {visible(check.fix)}", f"{_MARGIN}     "), Tone.LINK))
    return "\n".join(lines)
