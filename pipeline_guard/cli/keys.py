# SPDX-License-Identifier: Apache-2.0
"""``keys``: create, list, show, export-public."""

from __future__ import annotations

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import key_doors
from pipeline_guard.cli.table import show, show_one
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode
from pipeline_guard.flows import keys
from pipeline_guard.model.key import KeyRecord


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``keys``."""
    name = args.text("name")
    if args.action == "create":
        record = keys.create(name, args.text("type"), args.text("usage"), doors=key_doors(wiring))
        wiring.console.data(f"created {record.ref.name} version {record.ref.version} ({record.ref.type.value}, {record.ref.usage.value})")
    elif args.action == "list":
        show("key-list", [_facts(record) for record in keys.every(wiring.state())], args, wiring, none="there are no keys yet")
    elif args.action == "show":
        record = keys.find(name, wiring.state())
        show_one("key", {**_facts(record), "id": record.ref.id, "token": record.token, "attested": False}, args, wiring)
    else:
        pem = keys.public_half(name, wiring.state())
        if args.text("output"):
            wiring.files.write(args.text("output"), pem.encode("ascii"))
        else:
            wiring.console.data(pem)
    return ExitCode.CLEAN


def _facts(record: KeyRecord) -> dict[str, object]:
    return {
        "name": record.ref.name,
        "version": record.ref.version,
        "type": record.ref.type.value,
        "usage": record.ref.usage.value,
        "state": record.state.value,
        "created": record.created.isoformat(timespec="seconds"),
    }
