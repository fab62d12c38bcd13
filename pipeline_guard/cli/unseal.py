# SPDX-License-Identifier: Apache-2.0
"""``unseal``: the whole, a range of bytes, or only what the header claims."""

from __future__ import annotations

import re
import sys
from functools import partial

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import governed
from pipeline_guard.cli.spelling import named
from pipeline_guard.cli.table import show_one
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.errors import ExitCode, Unavailable, UsageError
from pipeline_guard.flows.unseal import UnsealDoors, UnsealRequest, inspect, read_range, unseal
from pipeline_guard.report.escape import printable

_RANGE = re.compile(r"([0-9]{1,19}):([0-9]{0,19})")


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Unseal as asked for."""
    path, output = named(args.text("path")), args.text("output")
    if args.on("info"):
        show_one("sealed-file", _claims(path, args, wiring), args, wiring)
    elif args.text("range"):
        if args.on("resume"):
            raise UsageError("a range is not resumed", "leave --resume out")
        start, length = _range(args.text("range"))
        output = args.file("output")
        part = partial(read_range, path, start, length, doors=unseal_doors(wiring))
        if output:
            with wiring.streams.draft(output, force=args.on("force")) as draft:
                part(draft.write)
        else:
            part(_to_stdout)
    elif output == "-":
        raise UsageError(
            "unseal writes a file, once all of it is verified", "name one with --output; only --range writes to standard output"
        )
    else:
        request = UnsealRequest(path, output, force=args.on("force"), resume=args.on("resume"))
        wiring.console.data(printable(f"unsealed {unseal(request, doors=unseal_doors(wiring))}"))
    return ExitCode.CLEAN


def unseal_doors(wiring: Wiring) -> UnsealDoors:
    """Open what unsealing needs; token and store only when they are asked for."""
    return UnsealDoors(wiring.actor, wiring.clock, wiring.streams, wiring.progress, partial(governed, wiring), wiring.state)


def _to_stdout(piece: memoryview) -> None:
    try:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except (OSError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "it is closed"
        raise Unavailable(f"cannot write to standard output: {reason.lower()}", "check where it goes, or use --output") from None


def _range(text: str) -> tuple[int, int | None]:
    found = _RANGE.fullmatch(text)
    if not found:
        raise UsageError(f"--range {text[:60]!r} is no range", "write START:LENGTH in bytes, such as 0:1024, or START: to the end")
    return int(found[1]), int(found[2]) if found[2] else None


def _claims(path: str, args: Args, wiring: Wiring) -> dict[str, object]:
    header = inspect(path, streams=wiring.streams)
    keys = [f"{recipient.name}/{recipient.version}" for recipient in header.recipients]
    return {
        "path": printable(path),
        "kind": header.layout.kind.value,
        "chunk": header.layout.chunk,
        "keys": keys if args.text("format") == "json" else ", ".join(keys),
        "verified": False,
    }
