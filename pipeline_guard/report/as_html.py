# SPDX-License-Identifier: Apache-2.0
"""One HTML page over everything, for people: no script, no network, under 500 kB whatever happened.

The page's own policy (CSP) forbids everything but the one style sheet, which it names by hash: text that slipped through
the escaping could neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from itertools import chain

from pipeline_guard import __version__
from pipeline_guard.model.finding import Finding, Severity
from pipeline_guard.model.overview import Answer, KeyLine, OpenLease, Overview, Signature
from pipeline_guard.model.summary import Use
from pipeline_guard.model.verdict import Check, CheckStatus
from pipeline_guard.report import svg
from pipeline_guard.report.as_text import place_of
from pipeline_guard.report.element import Html, bounded, join, moment, table, tag
from pipeline_guard.report.gist import HEADLINES, gist, key_age, tiles
from pipeline_guard.report.style import style

LIMIT = 500_000  # bytes
_SEVERITIES = tuple(severity.value for severity in Severity)
_TONES = {CheckStatus.FAIL: "bad", CheckStatus.UNCHECKED: "doubt", CheckStatus.WAIVED: "doubt", CheckStatus.PASS: "good"}
_SIGNS = {
    Answer.NO: "M17 17L35 35M35 17L17 35",
    Answer.YES: "M15 27L23 35L37 18",
    Answer.INCOMPLETE: "M26 14V29M26 37.5V38",
    Answer.NONE: "M16 26H36",
}
_LEASES = ("granted", "denied")
_OPEN = 25  # rows that a table shows without being asked
# name of a list: (most rows, bytes); together with style and plots below LIMIT
_ROOM = {"checks": (60, 90_000), "findings": (200, 120_000), "kinds": (25, 20_000), "keys": (100, 45_000), "leases": (50, 25_000)}
_ROOM |= {"uses": (25, 30_000), "unusual": (15, 15_000), "signatures": (100, 50_000), "unchecked": (50, 25_000), "files": (50, 15_000)}


def render(page: Overview) -> str:
    """Return the page."""
    css = style()
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{HEADLINES[page.answer]}: pipeline-guard report"),
        Html(f"<style>{css}</style>"),
    ]
    parts = [_todo, _findings, _unchecked, _keys, _leases, _uses, _signatures, _sources]
    body = tag("main", *(section for part in parts if (section := part(page)) is not None), id="main")
    lines = [tag("a", "skip to the results", href="#main", class_="skip"), _header(page), body, _footer()]
    return f'<!doctype html>\n<html lang="en">\n<head>{join(head).text}</head>\n<body>{join(lines).text}</body>\n</html>\n'


def _header(page: Overview) -> Html:
    title = tag("div", tag("h1", "pipeline-guard report"), tag("span", moment(page.made), " UTC", class_="soft"), class_="top")
    sign = tag(
        "svg", tag("circle", class_="sign", cx=26, cy=26, r=26), tag("path", class_="stroke", d=_SIGNS[page.answer]), viewBox="0 0 52 52"
    )
    words = tag("div", tag("h2", HEADLINES[page.answer]), tag("p", gist(page)))
    answer = tag("div", Html(sign.text.replace("<svg ", '<svg aria-hidden="true" ', 1)), words, class_=f"answer {page.answer.value}")
    entries = [
        tag("li", tag("a", tag("b", number), words, href=f"#{name}", class_=tone or "plain")) for name, number, words, tone in tiles(page)
    ]
    return tag("header", title, answer, tag("ul", *entries, class_="tiles"))


def _section(name: str, title: str, *pieces: Html) -> Html:
    return tag("section", tag("h2", title), join(pieces), id=name)


def _rows(name: str, rows: Iterable[Html], total: int, noun: str) -> tuple[list[Html], list[Html]]:
    """Return the rows that fit, and a paragraph about those that do not."""
    most, room = _ROOM[name]
    taken, left = bounded(rows, room, total, most, noun)
    return taken, [tag("p", left, class_="soft")] if left else []


def _folded(title: str, count: int, *pieces: Html) -> Html:
    """Return pieces that a reader can fold; many rows begin folded."""
    opened = {"open": ""} if count <= _OPEN else {}
    return tag("details", tag("summary", f"{title} ({count:,})"), *pieces, **opened)


def _todo(page: Overview) -> Html | None:
    refused = [each for each in page.signatures if not each.verified]
    total = len(page.checks) + len(refused)
    if not total:
        return None
    reasons = chain(map(_reason, page.checks), map(_refused, refused))  # lazily: what does not fit is not made
    taken, left = _rows("checks", reasons, total, "reasons")
    passed = tag("p", f"{page.passed:,} more checks passed.", class_="soft") if page.passed else Html("")
    return _section("reasons", "What to do", passed, tag("ol", *taken, class_="reasons"), *left)


def _reason(check: Check) -> Html:
    word = {CheckStatus.FAIL: "failed", CheckStatus.PASS: "passed"}.get(check.status, check.status.value)
    places = [tag("li", tag("code", place_of(place))) for place in check.locations[:5]]
    if len(check.locations) > 5:
        places.append(tag("li", f"and {len(check.locations) - 5:,} more", class_="soft"))
    pieces = [tag("span", word, class_=f"badge {_TONES[check.status]}"), tag("h3", check.id), tag("p", check.why)]
    pieces += [tag("ul", *places, class_="places")] if places else []
    pieces += [tag("code", check.fix, class_="fix")] if check.fix else []
    return tag("li", *pieces)


def _refused(each: Signature) -> Html:
    badge = tag("span", each.verdict, class_="badge bad")
    fix = [tag("code", each.hint, class_="fix")] if each.hint else []
    return tag("li", badge, tag("h3", each.subject), tag("p", each.why), *fix)


def _findings(page: Overview) -> Html | None:
    if not page.findings:
        return None
    by_severity = [sum(tally.counts[number] for tally in page.kinds) for number in range(len(_SEVERITIES))]
    most = max(tally.total for tally in page.kinds)
    kinds, left = _rows(
        "kinds",
        (
            tag(
                "tr",
                tag("th", tally.label, scope="row"),
                tag("td", svg.bar(tally.counts, _SEVERITIES, most), class_="grow"),
                tag("td", f"{tally.total:,}", class_="number"),
            )
            for tally in page.kinds
        ),
        len(page.kinds),
        "kinds",
    )
    ages = svg.columns(page.ages, _SEVERITIES, _SEVERITIES, "Findings by the age of the commit that brought them in")
    rows, rest = _rows("findings", (_finding(finding) for finding in page.findings), len(page.findings), "findings")
    boxes = [
        tag("label", Html(f'<input type="checkbox" id="show-{name}" checked>'), f"{name} ({count:,})")
        for name, count in zip(_SEVERITIES, by_severity, strict=True)
        if count
    ]
    pick = tag("fieldset", tag("legend", "Show"), *boxes, class_="pick")
    titles = ("severity", "where", "what", "found", "since")
    listing = _folded("Every finding", len(page.findings), pick, table("Findings, worst first", titles, rows), *rest)
    return tag(
        "section",
        tag("h2", "Findings"),
        svg.legend(_SEVERITIES, _SEVERITIES, by_severity),
        tag("h3", "By kind"),
        table("Findings by kind", ("kind", "share", "number"), kinds),
        *left,
        tag("h3", "By age"),
        ages,
        listing,
        id="findings",
        class_="pickable",
    )


def _finding(finding: Finding) -> Html:
    tone = "bad" if finding.severity in (Severity.CRITICAL, Severity.HIGH) else "doubt" if finding.severity is Severity.MEDIUM else "soft"
    since = (finding.origin.date[:10] if finding.origin else "") or "not in a commit"
    cells = [
        tag("td", tag("span", finding.severity.value, class_=f"badge {tone}")),
        tag("td", tag("code", place_of(finding.location))),
        tag("td", f"{finding.title} ({finding.confidence.value})"),
        tag("td", tag("code", finding.preview)),
        tag("td", since, class_="nowrap"),
    ]
    return tag("tr", *cells, data_severity=finding.severity.value)


def _unchecked(page: Overview) -> Html | None:
    if not page.unchecked:
        return None
    rows = (tag("tr", tag("td", tag("code", item.what)), tag("td", item.why)) for item in page.unchecked)
    taken, left = _rows("unchecked", rows, len(page.unchecked), "files")
    return _section("unchecked", "Not examined", table("What could not be examined", ("what", "why"), taken), *left)


def _keys(page: Overview) -> Html | None:
    if not page.keys:
        return None
    taken, left = _rows("keys", (_key(key) for key in page.keys), len(page.keys), "versions of keys")
    note = tag("p", "How much of its cryptoperiod each version has used.", class_="soft")
    listing = table("Keys by age", ("key", "state", "age", "", "next"), taken)
    return _section("keys", "Keys", note, listing, *left)


def _key(key: KeyLine) -> Html:
    name = "critical" if key.overdue or key.state.startswith("compromised") else "medium" if key.due else "granted"
    tone = "bad" if name == "critical" else "doubt" if name == "medium" else "plain"
    live = key.state.startswith(("active", "suspended"))
    return tag(
        "tr",
        tag("th", tag("code", f"{key.name}/{key.version}"), " ", tag("span", key.type, class_="soft"), scope="row"),
        tag("td", key.state, class_="bad" if key.state.startswith("compromised") else "plain"),
        tag("td", svg.meter(key.age_days, key.period_days, name if live else "info") if key.period_days else Html(""), class_="grow"),
        tag("td", key_age(key), class_="number"),
        tag("td", key.next or "nothing", class_=f"nowrap {tone if key.next else 'soft'}"),
    )


def _leases(page: Overview) -> Html | None:
    if not page.leases and page.lease_course is None:
        return None
    pieces = []
    if page.lease_course:
        counts = [sum(tally.counts[number] for tally in page.lease_course.stretches) for number in range(len(_LEASES))]
        pieces += [svg.course(page.lease_course, _LEASES, "Leases over time"), svg.legend(_LEASES, _LEASES, counts)]
    rows = (_lease(lease) for lease in page.leases)
    taken, left = _rows("leases", rows, len(page.leases), "leases")
    if page.leases:
        listing = table("Open leases", ("secret", "held by", "since", "until"), taken)
        pieces.append(_folded("Open now", len(page.leases), listing, *left))
    else:
        pieces.append(tag("p", "None is open now.", class_="soft"))
    return _section("leases", "Leases", *pieces)


def _lease(lease: OpenLease) -> Html:
    name = tag("code", f"{lease.secret}/{lease.version}")
    times = [tag("td", moment(time)) for time in (lease.issued, lease.expires)]
    return tag("tr", tag("td", name), tag("td", lease.holder), *times)


def _uses(page: Overview) -> Html | None:
    if page.summary is None:
        return None
    summary = page.summary
    unusual = [
        tag("li", moment(each.time), " ", each.what, tag("span", f" (record {each.seq:,})", class_="soft")) for each in summary.unusual
    ]
    told, left = _rows("unusual", unusual, len(unusual), "remarks")
    most = max(use.times for use in summary.uses)
    rows, rest = _rows("uses", (_use(use, most) for use in summary.uses), len(summary.uses), "pairs")
    span = tag("p", f"{summary.records:,} records, ", moment(summary.first), " to ", moment(summary.last), " UTC.", class_="soft")
    notes = [tag("h3", "Unusual"), tag("ul", *told), *left] if unusual else [tag("p", "Nothing unusual was found in the log.")]
    listing = table("Who used what, most often first", ("who", "did", "to", "share", "times", "denied", "last"), rows)
    return _section("uses", "Who used what", span, *notes, tag("h3", "Most often"), listing, *rest)


def _use(use: Use, most: int) -> Html:
    denied = tag("td", f"{use.denied:,}", class_="number bad" if use.denied else "number soft")
    share = tag("td", svg.bar((use.times - use.denied, use.denied), ("low", "denied"), most), class_="share")
    words = [tag("td", use.actor), tag("td", use.action, class_="nowrap"), tag("td", tag("code", use.object))]
    return tag("tr", *words, share, tag("td", f"{use.times:,}", class_="number"), denied, tag("td", moment(use.last)))


def _signatures(page: Overview) -> Html | None:
    if not page.signatures and page.sign_course is None:
        return None
    pieces = []
    if page.sign_course:
        told = page.sign_course
        classes = [f"series-{number}" for number in range(len(told.series))]
        counts = [sum(tally.counts[number] for tally in told.stretches) for number in range(len(told.series))]
        pieces += [svg.course(told, classes, "Signatures over time, by key"), svg.legend(told.series, classes, counts)]
    if page.signatures:
        rows, left = _rows("signatures", (_signature(each) for each in page.signatures), len(page.signatures), "signatures")
        listing = table("Signatures that were verified", ("subject", "verdict", "signed by", "proven time"), rows)
        pieces.append(_folded("Verified now", len(page.signatures), listing, *left))
    return _section("signatures", "Signatures", *pieces)


def _signature(each: Signature) -> Html:
    badge = tag("span", each.verdict, class_=f"badge {'good' if each.verified else 'bad'}")
    time = tag("td", moment(each.time)) if each.time else tag("td", "none", class_="soft")
    return tag("tr", tag("td", tag("code", each.subject)), tag("td", badge), tag("td", each.signer or "nobody known"), time)


def _sources(page: Overview) -> Html | None:
    rows = [tag("tr", tag("td", tag("code", each.name)), tag("td", each.kind), tag("td", each.says)) for each in page.results]
    rows += [tag("tr", tag("td", tag("code", item.what)), tag("td", "not read"), tag("td", item.why)) for item in page.missing]
    taken, left = _rows("files", rows, len(rows), "files")
    return _section("sources", "What this is made from", table("Sources", ("source", "kind", "says"), taken), *left) if rows else None


def _footer() -> Html:
    return tag("footer", tag("p", f"Made by pipeline-guard {__version__}. Times are UTC. No value of a secret is in here."))
