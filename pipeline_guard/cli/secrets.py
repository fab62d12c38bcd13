# SPDX-License-Identifier: Apache-2.0
"""``secrets``: put, index, list, show, delete. Values enter by standard input, file or prompt, and never leave here."""

from __future__ import annotations

import getpass
import sys

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import secret_doors
from pipeline_guard.cli.table import show, show_one
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows import search, secrets
from pipeline_guard.model.sealed import SealedSecret
from pipeline_guard.model.secret import Secret


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``secrets``."""
    name = args.text("name")
    if args.action == "put":
        value, doors = _value(args, wiring), secret_doors(wiring)
        row = secrets.put(name, value, doors=doors)
        if not search.index_value(row.name, row.version, value, doors=doors, index=wiring.state()):
            wiring.console.talk(f"{row.name} is too short or too monotonous to be looked for with scan --against-store")
        wiring.console.data(f"sealed {row.name} version {row.version} ({row.size} bytes)")
    elif args.action == "index":
        made, unfit = search.index_all(doors=secret_doors(wiring), index=wiring.state())
        for one in unfit:
            wiring.console.talk(f"{one} is too short or too monotonous to be looked for with scan --against-store")
        wiring.console.data(f"made {made} search row{'s' if made != 1 else ''}")
    elif args.action == "list":
        show("secret-list", [_facts(row) for row in wiring.state().list()], args, wiring, none="there are no secrets yet")
    elif args.action == "show":
        show_one("secret", _facts(secrets.find(name, wiring.state())), args, wiring)
    else:
        count = secrets.remove(name, doors=secret_doors(wiring))
        wiring.console.data(f"deleted {name} ({count} version{'s' if count != 1 else ''})")
    return ExitCode.CLEAN


def _value(args: Args, wiring: Wiring) -> Secret:
    """Read the value; one final newline is the editor's or echo's, not the secret's."""
    if args.text("from-file"):
        content = wiring.files.read(args.text("from-file"), secrets.LIMIT + 2)
    elif sys.stdin is None:
        raise UsageError("standard input is closed", "give the value on standard input, or with --from-file")
    elif sys.stdin.isatty():
        content = getpass.getpass(f"value of {args.text('name')}: ").encode()
    else:
        content = sys.stdin.buffer.read(secrets.LIMIT + 2)
    if content.endswith(b"\n") and b"\n" not in content[:-1]:
        content = content[:-1].removesuffix(b"\r")
    return Secret(content)


def _facts(row: SealedSecret) -> dict[str, object]:
    return {
        "name": row.name,
        "version": row.version,
        "bytes": row.size,
        "created": row.created.isoformat(timespec="seconds"),
        "key": f"{row.wrapping_key.name}/{row.wrapping_key.version}",
    }
