# SPDX-License-Identifier: Apache-2.0
"""What the terminal can show: the flag, then the conventions of the environment, then what the stream is."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from typing import TextIO

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.console import Terminal
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.report.look import PLAIN, Look


def look_of(args: Args, wiring: Wiring) -> Look:
    """Return how standard output looks; a console that is no terminal (the dry-run's) is plain."""
    if not isinstance(wiring.console, Terminal):
        return Look(verbose=args.on("verbose"))
    return look_at(sys.stdout, args.text("color"), wiring.environ, verbose=args.on("verbose"))


def look_at(stream: TextIO | None, choice: str, environ: Mapping[str, str], *, verbose: bool = False) -> Look:
    """Return how one stream looks. ``choice`` is auto, always or never."""
    if stream is None:
        return PLAIN
    terminal = stream.isatty()
    dumb = environ.get("TERM", "") == "dumb"
    width = shutil.get_terminal_size((0, 0)).columns if terminal else 0
    unicode = (getattr(stream, "encoding", "") or "").lower().replace("-", "").startswith("utf")
    return Look(_colour(choice, environ, terminal=terminal, dumb=dumb), unicode or not terminal, width, verbose)


def _colour(choice: str, environ: Mapping[str, str], *, terminal: bool, dumb: bool) -> bool:
    """Decide: --color, NO_COLOR (no-color.org), FORCE_COLOR (force-color.org), then a terminal that is not dumb."""
    if choice in ("always", "never"):
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0", "false"):
        return True
    return terminal and not dumb
