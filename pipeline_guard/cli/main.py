# SPDX-License-Identifier: Apache-2.0
"""The entrance over argv: parse, build the doors, run one command, turn every failure into one line."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from pipeline_guard.cli.console import Terminal, speak
from pipeline_guard.errors import ExitCode, GuardError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. The only broad ``except`` of the program is here."""
    gc.set_threshold(50_000)  # a command makes much that lives to its end: looking for cycles every 700 things took 8 % of it
    words = list(sys.argv[1:] if argv is None else argv)
    _fill_closed_streams()
    try:
        return _run(words)
    except GuardError as error:
        _complain(error.what, error.hint or _next_step(error.exit_code, words))
        return error.exit_code
    except UnicodeEncodeError:  # a name of bytes that are no text, somewhere a text is needed
        _complain("a name on the command line or in the environment is not UTF-8", "use names that are text")
        return ExitCode.USAGE
    except KeyboardInterrupt:
        _complain("interrupted", "")
        return 130
    except BrokenPipeError:
        # The reader went away (`| head`): nothing to add, and Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.UNAVAILABLE
    except Exception as error:  # the one place that may: a bug must not look like an answer
        if "--verbose" in words or os.environ.get("PIPELINE_GUARD_VERBOSE", "").lower() == "true":
            import traceback

            traceback.print_exc()
        _complain(f"bug: {type(error).__name__} in {_place(error)}", "please report it, with the output of --verbose")
        return ExitCode.BUG


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):  # the fast path that shells and doctors ask most
        from pipeline_guard import __version__

        Terminal().data(f"pipeline-guard {__version__}")
        return ExitCode.CLEAN
    from pipeline_guard.cli.args import HelpWanted, parse

    environ = dict(os.environ)  # a copy: adapters may set variables for native libraries, children must not see them
    try:
        args = parse(words, environ)
    except HelpWanted as text:
        Terminal().data(str(text))
        return ExitCode.CLEAN
    from importlib import import_module

    from pipeline_guard.cli.commands import command
    from pipeline_guard.cli.wiring import real

    known = command(args.verb)
    if known is None:  # Defensive: parse has refused it
        raise GuardError(f"no such command: {args.verb}")
    module = next((action.module for action in known.actions if action.name == args.action), known.module)
    return int(import_module(f"pipeline_guard.cli.{module}").run(args, real(args, environ)))


def _next_step(code: ExitCode, words: list[str]) -> str:
    """Return what helps with any failure of a kind, where the failure itself names nothing better."""
    if code == ExitCode.USAGE and words:
        return f"pipeline-guard {words[0]} --help shows what it takes"
    return {
        ExitCode.DENIED: "pipeline-guard policy explain says which grant decides",
        ExitCode.UNAVAILABLE: "pipeline-guard doctor looks for the cause",
    }.get(code, "")


def _fill_closed_streams() -> None:
    """Put something in the place of standard streams that are closed.

    NOTE: else the next file that is opened gets their number, and what other libraries say goes into it; and print() takes
    standard output where standard error is None.
    """
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    if sys.stdout is None:
        os.open(os.devnull, os.O_RDONLY)  # refuses to be written to, as a closed one does
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _place(error: BaseException) -> str:
    """Name the file and line of a bug; its text may hold anything, so it is not shown."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "unknown place"


def _complain(what: str, hint: str) -> None:
    for word, sgr, text in (("error", "1;31", what), ("hint", "36", hint)):
        if text:
            clean = "".join(character if character.isprintable() else "?" for character in text)
            speak(f"pipeline-guard: {_painted(word, sgr)}: {clean}")


def _painted(word: str, sgr: str) -> str:
    """Colour one word where standard error is a terminal that wants it; without imports, for it must not fail in its turn."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb" or not (sys.stderr and sys.stderr.isatty())
    return word if plain else f"\x1b[{sgr}m{word}\x1b[0m"
