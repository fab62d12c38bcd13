# SPDX-License-Identifier: Apache-2.0
"""What may be wrong with a set-up, one line each. It looks, makes nothing, and tells no value of any variable."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pipeline_guard.errors import GuardError, NothingToDo, UsageError
from pipeline_guard.flows.audit import Log, verify
from pipeline_guard.flows.key_report import due_keys
from pipeline_guard.flows.tidy import unfinished
from pipeline_guard.model.boundary import Grade
from pipeline_guard.model.diagnosis import Clone, Diagnosis, Health
from pipeline_guard.ports import AuditLog, BoundaryBook, Checkpoints, Clock, Examined, KeyIntents, KeyRegister, Machine

Provider = Callable[[], Iterable[Diagnosis]]

_ROOM = 256 * 1024 * 1024  # bytes: a store, its log and the engine's cache need far less
_RELEASED = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before this is wrong
_SET = "set the clock (timedatectl set-ntp true)"
_APART = 30.0  # seconds between two clocks, as far as a proof of possession may be off
_LEEWAY = timedelta(minutes=5)
_OTHERS = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


class Book(KeyRegister, KeyIntents, BoundaryBook, AuditLog, Checkpoints, Protocol):
    """What a store tells."""


@dataclass(frozen=True, slots=True)
class StoreDoors:
    """An open store, the public halves of its audit key, and what the token remembers of its log."""

    book: Book
    keys: Collection[str]
    anchor: tuple[int, str] | None


def examine(providers: Mapping[str, Provider]) -> tuple[Diagnosis, ...]:
    """Ask every provider; one that fails is a line too: with its hint a fix, without one nobody can tell."""
    lines: list[Diagnosis] = []
    for area, provider in providers.items():
        try:
            lines += provider()
        except GuardError as error:
            failed = Diagnosis(area, Health.FIX if error.hint else Health.UNKNOWN, error.what, error.hint)
            if failed.what not in {line.what for line in lines}:  # a configuration that cannot be read stops several
                lines.append(failed)
    return tuple(lines)


def ok(area: str, what: str) -> Diagnosis:
    """Return a line that is in order."""
    return Diagnosis(area, Health.OK, what)


def package(machine: Machine, version: str) -> Iterator[Diagnosis]:
    """Tell what is installed, and what the missing extras would be for."""
    yield ok("package", f"pipeline-guard {version}")
    engine = machine.package("hyperscan")
    if engine:
        yield ok("engine", f"hyperscan {engine}")
    else:
        yield Diagnosis("engine", Health.FIX, "hyperscan is not installed: scan cannot run", "pip install hyperscan")
    missing = [name for name in ("python-pkcs11", "SQLAlchemy") if not machine.package(name)]
    if missing:
        yield ok(
            "token", f"no {' or '.join(missing)}: scan, gate and verify with a PEM file do without; else: pip install 'pipeline-guard[hsm]'"
        )


def home(machine: Machine, path: str) -> Iterator[Diagnosis]:
    """Judge the folder of the embedded token and store."""
    facts = machine.folder(path)
    if not facts.there and not facts.writable:
        yield Diagnosis(
            "home", Health.FIX, f"{path} cannot be made: its parent is not yours to write", "set PIPELINE_GUARD_HOME to a folder you own"
        )
    elif not facts.there:
        yield ok("home", f"{path} is made at first need")
    elif not facts.ours:
        yield Diagnosis("home", Health.FIX, f"{path} belongs to another user", "set PIPELINE_GUARD_HOME to a folder you own")
    elif facts.mode & 0o077:
        yield Diagnosis("home", Health.FIX, f"others may look into {path} (mode {facts.mode:o})", f"chmod 700 {path}")
    else:
        yield ok("home", f"{path} is yours alone")
    free = f"{facts.free / 1024**3:.1f} GiB free"
    if facts.free < _ROOM:
        yield Diagnosis(
            "disk", Health.FIX, f"{free} where {path} is: a full disk stops the audit log, and with it every secret", "make room"
        )
    else:
        yield ok("disk", free)


def cache(machine: Machine, path: str) -> Iterator[Diagnosis]:
    """Judge the folder of the scan's compiled rules; one that others can write is not trusted, so that each scan compiles anew."""
    facts = machine.folder(path)
    if not facts.there:
        yield ok("cache", "the first scan compiles its rules, once")
    elif not facts.ours or facts.mode & 0o022:
        yield Diagnosis(
            "cache", Health.FIX, f"{path} can be written by others: it is passed over, and every scan is slow", f"chmod 700 {path}"
        )
    else:
        yield ok("cache", "compiled rules are kept")


def repository(clone: Clone) -> Iterator[Diagnosis]:
    """Judge the clone."""
    if clone.shallow:
        what = "the clone is shallow: history and merge target may be missing"
        yield Diagnosis("git", Health.FIX, what, "fetch-depth: 0 (GitHub), GIT_DEPTH: 0 (GitLab), or git fetch --unshallow")
    else:
        where = f"remote on {clone.host}" if clone.host else "no remote"
        yield ok("git", f"whole history, {where}, default branch {clone.branch}")


