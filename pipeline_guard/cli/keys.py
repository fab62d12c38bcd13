# SPDX-License-Identifier: Apache-2.0
"""``keys``: create, list, show, rotate, rewrap, export-public."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import governed, key_doors, secret_doors
from pipeline_guard.cli.table import show, show_one
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.config import duration
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows import key_report, keys
from pipeline_guard.flows.key_states import need_some
from pipeline_guard.flows.keys import KeyDoors
from pipeline_guard.flows.rewrap import rewrap
from pipeline_guard.flows.search import STORE_KEY, renew
from pipeline_guard.flows.tidy import unfinished
from pipeline_guard.model.key import KeyRecord, KeyUsage
from pipeline_guard.model.secret import Secret

_LARGEST_PEM = 64 * 1024  # bytes


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``keys``."""
    actions = {
        "create": _create,
        "list": _list,
        "show": _show,
        "rotate": _rotate,
        "rewrap": _rewrap,
        "import": _import,
        "export-public": _export,
    }
    actions[args.action](args, wiring)
    return ExitCode.CLEAN


def _create(args: Args, wiring: Wiring) -> None:
    record = keys.create(args.text("name"), args.text("type"), args.text("usage"), _period(args, wiring), doors=_doors(args, wiring))
    kind = f"{record.ref.type.value}, {record.ref.usage.value}{', in software' if record.in_software else ''}"
    wiring.console.data(f"created {record.ref.name} version {record.ref.version} ({kind})")


def _import(args: Args, wiring: Wiring) -> None:
    path = args.text("from-file")
    if not path:
        raise UsageError("no key to import", "--from-file FILE names its PEM")
    pem = Secret(wiring.files.read(path, _LARGEST_PEM))
    record = keys.take_in(args.text("name"), pem, governed(wiring), doors=key_doors(wiring))
    wiring.console.data(f"imported {record.ref.name} version {record.ref.version} ({record.ref.type.value}, {record.ref.usage.value})")
    wiring.console.talk(f"{path} is still the key: destroy it now, and every copy of it")


def _list(args: Args, wiring: Wiring) -> None:
    now = wiring.clock.now()
    rows = [_facts(record, now) for record in keys.every(wiring.state(), now)]
    show("key-list", rows, args, wiring, none="there are no keys yet")
    say_unfinished(wiring)


def _show(args: Args, wiring: Wiring) -> None:
    now, state = wiring.clock.now(), wiring.state()
    record = keys.chosen(args.text("name"), version_of(args), state)
    facts = {**_facts(record, now), "id": record.ref.id, "token": record.token, "attested": False}
    if record.ref.usage is KeyUsage.WRAP:
        opens = state.dependents(record.ref.name, record.ref.version)
        facts |= {"secrets": opens.secrets, "sealed_files": opens.files}
    history = key_report.history(record.ref.name, state)
    if args.text("format") == "json":
        show_one("key", {**facts, "history": history}, args, wiring)
        return
    show_one("key", facts, args, wiring)
    wiring.console.data("")
    show("history-list", history, args, wiring, none="nothing is known of its past: it is older than the history")


def _rotate(args: Args, wiring: Wiring) -> None:
    name = args.text("name")
    if bool(name) == args.on("due"):
        raise UsageError("name one key, or rotate all that are --due")
    doors, period = _doors(args, wiring), _period(args, wiring)
    made = need_some(keys.rotate_due(period, doors=doors), "rotated") if args.on("due") else [keys.rotate(name, period, doors=doors)]
    for record in made:
        begins = f", begins {record.activates:%Y-%m-%d %H:%M} UTC" if record.activates and record.activates > wiring.clock.now() else ""
        wiring.console.data(f"rotated {record.ref.name} to version {record.ref.version}{begins}")
        if args.on("rewrap"):
            _move(record.ref.name, wiring)


def _doors(args: Args, wiring: Wiring) -> KeyDoors:
    return key_doors(wiring, software=args.on("insecure-software"))


def _rewrap(args: Args, wiring: Wiring) -> None:
    _move(args.text("name"), wiring)


def _move(name: str, wiring: Wiring) -> None:
    count = rewrap(name, wiring.state(), doors=secret_doors(wiring))
    if name == STORE_KEY:
        renew(doors=secret_doors(wiring), index=wiring.state())
    wiring.console.data(f"rewrapped {count} secret version{'s' if count != 1 else ''} under {name}")


def _export(args: Args, wiring: Wiring) -> None:
    name, state = args.text("name"), wiring.state()
    pem = keys.public_half(name, version_of(args), state)
    if args.text("timeline"):
        document = key_report.timeline(name, wiring.clock.now(), state)
        wiring.files.write(args.text("timeline"), (json.dumps(document, indent=2) + "\n").encode())
    if args.file("output"):
        wiring.files.write(args.file("output"), pem.encode("ascii"))
    else:
        wiring.console.data(pem)


def say_unfinished(wiring: Wiring) -> None:
    """Tell of keys whose making was interrupted."""
    left = len(unfinished(wiring.state(), wiring.clock))
    if left:
        wiring.console.talk(f"{left} key{'s were' if left > 1 else ' was'} begun and never written down: pipeline-guard token tidy")


def version_of(args: Args) -> int | None:
    """Return the version that was asked for, None for the newest."""
    text = args.text("version")
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        raise UsageError(f"not a version: {text[:40]!r}", "versions are numbers from 1")
    return int(text)


def _period(args: Args, wiring: Wiring) -> keys.Period:
    section = wiring.config("").keys
    begins = duration(args.text("activate-in")) if args.text("activate-in") else timedelta(0)
    return keys.Period(duration(args.text("expires") or section.period), duration(section.grace), begins)


def _facts(record: KeyRecord, now: datetime) -> dict[str, object]:
    return {
        "name": record.ref.name,
        "version": record.ref.version,
        "type": record.ref.type.value,
        "usage": record.ref.usage.value,
        "state": key_report.state_word(record),
        "created": record.created.isoformat(timespec="seconds"),
        "age": key_report.age(record, now),
        "next": key_report.next_word(record, now),
    }
