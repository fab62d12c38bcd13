# SPDX-License-Identifier: Apache-2.0
"""``secrets``: put, rotate, index, list, show, revoke, delete. Values enter by standard input, file or prompt, and stay here."""

from __future__ import annotations

import getpass
import sys
from datetime import datetime, timedelta

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import secret_doors
from pipeline_guard.cli.keys import version_of
from pipeline_guard.cli.table import show, show_one
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.config import duration
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows import search, secret_life, secrets
from pipeline_guard.flows.secret_life import Terms, state_of, usable_until
from pipeline_guard.model.sealed import SealedSecret
from pipeline_guard.model.secret import Secret


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``secrets``."""
    actions = {"put": _put, "rotate": _put, "index": _index, "list": _list, "show": _show, "revoke": _revoke, "delete": _delete}
    actions[args.action](args, wiring)
    return ExitCode.CLEAN


def _put(args: Args, wiring: Wiring) -> None:
    name = args.text("name")
    terms = Terms(
        lifetime=duration(args.text("expires")) if args.text("expires") else None,
        labels=_labels(args),
        note=args.text("note"),
        overlap=_span(args.text("overlap")),
    )
    value, doors = _value(args, wiring), secret_doors(wiring)
    seal = secrets.put if args.action == "put" else secret_life.rotate
    row = seal(name, value, terms, doors=doors)
    if not search.index_value(row.name, row.version, value, doors=doors, index=wiring.state()):
        _say_unfit(row.name, wiring)
    until = f", expires {row.expires:%Y-%m-%d %H:%M} UTC" if row.expires else ""
    wiring.console.data(f"sealed {row.name} version {row.version} ({row.size} bytes){until}")


def _index(_args: Args, wiring: Wiring) -> None:
    made, unfit = search.index_all(doors=secret_doors(wiring), index=wiring.state())
    for one in unfit:
        _say_unfit(one, wiring)
    wiring.console.data(f"made {_counted(made, 'search row')}")


def _say_unfit(name: str, wiring: Wiring) -> None:
    wiring.console.talk(f"{name} is too short or too monotonous to be looked for with scan --against-store")


def _list(args: Args, wiring: Wiring) -> None:
    now, state = wiring.clock.now(), wiring.state()
    rows = secret_life.search(args.text("pattern"), _labels(args), state, state)
    asked = args.text("pattern") or args.many("label")
    show("secret-list", [_facts(row, now) for row in rows], args, wiring, none="no secret matches" if asked else "there are no secrets yet")


def _show(args: Args, wiring: Wiring) -> None:
    now, state = wiring.clock.now(), wiring.state()
    row = secrets.find(args.text("name"), state)
    facts: dict[str, object] = {**_facts(row, now), "note": row.note}
    versions = [_version(each, now) for each in state.secret_versions(row.name)]
    if args.text("format") == "json":
        show_one("secret", {**facts, "labels": dict(row.labels), "versions": versions}, args, wiring)
        return
    show_one("secret", facts, args, wiring)
    wiring.console.data("")
    show("version-list", versions, args, wiring, none="")


def _revoke(args: Args, wiring: Wiring) -> None:
    name = args.text("name")
    rows, leases = secret_life.revoke(name, version_of(args), args.text("why"), doors=secret_doors(wiring))
    wiring.console.data(f"revoked {name} ({_counted(len(rows), 'version')}, {_counted(len(leases), 'lease')} ended)")


def _delete(args: Args, wiring: Wiring) -> None:
    name = args.text("name")
    if args.on("due") == bool(name):
        raise UsageError("name one secret, or destroy all that are --due", "pipeline-guard secrets list shows the secrets")
    if args.on("now") + args.on("cancel") + args.on("due") > 1:
        raise UsageError("only one of --now, --cancel and --due can be meant")
    doors = secret_doors(wiring)
    if args.on("due"):
        for gone, count in secret_life.destroy_due(doors=doors):
            wiring.console.data(f"destroyed {gone} ({_counted(count, 'version')})")
    elif args.on("cancel"):
        wiring.console.data(f"took back the deletion of {name} ({_counted(secret_life.cancel(name, doors=doors), 'version')})")
    elif args.on("now"):
        wiring.console.data(f"destroyed {name} ({_counted(secrets.remove(name, doors=doors), 'version')})")
    else:
        due = secret_life.delete(name, _span(args.text("wait")), doors=doors)
        wiring.console.data(f"deleted {name}; destroyed from {due:%Y-%m-%d %H:%M} UTC on by: secrets delete --due")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _span(text: str) -> timedelta:
    return timedelta(0) if text in ("", "0", "0s", "0m", "0h", "0d") else duration(text)


def _labels(args: Args) -> tuple[tuple[str, str], ...]:
    labels = []
    for text in args.many("label"):
        label, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f"not a label: {text[:40]!r}", "write --label name=value")
        labels.append((label, value))
    return tuple(labels)


def _value(args: Args, wiring: Wiring) -> Secret:
    """Read the value; one final newline is the editor's or echo's, not the secret's."""
    if args.text("from-file"):
        content = wiring.files.read(args.text("from-file"), secrets.LIMIT + 2)
    elif sys.stdin is None:
        raise UsageError("standard input is closed", "give the value on standard input, or with --from-file")
    elif sys.stdin.isatty():
        try:
            content = getpass.getpass(f"value of {args.text('name')}: ").encode()
        except EOFError:
            content = b""
    else:
        content = sys.stdin.buffer.read(secrets.LIMIT + 2)
    if content.endswith(b"\n") and b"\n" not in content[:-1]:
        content = content[:-1].removesuffix(b"\r")
    return Secret(content)


def _facts(row: SealedSecret, now: datetime) -> dict[str, object]:
    return {**_version(row, now, name=row.name), "labels": " ".join(f"{label}={value}" for label, value in row.labels)}


def _version(row: SealedSecret, now: datetime, **named: object) -> dict[str, object]:
    until = usable_until(row) or row.destroys
    return {
        **named,
        "version": row.version,
        "state": state_of(row, now).value,
        "bytes": row.size,
        "created": row.created.isoformat(timespec="seconds"),
        "ends": until.isoformat(timespec="seconds") if until else "",
        "key": f"{row.wrapping_key.name}/{row.wrapping_key.version}" if row.wrapping_key.name else "",
    }
