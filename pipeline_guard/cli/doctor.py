# SPDX-License-Identifier: Apache-2.0
"""``doctor``: what is wrong with this set-up, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pipeline_guard import __version__
from pipeline_guard.cli import doctor_forge
from pipeline_guard.cli.args import Args
from pipeline_guard.cli.audit import anchor_of
from pipeline_guard.cli.commands import COMMANDS, COMMON, Command
from pipeline_guard.cli.look import look_of
from pipeline_guard.cli.wiring import State, Wiring
from pipeline_guard.errors import ExitCode, GuardError, UsageError
from pipeline_guard.flows import doctor
from pipeline_guard.flows.checkpoint import public_keys
from pipeline_guard.flows.doctor import Provider, StoreDoors
from pipeline_guard.model.diagnosis import Diagnosis, Health
from pipeline_guard.report import as_diagnosis

# variables that are no flag's
_VARIABLES = ("FINGERPRINT_KEY", "ID_TOKEN", "MODULE", "PIN_LAST_TRY", "STORE_URL", "STORE_CA", "RESULTS")


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Ask everything, say it, and tell the worst by exit code: 1 something to fix, 6 something nobody can tell."""
    if args.text("forge"):
        return doctor_forge.run(args, wiring)
    lines = doctor.examine(providers(args, wiring))
    settings = _settings(wiring)
    if args.text("format") == "json":
        wiring.console.data(as_diagnosis.document(lines, settings))
    else:
        wiring.console.data(as_diagnosis.text(lines, settings, look_of(args, wiring)))
    healths = {line.health for line in lines}
    return ExitCode.NO if Health.FIX in healths else ExitCode.INCOMPLETE if Health.UNKNOWN in healths else ExitCode.CLEAN


def providers(_args: Args, wiring: Wiring) -> dict[str, Provider]:
    """Return who tells of what, in the order of the report. A provider gives lines; what it raises becomes one."""
    machine = wiring.machine
    return {
        "package": partial(doctor.package, machine, __version__),
        "configuration": partial(_configuration, wiring),
        "environment": partial(doctor.variables, wiring.environ, known_variables()),
        "git": lambda: doctor.repository(wiring.clone()),
        "home": partial(doctor.home, machine, wiring.home),
        "cache": partial(doctor.cache, machine, str(Path(wiring.home) / "cache")),
        "token": partial(_token, wiring),
        "store": partial(_store, wiring),
        "clock": lambda: doctor.clock(wiring.clock.now(), doctor.last_record(_own_store(wiring))),
        "broker": partial(_broker, wiring),
        "forge": partial(doctor.forge, wiring.environ),
    }


def known_variables() -> frozenset[str]:
    """Return every variable of ours that something reads."""

    def of(commands: Iterable[Command]) -> Iterator[str]:
        for command in commands:
            yield from (flag.variable for flag in command.flags)
            if command.positional:
                yield command.positional.variable
            yield from of(command.actions)

    return frozenset((*of(COMMANDS), *(flag.variable for flag in COMMON), *(f"PIPELINE_GUARD_{name}" for name in _VARIABLES)))


def _configuration(wiring: Wiring) -> Iterator[Diagnosis]:
    wiring.config("")  # raises UsageError with file and line
    set_here = sum(value.endswith("(configuration)") for value in _settings(wiring).values())
    yield doctor.ok("configuration", f"{set_here} setting{'' if set_here == 1 else 's'} of its own; the rest are defaults")


def _token(wiring: Wiring) -> Iterable[Diagnosis]:
    section = wiring.config("").token
    if not wiring.machine.package("python-pkcs11") and not section.uri:
        return []
    if section.pin.startswith(("prompt", "fd:")):
        return [Diagnosis("token", Health.UNKNOWN, "its PIN is asked for, so it was not opened", "pipeline-guard token info")]
    if not section.uri and not section.module and wiring.files.kind(str(Path(wiring.home) / "token.made")) == "missing":
        return [doctor.ok("token", "the embedded one is made at first need")]
    return doctor.token(wiring.token(""), _own_store(wiring))


def _behind_broker(wiring: Wiring) -> bool:
    return (wiring.environ.get("PIPELINE_GUARD_STORE_URL") or wiring.config("").store.url).startswith("https://")


def _own_store(wiring: Wiring) -> State | None:
    """Return the store that this machine opens itself, None where there is none yet, or a broker stands before it."""
    return wiring.state() if wiring.stored() and not _behind_broker(wiring) else None


def _store(wiring: Wiring) -> Iterable[Diagnosis]:
    if _behind_broker(wiring):
        return [doctor.ok("store", "it is the broker's")]
    if not wiring.stored():
        return [doctor.ok("store", "it is made at first need")]
    state = wiring.state()
    return doctor.store(StoreDoors(state, public_keys(state), anchor_of(wiring, state)), wiring.clock)


def _broker(wiring: Wiring) -> Iterable[Diagnosis]:
    broker = wiring.broker("doctor")
    if broker is not None:
        return doctor.broker(broker.ready())
    return [doctor.ok("broker", "none is configured: keys and secrets are this machine's")]


def _settings(wiring: Wiring) -> dict[str, str]:
    """Return every setting with its origin. The configuration holds references, never secrets; an address may hold a password."""
    import msgspec

    from pipeline_guard.config import Config

    try:
        configured: Any = msgspec.to_builtins(wiring.config(""))
    except (GuardError, UsageError):
        return {}
    found: dict[str, str] = {}
    defaults = _flat(msgspec.to_builtins(Config()))
    for name, value in _flat(configured).items():
        shown = "(hidden)" if name == "store.url" and value else str(value)
        found[name] = f"{shown} ({'default' if defaults.get(name) == value else 'configuration'})"
    return found


def _flat(section: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in section.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) and value else {f"{prefix}{name}": value}
    return flat
