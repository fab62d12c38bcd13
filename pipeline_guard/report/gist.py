# SPDX-License-Identifier: Apache-2.0
"""The few words and numbers that every form of the overview begins with."""

from __future__ import annotations

from pipeline_guard.model.overview import Answer, KeyLine, Overview
from pipeline_guard.model.verdict import CheckStatus

HEADLINES = {
    Answer.NO: "Not in order",
    Answer.INCOMPLETE: "Incomplete",
    Answer.YES: "In order",
    Answer.NONE: "No results yet",
}


def gist(page: Overview) -> str:
    """Say in one sentence why the answer is what it is."""
    if page.answer is Answer.NONE:
        return "Nothing was scanned, gated or verified for this page; what follows is from the store alone."
    failed = sum(check.status is CheckStatus.FAIL for check in page.checks)
    unchecked = sum(check.status is CheckStatus.UNCHECKED for check in page.checks) + len(page.unchecked)
    refused = sum(not each.verified for each in page.signatures)
    parts = [
        many(number, noun)
        for number, noun in (
            (len(page.findings), "finding"),
            (failed, "failed check"),
            (
                refused,
                "signature that does not hold",
            ),
            (unchecked, "thing that could not be examined"),
        )
        if number
    ]
    if not parts:
        return f"Everything that was looked at is as it should be: {', '.join(each.says for each in page.results)}."
    return f"{parts[0]}." if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}."


def tiles(page: Overview) -> list[tuple[str, str, str, str]]:
    """Return (section, number, what it counts, tone) of what the page tells in full."""
    failed = sum(check.status is CheckStatus.FAIL for check in page.checks)
    held = sum(each.verified for each in page.signatures)
    due = sum(key.due or key.overdue for key in page.keys)
    overdue = any(key.overdue for key in page.keys)
    found: list[tuple[str, str, str, str]] = []
    if page.checks:
        found.append(("reasons", f"{failed:,}", _noun(failed, "check") + " failed", "bad" if failed else ""))
    if page.findings:
        found.append(("findings", f"{len(page.findings):,}", _noun(len(page.findings), "finding"), "bad"))
    if page.unchecked:
        found.append(("unchecked", f"{len(page.unchecked):,}", "not examined", "doubt"))
    if page.keys:
        found.append(
            (
                "keys",
                f"{due:,} of {len(page.keys):,}",
                f"{_noun(len(page.keys), 'key version')} due",
                "bad" if overdue else "doubt" if due else "",
            )
        )
    if page.leases or page.lease_course:
        found.append(("leases", f"{len(page.leases):,}", f"open {_noun(len(page.leases), 'lease')}", ""))
    if page.summary:
        remarks = len(page.summary.unusual)
        found.append(("uses", f"{remarks:,}", f"unusual {_noun(remarks, 'event')}", "doubt" if remarks else ""))
    if page.signatures:
        whole = len(page.signatures)
        found.append(("signatures", f"{held:,} of {whole:,}", f"{_noun(whole, 'signature')} verified", "" if held == whole else "bad"))
    return found


def key_age(key: KeyLine) -> str:
    """Return days of use against those of the cryptoperiod."""
    return f"{key.age_days:,} of {key.period_days:,} days" if key.period_days else f"{key.age_days:,} {_noun(key.age_days, 'day')}"


def many(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it has to be: the first word of the noun's phrase that is one."""
    head, that, rest = noun.partition(" that ")
    verb = rest.replace("does not", "do not", 1) if number != 1 else rest
    return f"{number:,} {_noun(number, head)}{that}{verb}"


def _noun(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"
