# SPDX-License-Identifier: Apache-2.0
"""Files beside the pipelines that say what is fetched: compose and Kubernetes files, hooks, submodules, updaters.

Each function raises UsageError with file and line for a text that its own tool would refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_facts import Hook, HookFacts, ImageFacts, Submodule, SubmoduleFacts, Updater, UpdaterFacts, Use
from pipeline_guard.gate.ci_node import Lines, text_of
from pipeline_guard.model.document import Node, parse_json, parse_yaml, parse_yaml_documents

_DEFAULT = re.compile(r"\$\{[A-Za-z_]\w{0,100}:?-([^}$]{0,300})\}")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_SECTION = re.compile(r'\s*\[submodule\s+"((?:[^"\\]|\\.)*)"\s*\]\s*(?:[#;].*)?')
_PAIR = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*?)\s*")
_DAYS = re.compile(r"\s*(\d+)\s*(minute|hour|day|week|month|year)s?\s*", re.IGNORECASE)
_UNIT = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
_JSON5 = re.compile(r'"|//|/\*')
_MAX_RENOVATE = 1024 * 1024  # characters in which comments are looked for
MAX_SUBMODULES_BYTES = 1024 * 1024


def compose(content: bytes, path: str) -> ImageFacts:
    """Read the images of a compose file; one that the file builds itself is named, not fetched."""
    services = parse_yaml(content, path).get("services")
    uses = []
    for _, service in services.items() if services is not None else ():
        image = service.get("image")
        if image is not None and service.get("build") is None:
            uses.append(Use(image.line, _DEFAULT.sub(r"\1", text_of(image, path)), "image"))
    return ImageFacts(path, tuple(uses), local=True)


def kubernetes(content: bytes, path: str) -> ImageFacts:
    """Read the images of every container in a file of Kubernetes objects."""
    uses: list[Use] = []
    for document in parse_yaml_documents(content, path):
        if document.get("apiVersion") is not None and document.get("kind") is not None:
            uses += _containers(document)
    return ImageFacts(path, tuple(uses))


def _containers(node: Node) -> Iterator[Use]:
    for key, child in node.items():
        if key in _CONTAINERS:
            for container in child.elements():
                image = container.get("image")
                if image is not None and isinstance(image.value, str):
                    yield Use(image.line, image.value, "image")
        yield from _containers(child)
    for child in node.elements():
        yield from _containers(child)


def hooks(content: bytes, path: str) -> HookFacts:
    """Read ``.pre-commit-config.yaml`` (pre-commit.com)."""
    lines = Lines(content)
    listed = parse_yaml(content, path).get("repos")
    if listed is None or not isinstance(listed.value, list):
        raise UsageError(f"{path}:1: no list of repos", "a pre-commit configuration has a list called repos")
    found = []
    for entry in listed.elements():
        repository, revision = text_of(entry.get("repo"), path), entry.get("rev")
        line = revision.line if revision is not None else entry.line
        found.append(Hook(line, repository, text_of(revision, path), lines.comment(line)))
    return HookFacts(path, tuple(found))


def submodules(content: bytes, path: str) -> SubmoduleFacts:
    """Read ``.gitmodules`` (git-config syntax, the part that git itself writes)."""
    if len(content) > MAX_SUBMODULES_BYTES:
        raise UsageError(f"{path}: larger than {MAX_SUBMODULES_BYTES} bytes")
    found: list[tuple[int, str, dict[str, str]]] = []
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        section, pair = _SECTION.fullmatch(line), _PAIR.fullmatch(line)
        if section:
            found.append((number, section[1], {}))
        elif pair and found:
            found[-1][2][pair[1].lower()] = pair[2].strip('"')
        else:
            raise UsageError(f"{path}:{number}: not a line of a .gitmodules file", "git submodule writes it")
    keys = ("path", "url", "branch", "update")
    return SubmoduleFacts(path, tuple(Submodule(line, name, *(values.get(key, "") for key in keys)) for line, name, values in found))


def dependabot(content: bytes, path: str) -> UpdaterFacts:
    """Read ``.github/dependabot.yml`` (docs.github.com, options reference)."""
    listed = parse_yaml(content, path).get("updates")
    if listed is None or not isinstance(listed.value, list):
        raise UsageError(f"{path}:1: no list of updates", "dependabot.yml has a list called updates")
    found = []
    for entry in listed.elements():
        days = [child.value for _, child in (entry.get("cooldown") or _NOTHING).items() if isinstance(child.value, int)]
        outside = entry.get("insecure-external-code-execution")
        found.append(
            Updater(
                entry.line,
                text_of(entry.get("package-ecosystem"), path),
                min(days) if days else None,
                outside is not None and outside.text == "allow",
            )
        )
    return UpdaterFacts(path, tuple(found))


def renovate(content: bytes, path: str) -> UpdaterFacts:
    """Read a Renovate configuration (docs.renovatebot.com, minimumReleaseAge); comments of JSON5 are taken away."""
    text = _plain_json(content.decode("utf-8", "replace")).encode()
    root = parse_json(text, path)
    if not isinstance(root, dict):
        raise UsageError(f"{path}: a Renovate configuration is a mapping")
    ages = [_days(root.get("minimumReleaseAge"))]
    rules = root.get("packageRules")
    ages += [_days(rule.get("minimumReleaseAge")) for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    presets = root.get("extends")
    presets = presets if isinstance(presets, list) else []
    if "config:best-practices" in presets or any(
        isinstance(name, str) and name.startswith("security:minimumReleaseAge") for name in presets
    ):
        ages.append(3)
    known = [age for age in ages if age is not None]
    return UpdaterFacts(path, (Updater(1, "Renovate", max(known) if known else None),))


_NOTHING = Node({}, 0, 0)


def _days(text: Any) -> int | None:
    found = _DAYS.fullmatch(text) if isinstance(text, str) else None
    return int(int(found[1][:9]) * _UNIT[found[2].lower()]) if found else None


def _plain_json(text: str) -> str:
    """Return a text without the comments and closing commas that JSON5 allows; what else it allows stays, and is refused later."""
    pieces: list[str] = []
    at = 0
    for found in _JSON5.finditer(text[:_MAX_RENOVATE]):
        if found.start() < at:
            continue
        pieces.append(text[at : found.start()])
        at = found.start()
        if text[at] == '"':
            end = at + 1
            while end < len(text) and text[end] not in '"\n':
                end += 2 if text[end] == "\\" else 1
            pieces.append(text[at : end + 1])
            at = end + 1
        else:
            end = text.find("\n" if found[0] == "//" else "*/", at + 2)
            at = len(text) if end < 0 else end + (0 if found[0] == "//" else 2)
    return re.sub(r",(?=\s{0,100}[}\]])", "", "".join([*pieces, text[at:]]))
