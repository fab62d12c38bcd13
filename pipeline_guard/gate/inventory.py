# SPDX-License-Identifier: Apache-2.0
"""Which files the gate looks at, by name and by content, so that none has to be listed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from pipeline_guard.errors import UsageError
from pipeline_guard.gate import archive, ci_file, model_file
from pipeline_guard.gate.facts import Facts, Kind
from pipeline_guard.gate.manifest import requirements, sbom
from pipeline_guard.model.verdict import Unchecked

_REQUIREMENTS = re.compile(r"([^/]*requirements[^/]*|constraints[^/]*)\.(txt|pip)")
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_ACTION = re.compile(r"(.*/)?action\.ya?ml")
_GITLAB = re.compile(r"(.*/)?[^/]*\.gitlab-ci\.ya?ml|\.gitlab/(.*/)?[^/]*\.ya?ml|\.gitlab-ci/(.*/)?[^/]*\.ya?ml")
_HEAD = 64 * 1024  # bytes in which a component's header begins
_GATE_NAMES = {
    ".pipeline-guard.yml", "codeowners", ".npmrc", "pip.conf", "uv.toml", ".gitattributes", ".gitmodules", ".gitlab-ci.yml",
    "action.yml", "action.yaml", ".lfsconfig",
}  # fmt: skip
_MODEL_NAMES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".npy", ".npz", ".bin")
_GATE_FOLDERS = (".pipeline-guard/", ".github/workflows/", ".github/actions/", ".gitlab/")


def is_constraints(path: str) -> bool:
    """Tell whether a requirements file is one of constraints, by its name."""
    return posixpath.basename(path).lower().startswith("constraints")


def guards_the_gate(path: str) -> bool:
    """Tell whether a file decides what is checked, or by whom."""
    return posixpath.basename(path).lower() in _GATE_NAMES or path.startswith(_GATE_FOLDERS)


def kind_by_name(path: str) -> Kind:
    """Return what a file is that cannot be read: by its name, a model where that says nothing."""
    lower = path.lower()
    if _is_requirements(lower):
        return Kind.REQUIREMENTS
    if _WORKFLOW.fullmatch(lower) or _ACTION.fullmatch(lower):
        return Kind.WORKFLOW
    if sbom.is_named(path):
        return Kind.SBOM
    return Kind.GITLAB if _GITLAB.fullmatch(lower) else Kind.MODEL


def named_kind(path: str) -> Kind | None:
    """Return the kind that a file's name alone promises, None where it promises nothing."""
    kind = kind_by_name(path)
    return kind if kind is not Kind.MODEL or path.lower().endswith(_MODEL_NAMES) else None


def look(path: str, content: bytes) -> list[tuple[Kind, Facts | Unchecked]]:
    """Return the facts of one file, or why there are none; nothing for a file of no known kind."""
    found: list[tuple[Kind, Facts | Unchecked]] = []
    lower = path.lower()
    if _is_requirements(lower):
        found.append((Kind.REQUIREMENTS, _read(requirements.parse, content, path)))
    elif _WORKFLOW.fullmatch(lower):
        found.append((Kind.WORKFLOW, _read(ci_file.github, content, path)))
    elif _ACTION.fullmatch(lower):
        item = _read(ci_file.action, content, path)
        if not (isinstance(item, Unchecked) and item.why.endswith(": no runs")):  # some other file of that name
            found.append((Kind.WORKFLOW, item))
    elif _GITLAB.fullmatch(lower) or (lower.endswith((".yml", ".yaml")) and _is_component(content)):
        found.append((Kind.GITLAB, _read(ci_file.gitlab, content, path)))
    if sbom.is_one(path, content):
        found.append((Kind.SBOM, _read(sbom.parse, content, path)))
    if archive.is_one(path, content):
        found.append((Kind.ARCHIVE, _archive(content, path)))
    model = model_file.inspect(content, path)
    if model is not None:
        found.append((Kind.MODEL, model))
    return found


def _is_requirements(lower: str) -> bool:
    folder, name = posixpath.split(lower)
    return bool(_REQUIREMENTS.fullmatch(name)) or (posixpath.basename(folder) == "requirements" and name.endswith(".txt"))


def _is_component(content: bytes) -> bool:
    """Tell whether a YAML text begins as GitLab components do: a ``spec:`` with ``inputs:``, then a second document."""
    for line in content[:_HEAD].splitlines():
        if line.strip() and not line.startswith((b"#", b"---")):
            return line.startswith(b"spec:") and b"inputs" in content and b"\n---" in content
    return False


def _archive(content: bytes, path: str) -> Facts | Unchecked:
    return _read(archive.inspect, content, path)


def _read(parse: Callable[[bytes, str], Facts], content: bytes, path: str) -> Facts | Unchecked:
    try:
        return parse(content, path)
    except UsageError as error:
        return Unchecked(path, error.what)
