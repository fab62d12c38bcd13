# SPDX-License-Identifier: Apache-2.0
"""``audit``: verify, list, export."""

from __future__ import annotations

import json

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.table import show
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode
from pipeline_guard.flows import audit

_LIMIT = 1024 * 1024 * 1024
_COLUMNS = ("seq", "time", "actor", "action", "object", "outcome", "why")


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``audit``."""
    if args.action == "verify":
        path = args.text("file")
        count, last = audit.verify_export(wiring.files.read(path, _LIMIT)) if path else audit.verify(wiring.state())
        wiring.console.data(f"ok   {count} record{'s' if count != 1 else ''}, last hash {last}")
    elif args.action == "list":
        rows = [json.loads(line) for line in wiring.state().records()]
        if args.text("format") == "text":
            rows = [{name: row[name] for name in _COLUMNS} for row in rows]
        show("audit-record-list", rows, args, wiring, none="the audit log is empty")
    else:
        content = audit.export(wiring.state())
        if args.text("output"):
            wiring.files.write(args.text("output"), content)
        else:
            wiring.console.data(content.decode("utf-8"))
    return ExitCode.CLEAN