def broker(ahead: float) -> Iterator[Diagnosis]:
    """Tell of a broker that is ready, whose clock is ``ahead`` of ours by so many seconds."""
    if abs(ahead) <= _APART:
        yield ok("broker", "it is ready, and its clock agrees with ours")
    else:
        what = f"it is ready, but its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours: it refuses identities"
        yield Diagnosis("broker", Health.FIX, what, "set the clocks (timedatectl set-ntp true)")


def clock(now: datetime, last: datetime | None) -> Iterator[Diagnosis]:
    """Judge the clock by what it cannot be: before this release, or before what the log has seen."""
    if now < _RELEASED:
        yield Diagnosis(
            "clock",
            Health.FIX,
            f"it says {now:%Y-%m-%d %H:%M} UTC, before this program was made",
            "set the clock (timedatectl set-ntp true)",
        )
    elif last is not None and last > now + _LEEWAY:
        what = f"it is {last - now} behind the last record of the audit log"
        yield Diagnosis("clock", Health.FIX, what.split(".", maxsplit=1)[0], "set the clock (timedatectl set-ntp true)")
    else:
        yield ok(
            "clock",
            f"{now:%Y-%m-%d %H:%M} UTC" + (", not behind the audit log" if last else ", with nothing here to compare it with"),
        )


def token(opened: Examined, book: BoundaryBook | None) -> Iterator[Diagnosis]:
    """Tell which token it is and how it was judged. Raises what the token raises."""
    facts = opened.token_facts()
    yield ok("token", f"{facts.label}, serial {facts.serial}, {facts.library}")
    judged = book.boundary(facts.serial) if book else None
    if judged is None:
        yield Diagnosis(
            "boundary", Health.UNKNOWN, "nobody has tried yet whether keys can be got out of this token", "pipeline-guard token check"
        )
    elif judged.grade is Grade.REJECT:
        yield Diagnosis("boundary", Health.FIX, "keys can be got out of this token", "pipeline-guard token check, then use another token")
    else:
        yield ok("boundary", f"examined: {judged.grade.value}")


def store(doors: StoreDoors, clock_: Clock) -> Iterator[Diagnosis]:
    """Verify the log and tell what is due. Raises IntegrityError for a bent log."""
    log: Log = doors.book
    try:
        facts = verify(log, doors.keys, doors.anchor)
        yield ok("audit log", f"{facts.records:,} record{'' if facts.records == 1 else 's'}, verified, vouched for up to {facts.vouched:,}")
    except NothingToDo:
        yield ok("audit log", "empty")
    due = due_keys(doors.book, clock_.now())
    for each in due:
        if each.overdue:
            yield Diagnosis("keys", Health.FIX, f"{each.key} is overdue: {each.next}", "pipeline-guard keys list, keys rotate --due")
    held = len(doors.book.all_keys())
    yield ok("keys", f"{held} version{'' if held == 1 else 's'}, {len(due)} due within 30 days")
    left = len(unfinished(doors.book, clock_))
    if left:
        yield Diagnosis("keys", Health.FIX, f"{left} begun and never written down", "pipeline-guard token tidy")


def variables(environ: Mapping[str, str], known: Collection[str]) -> Iterator[Diagnosis]:
    """Tell which of our variables are set, by name only, and which of them nobody reads."""
    ours = sorted(name for name in environ if name.startswith("PIPELINE_GUARD_"))
    for name in ours:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=1)
            what = f"{name[:80]} is set, and nothing reads it"
            yield Diagnosis("environment", Health.FIX, what, f"did you mean {near[0]}?" if near else "unset it")
    read = [name for name in ours if name in known]
    yield ok("environment", f"set: {', '.join(read)}" if read else "no variable of ours is set")


def forge(environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Tell which forge's job this is, and whether it can prove who it is."""
    if environ.get("GITHUB_ACTIONS") == "true":
        yield ok("forge", f"GitHub Actions, event {environ.get('GITHUB_EVENT_NAME', 'unknown')[:40]}")
        if all(environ.get(name) for name in _OTHERS):
            yield ok("identity", "this job may ask for its identity token")
        else:
            what = "this job cannot prove who it is (fine for scan and gate; a fork's pull request never can)"
            yield Diagnosis("identity", Health.UNKNOWN, what, "permissions: id-token: write, where it needs secrets")
    elif environ.get("GITLAB_CI") == "true":
        yield ok("forge", f"GitLab CI, {environ.get('CI_PIPELINE_SOURCE', 'unknown')[:40]} pipeline")
        if environ.get("PIPELINE_GUARD_ID_TOKEN"):
            yield ok("identity", "this job has its identity token")
        else:
            what = "this job cannot prove who it is (fine for scan and gate)"
            yield Diagnosis("identity", Health.UNKNOWN, what, "id_tokens: PIPELINE_GUARD_ID_TOKEN, where it needs secrets")
    else:
        yield ok("forge", "no forge's job: a person's machine")


def last_record(book: AuditLog | None) -> datetime | None:
    """Return the time of the log's last record, None where there is none, or it cannot be read."""
    import json

    line = None
    for line in book.records() if book else ():  # noqa: B007 - the last one counts
        pass
    if line is None:
        return None
    try:
        return datetime.fromisoformat(json.loads(line)["time"])
    except (ValueError, KeyError, TypeError):
        raise UsageError("the audit log's last record cannot be read", "pipeline-guard audit verify") from None
