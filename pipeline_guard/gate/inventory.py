# SPDX-License-Identifier: Apache-2.0
"""Which files the gate looks at, by name and by content, so that none has to be listed."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from pipeline_guard.errors import UsageError
from pipeline_guard.gate import archive, build_file, ci_file, dockerfile, model_file
from pipeline_guard.gate.ci_facts import DockerfileFacts, ImageFacts, ScriptFacts
from pipeline_guard.gate.facts import Facts, Kind, WrapperFacts
from pipeline_guard.gate.manifest import formats, registry_settings, requirements, requirements_lock, sbom, terraform_modules
from pipeline_guard.gate.manifest.requirements import Pins
from pipeline_guard.gate.octets import Octets
from pipeline_guard.gate.related import LOCKS, PipelineFiles
from pipeline_guard.model.package import Lock
from pipeline_guard.model.verdict import Unchecked

_REQUIREMENTS = re.compile(r"([^/]*requirements[^/]*|constraints[^/]*)\.(txt|pip)")
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_ACTION = re.compile(r"(.*/)?action\.ya?ml")
_GITLAB = re.compile(r"(.*/)?[^/]*\.gitlab-ci\.ya?ml|\.gitlab/(.*/)?[^/]*\.ya?ml|\.gitlab-ci/(.*/)?[^/]*\.ya?ml")
_SOURCE = r"py|go|js|ts|rs|rb|md|rst|html|java|c|h|cpp|sh|json|ya?ml|txt|tests?|dockerignore"  # about Dockerfiles, none itself
_DOCKERFILE = re.compile(rf"(.*/)?((docker|container)file(\.(?!(?:{_SOURCE})$)[^/]+)?|[^/]+\.(docker|container)file)")
_COMPOSE = re.compile(r"(.*/)?(docker-)?compose([.-][^/]+)?\.ya?ml")
_UPDATERS = {
    "dependabot.yml": build_file.dependabot,
    "dependabot.yaml": build_file.dependabot,
    "renovate.json": build_file.renovate,
    "renovate.json5": build_file.renovate,
    ".renovaterc": build_file.renovate,
    ".renovaterc.json": build_file.renovate,
}
_HEAD = 64 * 1024  # bytes in which a component's header begins
_MAX_KEPT = 1024 * 1024  # bytes of a YAML file that a pipeline may include
_GATE_NAMES = {
    ".pipeline-guard.yml", "codeowners", ".npmrc", "pip.conf", "uv.toml", ".gitattributes", ".gitmodules", ".gitlab-ci.yml",
    "action.yml", "action.yaml", ".lfsconfig", "actions.lock", "dockerfile", "containerfile", ".pre-commit-config.yaml", "dependabot.yml",
    "renovate.json", "renovate.json5", ".renovaterc", ".yarnrc.yml", ".yarnrc", "bunfig.toml", "pnpm-workspace.yaml", ".pnpmfile.cjs",
    "nuget.config", ".gitconfig", "settings.xml", "gradle.properties", ".bazelrc", "zizmor.yml",
}  # fmt: skip
_MODEL_NAMES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".npy", ".npz", ".bin")
_GATE_FOLDERS = (".pipeline-guard/", ".github/workflows/", ".github/actions/", ".gitlab/", ".gitlab-ci/", ".cargo/", ".husky/")


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
    if path in LOCKS:
        return Kind.ACTIONS_LOCK
    folder, name = posixpath.split(lower)
    if name in _UPDATERS and folder in ("", ".github", ".gitlab"):
        return Kind.UPDATER
    if name in (".gitmodules", ".pre-commit-config.yaml"):
        return Kind.SUBMODULE if name == ".gitmodules" else Kind.HOOK
    if _DOCKERFILE.fullmatch(lower) or _COMPOSE.fullmatch(lower):
        return Kind.IMAGE
    if formats.by_name(path) is not None:
        return Kind.LOCK
    if registry_settings.tool_of(path):
        return Kind.REGISTRY
    if sbom.is_named(path):
        return Kind.SBOM
    if lower.endswith((".tf", ".tofu")):
        return Kind.MODULE
    if name in ("gradle-wrapper.jar", "maven-wrapper.jar"):
        return Kind.WRAPPER
    return Kind.GITLAB if _GITLAB.fullmatch(lower) else Kind.MODEL


def named_kind(path: str) -> Kind | None:
    """Return the kind that a file's name alone promises, None where it promises nothing."""
    kind = kind_by_name(path)
    return kind if kind is not Kind.MODEL or path.lower().endswith(_MODEL_NAMES) else None


