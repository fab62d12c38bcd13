# SPDX-License-Identifier: Apache-2.0
"""Tools installed in whatever version is newest: shown, never a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import ScriptFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands, continued
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_FILE = re.compile(r"\.{0,2}/.*|.*\.(whl|tar\.gz|tgz|zip|txt|toml)|\.(\[.*\])?|git\+.*|.*[$:{].*")


def check(facts: ScriptFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every installation of a named tool without a version."""
    for script in facts.scripts:
        for command in commands(continued(script.text)):
            loose = _loose(command.names)
            if loose:
                yield Problem(Location(facts.path, script.line + command.line), loose, "install it from a lock, or with its exact version")


def _loose(names: list[str]) -> str:
    while names and names[0] in ("uv", "python", "python3", "-m"):
        names = names[1:]
    if len(names) < 2:
        return ""
    program, verb = names[0].rpartition("/")[2], names[1]
    packages = _packages(names[2:])
    if packages is None:
        return ""
    if program in ("pip", "pip3", "pipx") and verb == "install":
        open_ = [name for name in packages if "==" not in name and "@" not in name]
    elif program == "npm" and verb in ("install", "i", "add") and {"-g", "--global"} & set(names):
        open_ = [name for name in packages if "@" not in name[1:] or name.endswith("@latest")]
    elif program == "go" and verb == "install":
        open_ = [name for name in packages if name.endswith("@latest")]
    elif program == "cargo" and verb == "install" and not {"--version", "--path", "--git"} & set(names):
        open_ = [name for name in packages if "@" not in name]
    elif program == "gem" and verb == "install" and not {"-v", "--version"} & set(names):
        open_ = [name for name in packages if ":" not in name]
    else:
        return ""
    return f"{program} {verb} {open_[0]}"[:60] if open_ else ""


def _packages(words: list[str]) -> list[str] | None:
    """Return the packages that are named; None where a file or a lock says what is installed."""
    if any(word in ("-r", "-c", "--requirement", "--constraint", "-e", "--editable", "--require-hashes", "--no-index") for word in words):
        return None
    return [word for word in words if not word.startswith("-") and not _FILE.fullmatch(word) and word not in ("pip", "setuptools", "wheel")]


RULE = Rule(
    "tool-unpinned",
    Kind.SCRIPT,
    "without a version",
    "the next run may install something else than this one",
    check,
    informs=True,
)
