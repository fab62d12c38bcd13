# SPDX-License-Identifier: Apache-2.0
"""Programs taken from the network and run without a look at what they are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from pipeline_guard.gate.ci_facts import ScriptFacts
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.gate.shell import Command, commands, continued, rereads, runs_input
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_FETCHERS = {"curl", "wget"}
_SUBSTITUTED = re.compile(
    r"(?:\b(?:ba|z|da|k)?sh|\bsource|(?:^|[;&|\s])\.|\beval|\bpython3?)\s+(?:-\w+\s+)*[\"']?(?:<\(|\$\(|`)\s*(?:curl|wget)\s[^)`\n]{0,400}",
    re.MULTILINE,
)
_POWERSHELL = re.compile(
    r"\b(?:iex|invoke-expression)\b[^\n]{0,400}\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b"
    r"|\b(?:iwr|irm|invoke-webrequest|invoke-restmethod)\b[^\n]{0,400}\|\s*(?:iex|invoke-expression)\b",
    re.IGNORECASE,
)
_PROGRAM = re.compile(r"\bexec\((?:(?!\n)[^#]){0,200}?\b(?:urlopen|requests\.get|httpx\.get)\(|\b(?:eval|Function)\(await \(?await fetch\(")
_WORDS = ("curl", "wget", "iwr", "irm", "Invoke-", "ownloadString", "urlopen", "requests.get", "httpx.get", "fetch(", "git clone")
_LOCAL = re.compile(r"(https?://)?(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$)")
_ADDRESS = re.compile(r"[\"']?(?:https?|ftp)://\S+", re.IGNORECASE)
# Somebody compares, whatever with: the digest or the signature decides, no longer the address.
_COMPARES = re.compile(
    r"sha(?:1|224|256|384|512)?sum|\bshasum\b|b[23]sum|Get-FileHash|openssl\s+dgst|\bgpgv?2?\b|minisign|signify|cosign|slsa-verifier"
    r"|git\s+(?:-C\s+\S+\s+)?(?:checkout|switch|reset)\b[^\n]*\b[0-9a-f]{40}\b|gh\s+attestation|rekor|sigstore|pipeline-guard\s+verify",
    re.IGNORECASE,
)
_USER = re.compile(r"(?<=://)[^/@\s]*@")
_SUFFIX = re.compile(r"(?:\.tar)?\.(?:gz|bz2|xz|zst|tgz|tbz2?|txz|zip|tar|7z)$")
_RUNNERS = {"sh", "bash", "zsh", "dash", "ksh", "ash", "source", ".", "python", "python3", "node", "perl", "ruby", "php", "pwsh", "exec"}
_MAX_FED = 4  # scripts fed to shells within each other


def check(facts: ScriptFacts, _settings: GateSettings) -> Iterator[Problem]:
    """Give every download that a shell or interpreter runs at once, or as a file of the same job that nobody compared."""
    files: dict[str, dict[str, str]] = {}  # by job: what was downloaded to which file
    for script in facts.scripts:
        kept = files.setdefault(script.job, {})
        if _COMPARES.search(script.text):
            kept.clear()
        elif kept or any(word in script.text for word in _WORDS):
            yield from _files(facts.path, list(commands(continued(script.text))), script.line, kept)
        if any(word in script.text for word in _WORDS):
            yield from _piped(facts.path, continued(script.text), script.line, 0)
            for pattern in (_SUBSTITUTED, _POWERSHELL, _PROGRAM):
                for found in pattern.finditer(script.text):
                    yield _problem(facts.path, script.line + script.text.count("\n", 0, found.start()), found[0].strip()[:60])


def _piped(path: str, text: str, line: int, depth: int) -> Iterator[Problem]:
    listed = list(commands(text))
    for at, command in enumerate(listed):
        if _fetches(command) and command.operator == "|" and (runner := runs_input(listed[at + 1 :])):
            yield _problem(path, line + command.line, f"{command.names[0]} | {runner}")
        if command.heredocs and depth < _MAX_FED and (runs_input([command]) or (command.operator == "|" and runs_input(listed[at + 1 :]))):
            for first, body in command.heredocs:
                yield from _piped(path, body, line + first, depth + 1)
        for word in rereads(command) if depth < _MAX_FED else ():
            if all(word is not fed for fed in command.input) and any(fetcher in word.text for fetcher in _FETCHERS):
                yield from _piped(path, word.text, line + command.line, depth + 1)


def _files(path: str, listed: list[Command], line: int, kept: dict[str, str]) -> Iterator[Problem]:
    """Give every run of a file that was downloaded in this job; take down what this script downloads."""
    piped = ""
    for command in listed:
        if _fetches(command):
            kept.update(_saved(command))
            piped = next((name for name in command.names[1:] if _ADDRESS.match(name)), "") if command.operator == "|" else ""
            continue
        kept.update(_cloned(command))
        kept.update(_unpacked(command, kept, piped))
        piped = ""
        named = _run(command)
        named = next((each for each in (named, named.partition("/")[0] + "/") if each in kept), "")
        if named:
            yield _problem(path, line + command.line, f"{named}, downloaded from {kept.pop(named)},"[:100])


def _cloned(command: Command) -> Iterator[tuple[str, str]]:
    """Give the folder that a clone fills; a full commit that is checked out later counts as a comparison."""
    names = command.names
    if names[:2] != ["git", "clone"]:
        return
    hosts = {at: _USER.sub("", name) for at, name in enumerate(names) if _ADDRESS.match(name)}
    addresses = [at for at, name in hosts.items() if "$" not in name and not _LOCAL.match(name)]
    if addresses:
        address = hosts[addresses[0]]
        behind = names[addresses[0] + 1] if addresses[0] + 1 < len(names) else ""
        folder = behind if behind and not behind.startswith("-") else posixpath.basename(address.rstrip("/")).removesuffix(".git")
        yield f"{_normal(folder)}/", address


def _unpacked(command: Command, kept: Mapping[str, str], piped: str) -> Iterator[tuple[str, str]]:
    """Give the folder that an archive which was downloaded is unpacked into: the one that is named, else the one it is called like."""
    names = command.names
    program = names[0].rpartition("/")[2] if names else ""
    if program not in ("tar", "bsdtar", "unzip", "7z"):
        return
    archive = next((each for each in map(_normal, names[1:]) if each in kept), "")
    address = kept.get(archive, "") or piped
    if not address:
        return
    into = next((_normal(names[at + 1]) for at, name in enumerate(names[:-1]) if name in ("-C", "-d", "--directory")), "")
    if into and into != "." and not into.startswith("/"):
        yield f"{into}/", address
    elif archive and not into:
        yield f"{_SUFFIX.sub('', posixpath.basename(archive))}/", address


def _saved(command: Command) -> Iterator[tuple[str, str]]:
    """Give the files that a download writes, each with its address."""
    names = command.names
    addresses = [name.strip("\"'") for name in names[1:] if _ADDRESS.match(name)]
    if not addresses:
        return
    output, remote = "", names[0].rpartition("/")[2] == "wget"
    for at, name in enumerate(names):
        following = names[at + 1] if at + 1 < len(names) else ""
        if name.startswith("--output"):
            output = name.partition("=")[2] or following
        elif name in (">", "1>"):
            output = following
        elif name.startswith((">", "1>")) and len(name) > 1:
            output = name.lstrip("1>")
        elif re.fullmatch(r"-[a-zA-Z#]*o" if not remote else r"-[a-zA-Z]*O", name):
            output = following
        elif re.fullmatch(r"-[a-zA-Z#]*O[a-zA-Z#]*|--remote-name(-all)?", name):
            remote = True
    if output and output != "-":
        yield _normal(output), addresses[0]
    elif remote and output != "-":
        for address in addresses:
            yield _normal(posixpath.basename(address.partition("?")[0])), address


def _run(command: Command) -> str:
    """Return the file that a command runs, "" where it is none."""
    names = command.names
    if not names:
        return ""
    if names[0].rpartition("/")[2] in _RUNNERS or names[0] == ".":
        named = next((name for name in names[1:] if not name.startswith("-")), "")
        return "" if any(name in ("-c", "-m", "-e") for name in names[1:3]) else _normal(named)
    return _normal(names[0]) if "/" in names[0] else ""


def _normal(name: str) -> str:
    return posixpath.normpath(name) if name else ""


def _problem(path: str, line: int, what: str) -> Problem:
    fix = "download a fixed version to a file, compare its digest (echo 'HEX  FILE' | sha256sum --check), then run it"
    return Problem(Location(path, line), what, fix)


def _fetches(command: Command) -> bool:
    names = command.names
    return bool(names) and names[0].rpartition("/")[2] in _FETCHERS and not any(_LOCAL.match(name) for name in names[1:])


RULE = Rule(
    "script-downloaded",
    Kind.SCRIPT,
    "runs what it downloads",
    "whoever serves that address today runs commands here, and nothing says what they were",
    check,
)
