# SPDX-License-Identifier: Apache-2.0
"""``scan``: look for hardcoded keys."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.output import emit, targets
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.config import Config
from pipeline_guard.errors import ExitCode, NothingToDo, UsageError, weightiest
from pipeline_guard.flows.scan import ScanDoors, ScanRequest, known_findings, scan, split_range
from pipeline_guard.model.finding import Finding, FindingStatus, ScanReport, Severity
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
        workers=wiring.workers,
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
    try:
        limit = int(args.text("max-file-size"))
    except ValueError:
        limit = 0
    if limit < 1:
        raise UsageError(f"--max-file-size: not a number of bytes: {args.text('max-file-size')[:40]!r}")
    scope = Scope(chosen[0]) if chosen else Scope.TREE
    return Selection(scope, paths, args.text("range"), tuple(args.many("exclude")), limit)


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
    if not path:
        return ScanRequest(foreign_markers=config.scan.foreign_markers)
    if base:
        content = wiring.git().show(base, path)
    else:
        (path,) = _rooted(args, wiring, "baseline")
        configured = args.origins["baseline"] == "configuration"
        content = None if configured and wiring.files.kind(path) == "missing" else wiring.files.read(path, _BASELINE_LIMIT)
    if content is None:  # hides nothing, so it is no error
        wiring.console.talk(f"the baseline {path} is not there{f' as of {base}' if base else ''}: no finding counts as known")
        return ScanRequest(foreign_markers=config.scan.foreign_markers)
    return ScanRequest((content, path), config.scan.foreign_markers)


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
