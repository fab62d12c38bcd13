# SPDX-License-Identifier: Apache-2.0
"""Arguments as typed, made ready to use: flag > environment > configuration > default."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from pipeline_guard import __version__
from pipeline_guard.cli.commands import COMMANDS, COMMON, Command, Flag, Positional, command
from pipeline_guard.errors import UsageError


class HelpWanted(Exception):  # no error: somebody asked for text
    """Carries the text that was asked for with --help or --version."""


@dataclass(frozen=True, slots=True)
class Args:
    """The values of one call. ``origins`` tells for each where it came from."""

    verb: str
    action: str
    values: Mapping[str, Any]
    origins: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return a flag's or positional's single value; "" where it was not given."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else str(value[0]) if value else ""

    def file(self, name: str) -> str:
        """Return where one result goes; "" for standard output, which "-" names, too."""
        given = self.text(name)
        return "" if given == "-" else given

    def many(self, name: str) -> list[str]:
        """Return all values of a repeatable flag or positional."""
        value = self.values.get(name, [])
        return [value] if isinstance(value, str) else list(value)

    def on(self, name: str) -> bool:
        """Return whether a switch is on."""
        return self.values.get(name) is True

    def with_section(self, section: object) -> Args:
        """Return the arguments completed from the verb's section of the configuration."""
        values, origins = dict(self.values), dict(self.origins)
        for flag in _flags_of(self.verb, self.action):
            if not flag.settable or origins[flag.name] != "default":
                continue
            configured = getattr(section, flag.name.replace("-", "_"), None)
            if configured is None or configured is False or configured in ("", ()):
                continue
            values[flag.name] = list(configured) if flag.many else configured if flag.switch else str(configured)
            origins[flag.name] = "configuration"
        return Args(self.verb, self.action, values, origins)


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Args:
    """Read a command line; raise UsageError with the nearest spelling, or HelpWanted with the text to show."""
    if not argv:
        raise UsageError("no command given", "pipeline-guard --help lists the commands")
    first = argv[0]
    if first in ("--version", "-V"):
        raise HelpWanted(f"pipeline-guard {__version__}")
    if first in ("--help", "-h", "help"):
        raise HelpWanted(overview())
    verb = command(first)
    if verb is None:
        raise _unknown("command", first, [known.name for known in COMMANDS], "pipeline-guard --help lists the commands")
    rest = list(argv[1:])
    target, action = verb, ""
    if verb.actions:
        if not rest or rest[0] in ("--help", "-h"):
            if not rest:
                raise UsageError(f"{first} needs an action", f"one of: {', '.join(known.name for known in verb.actions)}")
            raise HelpWanted(_actions_help(verb))
        action = rest.pop(0)
        found = next((known for known in verb.actions if known.name == action), None)
        if found is None:
            names = [known.name for known in verb.actions]
            raise _unknown(f"{first} action", action, names, f"one of: {', '.join(names)}")
        target = found
    return _parse_command(verb, target, action, rest, environ)


def _unknown(kind: str, word: str, names: list[str], otherwise: str) -> UsageError:
    near = difflib.get_close_matches(word, names, n=1)
    return UsageError(f"unknown {kind} {word[:60]!r}", f"did you mean {near[0]}?" if near else otherwise)


