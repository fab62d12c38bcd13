# SPDX-License-Identifier: Apache-2.0
"""``scan``: look for hardcoded keys."""

from __future__ import annotations

import posixpath
import sys
from dataclasses import replace

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.job import event
from pipeline_guard.cli.output import emit, targets
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, NothingToDo, UnknownRevision, UsageError, weightiest
from pipeline_guard.flows.event_range import Change, change_of, is_push, pushed_of
from pipeline_guard.flows.scan import ScanDoors, ScanRequest, known_findings, scan, split_range
from pipeline_guard.model.finding import Finding, FindingStatus, ScanReport, Severity
from pipeline_guard.model.limits import Limits
from pipeline_guard.model.sealed import StoreSearch
from pipeline_guard.model.selection import CommitRange, Scope, Selection
from pipeline_guard.ports import Rulepacks

BASELINE = ".pipeline-guard/baseline.json"  # what counts where nothing else is named
RULES = ".pipeline-guard/rules"
_BASELINE_LIMIT = 64 * 1024 * 1024
_PUSH_LIMIT = 16 * 1024 * 1024  # bytes that name what a push brings
_NOTES = 10  # remarks that are shown


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Scan what the flags select; the exit code counts new findings at or over the threshold, and what went unchecked."""
    selection, base = _selection(args, wiring)
    config = wiring.config(base)
    args = args.with_section(config.scan)
    selection = replace(selection, exclude=tuple(args.many("exclude")), max_bytes=_number(args, "max-file-size", least=1), parts=True)
    targets(args)  # a mistake there should not cost a scan
    doors = ScanDoors(
        source=wiring.source(selection),
        rulepacks=_rulepacks(args, wiring, base),
        cache=wiring.cache,
        clock=wiring.clock,
        fingerprint=wiring.fingerprint(),
        progress=wiring.progress,
        workers=wiring.workers,
        store=_store(args, wiring),
    )
    ranged = selection.resolved is not None and not selection.resolved.pushed
    request = ScanRequest(
        _known(args, wiring, base, "baseline", ranged=ranged),
        _known(args, wiring, base, "import-baseline", ranged=ranged),
        config.scan.foreign_markers,
        limits=_limits(args),
    )
    report = scan(request, doors)
    _tell(report, wiring)
    if not getattr(doors.fingerprint, "lasting", True):
        wiring.console.talk(
            "the fingerprint key could not be kept: these fingerprints hold for this run only (set PIPELINE_GUARD_FINGERPRINT_KEY)"
        )
    if args.text("write-baseline"):
        content = known_findings(report, doors.fingerprint, only_known=request.foreign is not None)
        wiring.files.write(args.text("write-baseline"), content)
    variants = {}
    if args.text("sarif-suppressed") == "omit":
        variants["sarif"] = replace(report, findings=tuple(one for one in report.findings if one.status is FindingStatus.NEW))
    emit(report, args, wiring, variants=variants)
    return _exit_code(report, args, written=bool(args.text("write-baseline")) and request.foreign is None)


def _selection(args: Args, wiring: Wiring) -> tuple[Selection, str]:
    """Return what to look at, and the revision whose configuration and baseline count: a change cannot bring its own."""
    chosen = [name for name in ("staged", "range", "history", "stdin") if args.values.get(name)]
    paths = tuple(args.many("paths"))
    if len(chosen) + bool(paths) > 1:
        words = [f"--{name}" for name in chosen] + ["paths"] * bool(paths)
        raise UsageError(f"{' and '.join(words)} exclude each other", "choose one of them")
    if args.on("dangling") and "history" not in chosen:
        raise UsageError("--dangling belongs to --history", "scan --history --dangling")
    if "range" in chosen:
        return _range(args, wiring)
    scope = Scope(chosen[0]) if chosen else Scope.TREE
    # what has no work tree is configured by what its HEAD holds
    base = wiring.revisions().stand_in() if scope is Scope.HISTORY else ""
    return Selection(scope, paths, dangling=args.on("dangling")), base


def _range(args: Args, wiring: Wiring) -> tuple[Selection, str]:
    """Resolve --range, and say what it means."""
    revisions = args.text("range")
    if revisions == "auto" and is_push(wiring.environ):
        return _push(wiring)
    if revisions == "auto":
        change = change_of(wiring.environ, event(wiring))
        if not change.ranges:
            wiring.console.talk(f"the event ({change.event[:60]}) has no range of commits: looking at the whole work tree")
            return Selection(Scope.TREE), ""
        revisions, resolved = _first_known(change, wiring)
    else:
        split_range(revisions)
        try:
            resolved = wiring.revisions().resolve(revisions)
        except UnknownRevision as error:  # not to be mistaken for a flag that is wrong: the clone is what lacks something
            raise NothingToDo(f"the range {revisions[:100]} cannot be resolved: {error.what}", error.hint) from None
    plural = "s" if resolved.commits != 1 else ""
    wiring.console.talk(f"looking at {resolved.commits} commit{plural}: {resolved.base[:12]}..{resolved.head[:12]} ({revisions[:120]})")
    base, _ = split_range(revisions)
    return Selection(Scope.RANGE, revisions=revisions, resolved=resolved), base


def _first_known(change: Change, wiring: Wiring) -> tuple[str, CommitRange]:
    """Return the first range of an event whose ends this clone has; raise the first one's error where there is none."""
    errors = []
    for revisions in change.ranges:
        try:
            return revisions, wiring.revisions().resolve(revisions)
        except UnknownRevision as error:
            errors.append(error)
            wiring.console.talk(f"this clone cannot resolve {revisions[:120]}: {error.what}")
    raise NothingToDo(f"--range auto: {errors[0].what}", errors[0].hint)


