# SPDX-License-Identifier: Apache-2.0
"""``audit``: verify, list, export, report, checkpoint."""

from __future__ import annotations

import json
from collections.abc import Collection

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import checkpoint_doors
from pipeline_guard.cli.table import show
from pipeline_guard.cli.wiring import State, Wiring
from pipeline_guard.errors import ExitCode, GuardError
from pipeline_guard.flows import audit
from pipeline_guard.flows.checkpoint import checkpoint, public_keys
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.report import as_audit, as_cef, as_otlp, as_prometheus

_LIMIT = 1024 * 1024 * 1024
_PEM_LIMIT = 64 * 1024
_COLUMNS = ("seq", "time", "actor", "action", "object", "outcome", "why")


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Run one action of ``audit``."""
    if args.action == "verify":
        return _verify(args, wiring)
    actions = {"list": _list, "export": _export, "report": _report, "checkpoint": _checkpoint}
    actions[args.action](args, wiring)
    return ExitCode.CLEAN


def _verify(args: Args, wiring: Wiring) -> ExitCode:
    """Verify the log or an export; INCOMPLETE where the token, which alone knows of a cut with the checkpoints, does not answer."""
    path, asked = args.text("file"), True
    if path:
        facts = audit.verify_export(wiring.files.read(path, _LIMIT), _keys(args, wiring))
    else:
        anchor, asked = _asked(wiring, wiring.state())
        facts = audit.verify(wiring.state(), _keys(args, wiring), anchor)
    vouched = f", {facts.checkpoints} checkpoint{'s' if facts.checkpoints != 1 else ''}" if facts.checkpoints else ""
    word = "ok  " if asked else "open"
    wiring.console.data(f"{word} {facts.records} record{'s' if facts.records != 1 else ''}{vouched}, last hash {facts.last}")
    if facts.records > facts.vouched:
        wiring.console.talk(
            f"nothing signed vouches for what follows record {facts.vouched}: a cut there would not show (pipeline-guard audit checkpoint)"
        )
    return ExitCode.CLEAN if asked else ExitCode.INCOMPLETE


def _list(args: Args, wiring: Wiring) -> None:
    rows = [json.loads(line) for line in wiring.state().records()]
    if args.text("format") == "text":
        rows = [{name: row[name] for name in _COLUMNS} for row in rows]
    show("audit-record-list", rows, args, wiring, none="the audit log is empty")


def _export(args: Args, wiring: Wiring) -> None:
    state, doors = wiring.state(), checkpoint_doors(wiring)
    audit.verify(state, public_keys(state), anchor_of(wiring, state))  # a bent log is not exported, nor written to
    state.write(AuditEvent(wiring.clock.now(), wiring.actor, "audit.export", "audit log", "granted", args.text("format")))
    end = checkpoint("end", doors=doors)
    records, checkpoints = audit.export(state, public_keys(state), anchor_of(wiring, state), end)
    if args.text("format") == "jsonl":
        content = as_audit.lines(records, checkpoints)
    else:
        content = as_cef.render(records) if args.text("format") == "cef" else as_otlp.render(records)
    if args.file("output"):
        wiring.files.write(args.file("output"), content.encode("utf-8"))
    else:
        wiring.console.data(content.rstrip("\n"))


def _report(args: Args, wiring: Wiring) -> None:
    state = wiring.state()
    records = audit.verified_records(state, public_keys(state), anchor_of(wiring, state))
    summary = audit.report(records, state, wiring.clock.now())
    renderers = {"text": as_audit.text, "json": as_audit.document, "markdown": as_audit.markdown, "prometheus": as_prometheus.render}
    wiring.console.data(renderers[args.text("format")](summary))


def _checkpoint(_args: Args, wiring: Wiring) -> None:
    made = checkpoint(doors=checkpoint_doors(wiring))
    wiring.console.data(f"signed record {made.seq}, hash {made.hash}, with key {made.key}")


def _keys(args: Args, wiring: Wiring) -> Collection[str]:
    """Return the checkpoints' keys: those named, else those of the store."""
    named = [wiring.files.read(path, _PEM_LIMIT).decode("utf-8", "replace") for path in args.many("key")]
    return named or public_keys(wiring.state())


def anchor_of(wiring: Wiring, state: State) -> tuple[int, str] | None:
    """Return what the token remembers of the log; a token that cannot be reached is said, not passed over in silence."""
    return _asked(wiring, state)[0]


def _asked(wiring: Wiring, state: State) -> tuple[tuple[int, str] | None, bool]:
    """Return what the token remembers, and whether it could be asked."""
    try:
        return wiring.token("").anchored(state.head().store), True
    except GuardError as error:
        wiring.console.talk(f"the token was not asked how long the log was: {error.what}")
        return None, False
