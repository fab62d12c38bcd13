# SPDX-License-Identifier: Apache-2.0
"""``report``: one page over the last results and the store."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.audit import anchor_of
from pipeline_guard.cli.console import Terminal
from pipeline_guard.cli.output import STANDARD_OUTPUT, check_targets, named_target
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, NothingToDo, UsageError
from pipeline_guard.flows import audit
from pipeline_guard.flows.checkpoint import public_keys
from pipeline_guard.flows.report import Kept, overview
from pipeline_guard.flows.results import LIMIT, Result, read_result
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.report import as_html, as_overview

_RENDERERS = {"html": as_html.render, "markdown": as_overview.render_markdown, "json": as_overview.render_json}
_SUFFIXES = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}
_MOST = 1000  # files of one folder


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Read, count, write every form that was asked for. What the results say does not change the exit code: they had their own."""
    targets = _targets(args)
    if not targets and args.text("format") == "html" and isinstance(wiring.console, Terminal) and sys.stdout.isatty():
        raise UsageError("an HTML page is not for a terminal", "pipeline-guard report --output report.html, or --format markdown")
    results, missing = _results(args.many("results"), wiring)
    kept = _kept(wiring)
    if kept is None:
        missing.append(Unchecked("store", f"there is none yet in {wiring.home}"))
    page = overview(results, kept, missing, wiring.clock.now())
    for form, path in targets:
        if path == STANDARD_OUTPUT:
            wiring.console.data(_RENDERERS[form](page))
            continue
        wiring.files.write(path, _RENDERERS[form](page).encode("utf-8"))
        wiring.console.talk(f"wrote {path}")
    if not targets:
        wiring.console.data(_RENDERERS[args.text("format")](page))
    return ExitCode.CLEAN


def _targets(args: Args) -> list[tuple[str, str]]:
    """Read --output; a bare FILE takes the form of its suffix, else --format."""
    found = []
    for item in args.many("output"):
        otherwise = _SUFFIXES.get(Path(item).suffix.lower(), args.text("format"))
        found.append(named_target(item, tuple(_RENDERERS), otherwise))
    check_targets(found)
    return found


def _results(names: list[str], wiring: Wiring) -> tuple[list[tuple[str, Result]], list[Unchecked]]:
    """Read the named files; of a folder, every JSON file, and what is none of ours there is told, not refused."""
    results: list[tuple[str, Result]] = []
    missing: list[Unchecked] = []
    for name in names:
        if wiring.files.kind(name) != "folder":
            results.append((name, read_result(wiring.files.read(name, LIMIT), name)))
            continue
        inside = [path for path in wiring.files.matching(f"{_literal(name)}/*.json") if not path.endswith(".sigstore.json")]
        if len(inside) > _MOST:
            raise UsageError(f"{name}: {len(inside):,} JSON files, more than {_MOST:,}", "name the results themselves")
        for path in inside:
            try:
                results.append((path, read_result(wiring.files.read(path, LIMIT), path)))
            except UsageError as error:
                missing.append(Unchecked(path, error.what.removeprefix(f"{path}: ")))
    if names and not results:
        raise NothingToDo("no result was found there", "write some: pipeline-guard scan --output json=results/scan.json")
    return results, missing


def _literal(name: str) -> str:
    """Return a folder's name as a pattern that means it alone."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name.rstrip("/") or "/")


def _kept(wiring: Wiring) -> Kept | None:
    """Open the store that is there; never make one. A log that was bent is refused, not shown."""
    if not wiring.stored():
        return None
    state = wiring.state()
    try:
        records = audit.verified_records(state, public_keys(state), anchor_of(wiring, state))
    except NothingToDo:
        records = []
    return Kept(state, records)