def _push(wiring: Wiring) -> tuple[Selection, str]:
    """Take what a push brings, in git's pre-receive hook; what counts is the configuration of HEAD, which no push can change yet."""
    revisions = wiring.revisions()
    found = revisions.pushed(pushed_of(sys.stdin.buffer.read(_PUSH_LIMIT) if sys.stdin else b"", wiring.environ))
    wiring.console.talk(f"looking at {found.commits} commit{'s' if found.commits != 1 else ''} that the push brings")
    return Selection(Scope.RANGE, revisions="auto", resolved=found), revisions.stand_in()


def _number(args: Args, name: str, *, least: int = 0) -> int:
    """Return a flag's number; raise UsageError for anything else."""
    text = args.text(name)
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) >= least):
        raise UsageError(f"--{name}: not a number: {text[:40]!r}", f"write digits alone, {least} or more")
    return int(text)


def _limits(args: Args) -> Limits:
    return Limits(
        depth=_number(args, "max-archive-depth"),
        members=_number(args, "max-archive-members", least=1),
        unpacked=_number(args, "max-archive-size", least=1),
        member=_number(args, "max-file-size", least=1),
        layers=_number(args, "max-decode-depth"),
    )


def _store(args: Args, wiring: Wiring) -> StoreSearch | None:
    """Open the search over the store, only where it is asked for: it costs the token and the database."""
    if not args.on("against-store"):
        return None
    from pipeline_guard.cli.doors import search_doors
    from pipeline_guard.flows.search import open_search

    return open_search(search_doors(wiring))


def _known(args: Args, wiring: Wiring, base: str, name: str, *, ranged: bool) -> tuple[bytes, str] | None:
    """Read a list of known findings; for a range it is that of the base, and so is, without a work tree, one that no flag names."""
    path, usual = args.text(name), False
    if path and not ranged and args.origins[name] != "configuration":
        base = ""
    if not path:
        # one that is about to be written anew need not be readable
        if name != "baseline" or args.text("write-baseline"):
            return None
        path, usual = BASELINE, True
    if base:
        content = wiring.git().show(base, path)
    else:
        (path,) = [posixpath.join(_top(wiring), path)] if usual else _rooted(args, wiring, name)
        optional = usual or args.origins[name] == "configuration"
        content = None if optional and wiring.files.kind(path) == "missing" else wiring.files.read(path, _BASELINE_LIMIT)
    if content is None and usual:
        return None
    if content is None:  # hides nothing, so it is no error
        wiring.console.talk(f"the baseline {path} is not there{f' as of {base}' if base else ''}: no finding counts as known")
        return None
    return content, path


def _rulepacks(args: Args, wiring: Wiring, base: str) -> Rulepacks:
    """Open the rules; those that the configuration names come, like it, from the base of a range."""
    if args.many("rules") and (not base or args.origins["rules"] != "configuration"):
        return wiring.rulepacks(_rooted(args, wiring, "rules"))
    if not base:
        return wiring.rulepacks(usual_rules(wiring))
    given: list[tuple[str, bytes]] = []
    for path in args.many("rules") or [RULES]:
        found = [(name, content) for name, content in wiring.revisions().files(base, path) if name.endswith((".yml", ".yaml", ".toml"))]
        if not found and args.many("rules"):
            raise UsageError(f"no rule packs in {path} as of {base}", "scan.rules of the configuration names it")
        given += [(f"./{name}", content) for name, content in found]
    return wiring.rulepacks((), given)


def usual_rules(wiring: Wiring) -> list[str]:
    """Return the folder of a repository's own rules, where it has one."""
    path = posixpath.join(_top(wiring), RULES)
    return [path] if wiring.files.kind(path) == "folder" else []


def _tell(report: ScanReport, wiring: Wiring) -> None:
    for note in report.notes[:_NOTES]:
        wiring.console.talk(note)
    if len(report.notes) > _NOTES:
        wiring.console.talk(f"{len(report.notes) - _NOTES} more remarks of this kind")


def _rooted(args: Args, wiring: Wiring, name: str) -> list[str]:
    """Return the paths of a flag; those from the configuration are relative to the repository's root."""
    paths = args.many(name)
    if args.origins[name] != "configuration":
        return paths
    return [posixpath.join(_top(wiring), path) for path in paths]


def _top(wiring: Wiring) -> str:
    """Return the top of the work tree; "" where there is none: then paths count from the current folder."""
    try:
        return wiring.git().top()
    except UsageError:
        return ""


def counts(finding: Finding, threshold: Severity) -> bool:
    """Tell whether a finding fails the scan."""
    return finding.status is FindingStatus.NEW and finding.severity.rank >= threshold.rank


def _exit_code(report: ScanReport, args: Args, *, written: bool) -> ExitCode:
    """``written`` says that all findings went into a baseline: then none of them fails."""
    threshold = Severity(args.text("threshold"))
    codes = []
    if any(counts(finding, threshold) for finding in report.findings) and not written:
        codes.append(ExitCode.NO)
    if report.unchecked and not args.on("allow-unchecked"):
        codes.append(ExitCode.INCOMPLETE)
    return weightiest(codes)
