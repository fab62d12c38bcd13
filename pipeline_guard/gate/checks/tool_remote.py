# SPDX-License-Identifier: Apache-2.0
"""Tools installed from an address or a repository that fixes no content."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.ci_facts import ScriptFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import commands, continued
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_INSTALLS = {
    ("pip", "install"), ("pip3", "install"), ("pipx", "install"), ("pipx", "run"), ("uv", "add"), ("poetry", "add"), ("npm", "install"),
    ("npm", "i"), ("npm", "add"), ("npm", "exec"), ("yarn", "add"), ("yarn", "dlx"), ("pnpm", "add"), ("pnpm", "dlx"), ("bun", "add"),
    ("cargo", "install"), ("gem", "install"), ("apt", "install"), ("apt-get", "install"), ("dnf", "install"),
    ("yum", "install"), ("rpm", "-i"), ("rpm", "-ivh"), ("rpm", "-Uvh"), ("tool", "install"), ("tool", "run"), ("deno", "run"),
    ("deno", "install"),
}  # fmt: skip
_RUNS = {"uvx", "npx", "bunx"}
_ADDRESS = re.compile(
    r"(?:[\w.\[\],-]+\s*@\s*)?((?:git\+)?(?:https?|ssh|git|file)://\S+|git\+\S+@\S+|(?:github|gitlab|bitbucket):\S+)", re.IGNORECASE
)
_FIXED = re.compile(
    r"[@#/](?:[0-9a-f]{40}|[0-9a-f]{64})(?:$|[#&/?.])|#\S*sha(?:256|384|512)=[0-9a-f]{64}|[?&](?:rev|commit)=[0-9a-f]{40}|\$|\{\{"
)
_LOCAL = re.compile(r"(?:git\+)?(?:https?://(?:localhost|127\.0\.0\.1|\[::1\])|file://)", re.IGNORECASE)
_SETTING = re.compile(
    r"-(?:i|f|-index-url|-extra-index-url|-index|-default-index|-find-links|-registry|-proxy|-trusted-host|-repo|-repository|-python-\S+)"
)


def check(facts: ScriptFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every such installation; a full commit, a hash in the fragment, and what only the caller knows pass."""
    for script in facts.scripts:
        if "://" not in script.text and "git+" not in script.text and "hub:" not in script.text:
            continue
        for command in commands(continued(script.text)):
            found = _remote(command.names)
            if found:
                yield Problem(
                    Location(facts.path, script.line + command.line),
                    found[:100],
                    "name a full commit (git+https://host/repo@COMMIT), a hash (#sha256=HEX), or a version from the registry",
                )


def _remote(names: list[str]) -> str:
    while names and names[0] in ("uv", "python", "python3", "-m", "corepack") and len(names) > 1 and names[1] != "add":
        names = names[1:]
    program = names[0].rpartition("/")[2] if names else ""
    words = names[1:]
    verb = next((word for word in words if not word.startswith("-") or (program, word) in _INSTALLS), "")
    if program not in _RUNS and (program, verb) not in _INSTALLS:
        return ""
    commit = any(re.fullmatch(r"[0-9a-f]{40}", word.rpartition("=")[2]) for word in words)  # cargo install --git URL --rev COMMIT
    before = ""
    for word in words:
        address = _ADDRESS.fullmatch(word.removeprefix("--git=").removeprefix("--from="))
        if address and not _SETTING.fullmatch(before) and not _FIXED.search(word) and not _LOCAL.match(address[1]) and not commit:
            return f"{program} {verb} {word}".replace("  ", " ") if program not in _RUNS else f"{program} {word}"
        before = word
    return ""


RULE = Rule(
    "tool-remote",
    Kind.SCRIPT,
    "names no fixed content",
    "whoever can write to that address decides what this pipeline installs and runs",
    check,
)
