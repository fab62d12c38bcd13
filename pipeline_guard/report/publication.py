# SPDX-License-Identifier: Apache-2.0
"""A verdict as a forge shows it: one line, a text, the places; worst first, and bounded."""

from __future__ import annotations

from pipeline_guard.model.forge import ForgeEvent, Notice, Publication
from pipeline_guard.model.verdict import CheckStatus, Outcome, Verdict
from pipeline_guard.report import as_markdown, as_sarif
from pipeline_guard.report.escape import visible
from pipeline_guard.report.order import failed_first

_SUMMARY = 60_000  # characters: GitHub takes 65,535 for a check run and 65,536 for a comment
_TITLES = {Outcome.ALLOW: "allowed", Outcome.BLOCK: "blocked", Outcome.INCOMPLETE: "incomplete: something could not be examined"}


def publication_of(verdict: Verdict, event: ForgeEvent, name: str, *, has_comment: bool, has_sarif: bool) -> Publication:
    """Return what to post of a verdict; only an allowance is good."""
    text = as_markdown.render_verdict(verdict)
    return Publication(
        name,
        event,
        verdict.outcome is Outcome.ALLOW,
        _title(verdict),
        _cut(text),
        tuple(_notices(verdict)),
        as_sarif.render_verdict(verdict).encode("utf-8") if has_sarif else b"",
        has_comment,
    )


def refusal_of(event: ForgeEvent, name: str, why: str, *, has_comment: bool) -> Publication:
    """Return what to post where a signed verdict is not believed."""
    text = f"## pipeline-guard gate\n\n**not believed:** {as_markdown.markup(why)}\n"
    return Publication(name, event, False, f"not believed: {visible(why)}", text, has_comment=has_comment)


def belief_of(event: ForgeEvent, name: str, report: str, *, has_comment: bool) -> Publication:
    """Return what to post where a signed verdict allows the change; ``report`` is the SHA-256 of its details."""
    said = f"**allowed**, by a signed verdict over {as_markdown.code(event.head)}"
    text = f"## pipeline-guard gate\n\n{said}\n\nReport {as_markdown.code(report)}\n"
    return Publication(name, event, True, "allowed, by a signed verdict", text, has_comment=has_comment)


def _title(verdict: Verdict) -> str:
    failed = [check.id for check in failed_first(verdict) if check.status is CheckStatus.FAIL]
    return f"{_TITLES[verdict.outcome]}: {', '.join(failed)}" if failed else _TITLES[verdict.outcome]


def _notices(verdict: Verdict) -> list[Notice]:
    found = []
    for check in failed_first(verdict):
        if check.status not in (CheckStatus.FAIL, CheckStatus.UNCHECKED):
            continue
        level = "failure" if check.status is CheckStatus.FAIL else "warning"
        message = visible(check.why + (f"\nFix: {check.fix}" if check.fix else "")) or check.id
        found += [Notice(visible(place.path), max(place.line, 1), level, check.id, message) for place in check.locations]
    return found


def _cut(text: str) -> str:
    """Return whole lines only, so that no table or escape ends in the middle."""
    if len(text) <= _SUMMARY:
        return text
    return text[:_SUMMARY].rpartition("\n")[0] + "\n\nmore: see the job's log and report files\n"
