# SPDX-License-Identifier: Apache-2.0
"""``advisories``: databases of known weaknesses, made, brought up to date and described."""

from __future__ import annotations

import json
from functools import partial

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import governed
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.advisories import AdvisoryDoors, build, info, manifest_document, update
from pipeline_guard.flows.sign import SignDoors
from pipeline_guard.flows.verify import VerifyDoors
from pipeline_guard.model.advisory import SnapshotFacts


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Do one of the actions and say what the database holds."""
    path = args.text("database")
    if not path:
        raise UsageError("no database named", f"pipeline-guard advisories {args.action} FILE")
    if args.action == "info":
        facts = info(path, doors=VerifyDoors(wiring.files, wiring.tree, wiring.clock))
        wiring.console.data(json.dumps(manifest_document(facts), indent=2) if args.text("format") == "json" else _text(facts))
        return ExitCode.CLEAN
    place = args.text("from")
    if not place:
        raise UsageError("no archives named", "name their folder or address with --from")
    key = args.text("key")
    doors = AdvisoryDoors(
        wiring.advisory_feed(place, args.many("ecosystem")),
        wiring.advisory_press(),
        wiring.files,
        wiring.tree,
        wiring.clock,
        wiring.progress,
        lambda: SignDoors(
            wiring.clock,
            wiring.files,
            wiring.tree,
            partial(governed, wiring, key if key.startswith("pkcs11:") else ""),
            wiring.state,
            wiring.images,
        ),
    )
    make = build if args.action == "build" else update
    made = make(path, place, key, wiring.actor, doors=doors)
    for item in made.unchecked:
        wiring.console.talk(f"left out: {item.what}: {item.why}")
    wiring.console.talk(f"{path}: {_text(made.facts)}")
    if not made.signed:
        wiring.console.talk("hint: --key NAME signs its manifest, so that gate can tell where it came from")
    return ExitCode.CLEAN


def _text(facts: SnapshotFacts) -> str:
    records = ", ".join(f"{ecosystem} {count:,}" for ecosystem, count in facts.records)
    return f"as of {facts.date:%Y-%m-%d %H:%M} UTC, {records}, from {facts.source}"
