# SPDX-License-Identifier: Apache-2.0
"""``dry-run``: this repository's pipelines, rehearsed with the exit code that they would give."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.dry_run_view import as_document, as_text
from pipeline_guard.cli.rehearsing import Player, scrubbed
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, GuardError, NothingToDo, UsageError
from pipeline_guard.flows.rehearse import Rehearsal, RehearseDoors, rehearse
from pipeline_guard.model.situation import Situation

_LIMIT = 4 * 1024 * 1024
_LOOK = 0.5  # seconds between two looks of --watch
_MAX_LOOKS = 1_000_000


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Rehearse once, or with --watch again after every change until it is interrupted."""
    if not args.on("watch"):
        try:
            return _once(args, wiring)
        except NothingToDo as error:
            if not args.on("allow-nothing"):
                raise
            wiring.console.talk(f"{error.what}: nothing was rehearsed")
            return ExitCode.CLEAN
    code, seen = ExitCode.CLEAN, None
    for _ in range(_MAX_LOOKS):
        now = _fingerprint(wiring)
        if now != seen:
            seen = now
            try:
                code = _once(args, wiring)
            except GuardError as error:  # a file half written is no reason to stop watching
                code = ExitCode(error.exit_code)
                wiring.console.talk(f"error: {error.what}")
            wiring.console.talk("watching; interrupt to end")
        time.sleep(_LOOK)
    return code


def _once(args: Args, wiring: Wiring) -> ExitCode:
    situation = _situation(args, wiring)
    root = Path(wiring.git().root())
    workflows = _workflows(root, wiring)
    file = ".gitlab-ci.yml"
    gitlab_file = _read(root / file, file, wiring) if wiring.files.kind(str(root / file)) == "file" else None
    quiet = _without_pipeline(wiring)
    with Player(quiet, situation, str(root)) as player:
        doors = RehearseDoors(
            shells=player.rehearsal.shells,
            stage=player.rehearsal.stage,
            performer=player,
            read=_reader(root, wiring),
            changed=_changed(situation, wiring),
            matching=lambda pattern: [path.removeprefix(f"{root}/") for path in wiring.files.matching(f"{root}/{pattern.lstrip('/')}")],
            root=str(root),
            assumed=_assumed(args),
        )
        found = rehearse(workflows, gitlab_file, situation, args.text("job"), doors)
        if not situation.base:
            found.assumed.append("the merge target: nothing here names it, so the commit before took its place (--base names another)")
        if not found.steps and not found.unclear:
            raise NothingToDo("no pipeline-guard step in this repository's workflows" + _why(found.skipped), _hint(found, args.text("job")))
        written = sorted(player.rehearsal.files.written)
        relative = [path.removeprefix(f"{root}/") for path in written]
        if args.text("format") == "json":
            wiring.console.data(as_document(found, situation, player.verbs, relative))
        else:
            wiring.console.data(as_text(found, situation, player.verbs, relative))
    return found.code


def _assumed(args: Args) -> dict[str, str]:
    """Read what a person says of the forge. Raises UsageError."""
    found = {}
    for each in args.many("assume"):
        name, equals, value = each.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*", name):
            raise UsageError(
                f"--assume {each[:60]}: not NAME=VALUE", "write --assume vars.NAME=VALUE, or NAME=VALUE for a variable of GitLab"
            )
        if name.startswith("secrets."):
            raise UsageError(
                f"--assume {name}: a secret is no value for a command line", "settings hold references to secrets, see the README"
            )
        found[name] = value
    return found


def _hint(found: Rehearsal, job: str) -> str:
    if found.skipped:
        return "choose another situation with --event, or another --job" if job else "choose another situation with --event"
    if job:
        return f"is the job called {job[:60]}? leave --job out to see all"
    if found.unseen:
        return "what is not here was not seen: " + "; ".join(found.unseen[:3])
    return "pipeline-guard init writes them"


def _why(skipped: Sequence[str]) -> str:
    return f" runs here: {'; '.join(skipped[:3])}" if skipped else ""


def _without_pipeline(wiring: Wiring) -> Wiring:
    from dataclasses import replace

    return replace(wiring, environ=scrubbed(wiring.environ))


def _situation(args: Args, wiring: Wiring) -> Situation:
    """Read from git what the pipeline would run for."""
    try:
        wiring.git().root()
    except UsageError as error:
        raise UsageError(error.what, "run it inside a clone: a dry-run reads the repository's own workflows") from None
    try:
        head = wiring.head()
    except UsageError:
        raise NothingToDo("the repository has no commit yet", "commit something first") from None
    base = args.text("base") or head.base or _likely_base(head.sha, wiring)
    commit = wiring.commit(base) if base else _before(head.sha, wiring)
    return Situation(
        args.text("event"),
        head.sha,
        head.ref,
        base,
        head.repository or "acme/app",
        commit,
        _branch(base),
        head.message,
        is_named=not head.repository.startswith("local/"),
    )


def _before(sha: str, wiring: Wiring) -> str:
    """Return the commit before, which stands for the merge target where nothing names one; the commit itself where it is the first."""
    try:
        return wiring.commit(f"{sha}~1")
    except UsageError:
        return sha


def _likely_base(sha: str, wiring: Wiring) -> str:
    """Return the local branch that a change would be merged into, where no remote tells; "" where there is none."""
    for name in ("main", "master"):
        try:
            if wiring.commit(f"refs/heads/{name}") != sha:
                return name
        except UsageError:
            continue
    return ""


def _branch(base: str) -> str:
    """Return the branch that a revision names, main where it names none."""
    name = base.removeprefix("refs/remotes/").removeprefix("refs/heads/").removeprefix("origin/")
    plain = name and not any(letter in name for letter in "~^@: ") and not all(letter in "0123456789abcdef" for letter in name)
    return name if plain else "main"


def _changed(situation: Situation, wiring: Wiring) -> Callable[[], Sequence[str] | None]:
    @cache
    def changed() -> Sequence[str] | None:
        return list(wiring.git().changed(situation.base)) if situation.base else None

    return changed


def _workflows(root: Path, wiring: Wiring) -> Mapping[str, bytes]:
    folder = root / ".github" / "workflows"
    names = sorted(path.name for path in folder.iterdir() if path.suffix in (".yml", ".yaml")) if folder.is_dir() else []
    return {f".github/workflows/{name}": _read(folder / name, f".github/workflows/{name}", wiring) for name in names}


def _reader(root: Path, wiring: Wiring) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        if path.startswith("/") or ".." in path.split("/") or wiring.files.kind(str(root / path)) != "file":
            return None
        return _read(root / path, path, wiring)

    return read


def _read(path: Path, name: str, wiring: Wiring) -> bytes:
    if wiring.files.kind(str(path)) != "file":
        raise UsageError(f"{name}: not a regular file")
    return wiring.files.read(str(path), _LIMIT)


def _fingerprint(wiring: Wiring) -> object:
    """Return what changes when a file that a rehearsal looks at does: names, sizes and times below the root."""
    root = Path(wiring.git().root())
    found = []
    for path in sorted(root.rglob("*")):
        if path.parts[len(root.parts)] in (".venv", "node_modules") or (path.is_dir() and path.name == ".git"):
            continue
        if ".git" in path.parts and path.name not in ("HEAD", "index"):
            continue
        try:
            status = path.lstat()
        except OSError:
            continue
        found.append((str(path), status.st_size, status.st_mtime_ns))
    return found
