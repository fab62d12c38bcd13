# SPDX-License-Identifier: Apache-2.0
"""``scan``: look for hardcoded keys."""

from __future__ import annotations

from dataclasses import replace

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.output import emit, targets
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.config import Config
from pipeline_guard.errors import ExitCode, NothingToDo, UsageError, weightiest
from pipeline_guard.flows.scan import ScanDoors, ScanRequest, known_findings, scan, split_range
from pipeline_guard.model.finding import Finding, FindingStatus, ScanReport, Severity
from pipeline_guard.model.limits import Limits
from pipeline_guard.model.selection import Scope, Selection

_BASELINE_LIMIT = 64 * 1024 * 1024


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Scan what the flags select; the exit code counts new findings at or over the threshold, and what went unchecked."""
    base = _base(args)
    config = wiring.config(base)
    args = args.with_section(config.scan)
    targets(args)  # a mistake there should not cost a scan
    doors = ScanDoors(
        source=wiring.source(_selection(args)),
        rulepacks=wiring.rulepacks(_rooted(args, wiring, "rules")),
        cache=wiring.cache,
        clock=wiring.clock,
        fingerprint=wiring.fingerprint(),
        progress=wiring.progress,
    )
    report = scan(_request(args, wiring, config, base), doors)
    if not getattr(doors.fingerprint, "lasting", True):
        wiring.console.talk(
            "the fingerprint key could not be kept: these fingerprints hold for this run only (set PIPELINE_GUARD_FINGERPRINT_KEY)"
        )
    if args.text("write-baseline"):
        wiring.files.write(args.text("write-baseline"), known_findings(report, doors.fingerprint))
    emit(report, args, wiring)
    return _exit_code(report, args)


def _selection(args: Args) -> Selection:
    chosen = [name for name in ("staged", "range", "history", "stdin") if args.values.get(name)]
    paths = tuple(args.many("paths"))
    if len(chosen) + bool(paths) > 1:
        words = [f"--{name}" for name in chosen] + ["paths"] * bool(paths)
        raise UsageError(f"{' and '.join(words)} exclude each other", "choose one of them")
    limit = _number(args, "max-file-size", least=1)
    scope = Scope(chosen[0]) if chosen else Scope.TREE
    return Selection(scope, paths, args.text("range"), tuple(args.many("exclude")), limit)


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


def _base(args: Args) -> str:
    """Return the revision whose configuration and baseline count: a change under review cannot bring its own."""
    if not args.text("range"):
        return ""
    base, _ = split_range(args.text("range"))
    if not base.strip("0"):
        raise NothingToDo(
            "the base of the range is all zeros: a new branch has none", "name the merge target, for example origin/main..HEAD"
        )
    return base


def _request(args: Args, wiring: Wiring, config: Config, base: str) -> ScanRequest:
    path = args.text("baseline")
    request = ScanRequest(foreign_markers=config.scan.foreign_markers, limits=_limits(args))
    if not path:
        return request
    if base:
        content = wiring.git().show(base, path)
    else:
        (path,) = _rooted(args, wiring, "baseline")
        configured = args.origins["baseline"] == "configuration"
        content = None if configured and wiring.files.kind(path) == "missing" else wiring.files.read(path, _BASELINE_LIMIT)
    if content is None:  # hides nothing, so it is no error
        wiring.console.talk(f"the baseline {path} is not there{f' as of {base}' if base else ''}: no finding counts as known")
        return request
    return replace(request, known=(content, path))


def _rooted(args: Args, wiring: Wiring, name: str) -> list[str]:
    """Return the paths of a flag; those from the configuration are relative to the repository's root."""
    paths = args.many(name)
    if args.origins[name] != "configuration":
        return paths
    try:
        root = wiring.git().root()
    except UsageError:  # no repository: the current folder is all there is
        return paths
    return [path if path.startswith("/") else f"{root}/{path}" for path in paths]


def counts(finding: Finding, threshold: Severity) -> bool:
    """Tell whether a finding fails the scan."""
    return finding.status is FindingStatus.NEW and finding.severity.rank >= threshold.rank


def _exit_code(report: ScanReport, args: Args) -> ExitCode:
    threshold = Severity(args.text("threshold"))
    codes = []
    if any(counts(finding, threshold) for finding in report.findings) and not args.text("write-baseline"):
        codes.append(ExitCode.NO)
    if report.unchecked and not args.on("allow-unchecked"):
        codes.append(ExitCode.INCOMPLETE)
    return weightiest(codes)