def look(path: str, content: bytes) -> list[tuple[Kind, Facts | Unchecked]]:
    """Return the facts of one file, or why there are none; nothing for a file of no known kind."""
    found: list[tuple[Kind, Facts | Unchecked]] = []
    lower = path.lower()
    folder, name = posixpath.split(lower)
    if _is_requirements(lower):
        found.append((Kind.REQUIREMENTS, _read(requirements.parse, content, path)))
    elif _WORKFLOW.fullmatch(lower):
        found.append((Kind.WORKFLOW, _read(ci_file.github, content, path)))
    elif _ACTION.fullmatch(lower):
        item = _read(ci_file.action, content, path)
        if not (isinstance(item, Unchecked) and item.why.endswith(": no runs")):  # some other file of that name
            found.append((Kind.WORKFLOW, item))
    elif name in _UPDATERS and folder in ("", ".github", ".gitlab"):
        found.append((Kind.UPDATER, _read(_UPDATERS[name], content, path)))
    elif name == ".gitmodules" and not folder:
        found.append((Kind.SUBMODULE, _read(build_file.submodules, content, path)))
    elif name in (".pre-commit-config.yaml", ".pre-commit-config.yml"):
        found.append((Kind.HOOK, _read(build_file.hooks, content, path)))
    elif _DOCKERFILE.fullmatch(lower):
        found += _dockerfile(content, path)
    elif _COMPOSE.fullmatch(lower):
        found.append((Kind.IMAGE, _read(build_file.compose, content, path)))
    elif _GITLAB.fullmatch(lower) or (lower.endswith((".yml", ".yaml")) and _is_component(content)):
        found.append((Kind.GITLAB, _read(ci_file.gitlab, content, path)))
    elif lower.endswith((".yml", ".yaml")) and all(word in content for word in (b"apiVersion:", b"kind:", b"image:")):
        objects = _read(build_file.kubernetes, content, path)
        if isinstance(objects, ImageFacts) and objects.uses:  # a template of Helm is no YAML, and no object either
            found.append((Kind.IMAGE, objects))
    elif dockerfile.looks_like_one(content, name):
        found += _dockerfile(content, path)
    found += [(Kind.LOCK, item) for item in locks(path, content, found)]
    if registry_settings.tool_of(path):
        found.append((Kind.REGISTRY, _read(registry_settings.parse, content, path)))
    if lower.endswith((".tf", ".tofu")):
        found.append((Kind.MODULE, _read(terraform_modules.parse, content, path)))
    if name in ("gradle-wrapper.jar", "maven-wrapper.jar"):
        found.append((Kind.WRAPPER, WrapperFacts(path, hashlib.sha256(content).hexdigest())))
    found += models(path, content)
    if sbom.is_one(path, content):
        found.append((Kind.SBOM, _read(sbom.parse, content, path)))
    if archive.is_one(path, content):
        found.append((Kind.ARCHIVE, _archive(content, path)))
    return found


def models(path: str, content: Octets) -> list[tuple[Kind, Facts | Unchecked]]:
    """Return the facts of the models in one file of any size."""
    return [(Kind.FORMAT if model.formats else Kind.MODEL, model) for model in model_file.inspect_both(content, path)]


def keep(path: str, content: bytes, files: PipelineFiles) -> None:
    """Keep a file that others may refer to, changed or not."""
    lower = path.lower()
    if path in LOCKS:
        files.locks[path] = content
    elif _WORKFLOW.fullmatch(lower):
        files.workflows[path] = content
    elif _ACTION.fullmatch(lower):
        files.actions[path] = content
    elif lower.endswith((".yml", ".yaml")) and len(content) <= _MAX_KEPT:
        files.others[path] = content


def _dockerfile(content: bytes, path: str) -> list[tuple[Kind, Facts | Unchecked]]:
    """Return what a Dockerfile fetches and runs; a file of that name without FROM is something else."""
    item = _read(dockerfile.parse, content, path)
    if not isinstance(item, DockerfileFacts):
        return [] if isinstance(item, Unchecked) and item.why.endswith(": no FROM") else [(Kind.IMAGE, item)]
    return [(Kind.IMAGE, ImageFacts(path, item.uses)), (Kind.SCRIPT, ScriptFacts(path, item.scripts)), (Kind.DOCKERFILE, item)]


def locks(path: str, content: bytes, found: Sequence[tuple[Kind, Facts | Unchecked]] = ()) -> Iterator[Lock | Unchecked]:
    """Give the lock that a file is, by name or content; requirements are one, too."""
    for _, item in found:
        if isinstance(item, Pins) and not is_constraints(path):
            yield requirements_lock.lock(item)
    kind = None if found else formats.format_of(path, content)
    if kind is not None:
        try:
            yield kind.parse(content, path)
        except UsageError as error:
            yield Unchecked(path, error.what)


def former_lock(path: str, content: bytes) -> Lock | None:
    """Return the lock that a file is, None where it is none; raise UsageError for one that cannot be read."""
    if _is_requirements(path.lower()):
        return requirements_lock.lock(requirements.parse(content, path))
    kind = formats.format_of(path, content)
    return kind.parse(content, path) if kind is not None else None


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
