# SPDX-License-Identifier: Apache-2.0
"""Calls of our command that a script makes by way of a file of the repository: found, so that nobody takes them for checked.

A script file, a target of a Makefile, a script of package.json, a hook of pre-commit. They are read and never started.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator

from pipeline_guard.rehearse.calls import commands

_CALL = re.compile(
    r"\bpipeline-guard\"?'?\s+(?:scan|gate|sign|verify|run|inject|revoke|seal|unseal|keys|secrets|policy|audit|token)\b|-m\s+pipeline_guard\b"
)
_HOOK = re.compile(r"\bid:\s*[\"']?pipeline-guard")
_INTERPRETERS = frozenset(("bash", "sh", "dash", "zsh", "source", ".", "python", "python3", "node", "ruby", "perl"))
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_RULE = re.compile(r"^([^\s#:=][^#:=]*):(?!=)([^=\n]*)$", re.MULTILINE)
_MAX_TARGETS = 200
_LONGEST = 1024 * 1024  # bytes of a file that are looked at

Read = Callable[[str], bytes | None]


def hidden(script: str, folder: str, read: Read) -> list[str]:
    """Return what a script starts that calls us, in words for people."""
    found = []
    for words in commands(script):
        found += [what for what in _of(words, folder, read) if what]
    return list(dict.fromkeys(found))


def calls_us(path: str, content: bytes, read: Read) -> bool:
    """Tell whether an action of the repository (``action.yml``) starts a file that calls us."""
    folder = posixpath.dirname(path)
    named = re.findall(r"^\s*(?:main|pre|post|image|entrypoint)\s*:\s*[\"']?([\w./-]+)", content.decode("utf-8", "replace"), re.MULTILINE)
    return any(_CALL.search(_text(posixpath.join(folder, name), read)) for name in named)


def _of(words: tuple[str, ...], folder: str, read: Read) -> Iterator[str]:
    name = words[0].rpartition("/")[2]
    plain = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    if name in ("make", "gmake"):
        at = posixpath.join(folder, next((words[place + 1] for place in range(1, len(words) - 1) if words[place] == "-C"), ""))
        wanted = [word for word in plain if word != posixpath.relpath(at or ".", folder or ".")]
        yield from (f"make {target}" for target in _targets(wanted, at, read))
    elif name in ("npm", "pnpm", "yarn", "bun") and plain:
        script = plain[1:] if plain[0] in ("run", "run-script") else plain
        if script and _CALL.search(_package(script[0], folder, read)):
            yield f"{name} {' '.join(plain[:2])}"
    elif name == "pre-commit" and plain[:1] in ([], ["run"]):
        if _HOOK.search(_text(posixpath.join(folder, ".pre-commit-config.yaml"), read)):
            yield "pre-commit run"
    else:
        for word in (words[0], *(plain[:1] if name in _INTERPRETERS else ())):
            if ("/" in word or name in _INTERPRETERS) and "$" not in word and _CALL.search(_text(posixpath.join(folder, word), read)):
                yield word


def _targets(wanted: list[str], folder: str, read: Read) -> Iterator[str]:
    """Give the targets, asked for or needed by those, whose recipes call us."""
    text = next((text for name in _MAKEFILES if (text := _text(posixpath.join(folder, name), read))), "")
    rules = list(_RULE.finditer(text.replace("\\\n", " ")))
    text = text.replace("\\\n", " ")
    known: dict[str, tuple[list[str], str]] = {}
    first = ""
    for rule in rules:
        recipe = re.match(r"(?:\n(?:\t.*|[ \t]*|#.*))*", text[rule.end() :])
        for name in rule[1].split():
            first = first or ("" if name.startswith(".") else name)
            needs, before = known.get(name, ([], ""))
            known[name] = (needs + rule[2].split(), before + (recipe[0] if recipe else ""))
    waiting, seen = wanted or [first], set[str]()
    while waiting and len(seen) < _MAX_TARGETS:
        name = waiting.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        waiting += known[name][0]
        if _CALL.search(known[name][1]):
            yield name


def _package(name: str, folder: str, read: Read) -> str:
    try:
        scripts = json.loads(_text(posixpath.join(folder, "package.json"), read) or "{}").get("scripts")
        return str(scripts.get(name, ""))
    except (ValueError, AttributeError, RecursionError):
        return ""


def _text(path: str, read: Read) -> str:
    normal = posixpath.normpath(path)
    if normal.startswith(("/", "..")) or normal == ".":
        return ""
    return (read(normal) or b"")[:_LONGEST].decode("utf-8", "replace")