class _Parser(argparse.ArgumentParser):
    """argparse without its own exits."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message[:300], f"{self.prog} --help shows what it takes")


def _flags_of(verb: str, action: str) -> tuple[Flag, ...]:
    found = command(verb)
    if found and action:
        found = next((known for known in found.actions if known.name == action), found)
    return (found.flags if found else ()) + COMMON


def parser_for(verb: Command, target: Command, action: str) -> argparse.ArgumentParser:
    """Build the parser of one command from the table."""
    parser = _Parser(
        prog=f"pipeline-guard {verb.name} {action}".rstrip(),
        description=target.help[:1].upper() + target.help[1:] + ".",
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=30, width=100),
        add_help=False,
    )
    parser.add_argument("-h", "--help", action="store_true", help="show this text")
    for flag in target.flags + COMMON:
        note = f" [{flag.variable}]" if flag in COMMON else ""
        if flag.switch:
            parser.add_argument(f"--{flag.name}", action="store_true", default=None, help=flag.help + note)
            continue
        default = f" (default: {flag.default})" if flag.default else ""
        choices = f": {', '.join(choice for choice in flag.choices if choice)}" if flag.choices else ""
        parser.add_argument(
            f"--{flag.name}",
            action="append" if flag.many else "store",
            metavar=flag.metavar,
            help=(flag.help + choices + default + note).replace("%", "%%"),
        )
    positional = target.positional
    if positional:
        nargs = {"rest": "*", "1": "?", "?": "?", "*": "*", "+": "*"}[positional.count]
        parser.add_argument(positional.name, nargs=nargs, help=positional.help)
    return parser


def _parse_command(verb: Command, target: Command, action: str, rest: list[str], environ: Mapping[str, str]) -> Args:
    parser = parser_for(verb, target, action)
    tail: list[str] = []
    if target.positional and target.positional.count == "rest" and "--" in rest:
        cut = rest.index("--")
        rest, tail = rest[:cut], rest[cut + 1 :]
    if "-h" in rest or "--help" in rest:
        raise HelpWanted(parser.format_help().rstrip())
    given, unknown = parser.parse_known_intermixed_args(rest)
    if unknown:
        names = [f"--{flag.name}" for flag in target.flags + COMMON]
        if unknown[0].startswith("-"):
            raise _unknown("flag", unknown[0].split("=")[0], names, f"{parser.prog} --help shows what it takes")
        raise UsageError(f"unexpected argument {unknown[0][:60]!r}", f"{parser.prog} --help shows what it takes")
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for flag in target.flags + COMMON:
        typed = getattr(given, flag.name.replace("-", "_"))
        values[flag.name], origins[flag.name] = _settle(flag, typed, environ)
    if target.positional:
        words = getattr(given, target.positional.name)
        words = tail or ([] if words is None else [words] if isinstance(words, str) else words)
        values[target.positional.name] = _positional(target.positional, words, environ, parser.prog)
        origins[target.positional.name] = "flag" if words else "environment"
    return Args(verb.name, action, values, origins)


def _settle(flag: Flag, typed: Any, environ: Mapping[str, str]) -> tuple[Any, str]:
    """Choose between what was typed, the environment and the default. An empty variable counts as unset."""
    if typed is not None:
        if not flag.switch and "" not in flag.choices and not all(typed if flag.many else [typed]):
            # "$BASE" of a script whose variable was never set: silence would do something else than what was asked for
            raise UsageError(f"--{flag.name}: the value is empty", f"give one, or leave --{flag.name} out")
        return _checked(flag, typed, f"--{flag.name}"), "flag"
    found = environ.get(flag.variable, "")
    if found:
        if flag.switch:
            if found.lower() not in ("true", "false"):
                raise UsageError(f"{flag.variable}: {found[:40]!r} is neither true nor false", "write true or false")
            return found.lower() == "true", "environment"
        if not flag.many:
            return _checked(flag, found, flag.variable), "environment"
        words = _several(found)
        if words:
            return _checked(flag, words, flag.variable), "environment"
    return (False if flag.switch else [] if flag.many else flag.default), "default"


def _several(text: str) -> list[str]:
    """Read a variable of several values: one a line, or a JSON list of texts, which is how GitLab writes an array input."""
    if text.lstrip().startswith("["):
        import json

        try:
            words = json.loads(text)
        except ValueError:  # a glob such as [ab]*.py
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return [word for word in words if word]
    return [line.strip() for line in text.splitlines() if line.strip()]


def _checked(flag: Flag, value: Any, where: str) -> Any:
    if flag.choices:
        for word in value if isinstance(value, list) else [value]:
            if word not in flag.choices:
                raise _unknown(f"value for {where}:", word, list(flag.choices), f"one of: {', '.join(c for c in flag.choices if c)}")
    return value


def _positional(positional: Positional, words: list[str], environ: Mapping[str, str], prog: str) -> list[str]:
    if positional.count != "rest" and not all(words):
        raise UsageError(f"{prog}: one of the {positional.name} is empty", "name it, or leave it out")
    if not words and positional.count != "rest":
        words = _several(environ.get(positional.variable, ""))
    if not words and positional.count in ("1", "+", "rest"):
        example = "-- COMMAND" if positional.count == "rest" else positional.name.upper()
        raise UsageError(f"{prog}: {positional.name} missing", f"{prog} {example}")
    return words


def overview() -> str:
    """Return the text of ``--help``; the README shows the same."""
    lines = ["usage: pipeline-guard COMMAND [OPTIONS]", "", "commands:"]
    lines += [f"  {known.name:<9} {known.help}" for known in COMMANDS]
    lines += [
        "",
        "pipeline-guard COMMAND --help shows a command's options.",
        "Every option is also an environment variable: --some-flag is PIPELINE_GUARD_SOME_FLAG.",
        "exit codes: 0 clean, 1 the answer is no, 2 usage, 3 nothing to look at, 4 denied, 5 unavailable,",
        "6 incomplete, 70 bug",
    ]
    return "\n".join(lines)


def _actions_help(verb: Command) -> str:
    lines = [f"usage: pipeline-guard {verb.name} ACTION [OPTIONS]", "", verb.help[:1].upper() + verb.help[1:] + ".", "", "actions:"]
    return "\n".join(lines + [f"  {known.name:<14} {known.help}" for known in verb.actions])
