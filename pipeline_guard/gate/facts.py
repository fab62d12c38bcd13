# SPDX-License-Identifier: Apache-2.0
"""Everything that was looked at, handed from the flow to the judge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from pipeline_guard.gate.actions_lock import ActionsLock
from pipeline_guard.gate.archive import ArchiveFacts
from pipeline_guard.gate.carried import Altered
from pipeline_guard.gate.ci_facts import (
    DockerfileFacts,
    GitlabFacts,
    HookFacts,
    ImageFacts,
    ScriptFacts,
    SubmoduleFacts,
    UpdaterFacts,
    WorkflowFacts,
)
from pipeline_guard.gate.manifest.project import LockChange, LostLock, Project
from pipeline_guard.gate.manifest.redirects import RedirectChange
from pipeline_guard.gate.manifest.registry_settings import RegistrySettings
from pipeline_guard.gate.manifest.requirements import Pins
from pipeline_guard.gate.manifest.terraform_modules import ModuleUses
from pipeline_guard.gate.model_file import ModelFacts
from pipeline_guard.gate.weakness import Pinned
from pipeline_guard.model.advisory import Weakness
from pipeline_guard.model.package import Lock, Package
from pipeline_guard.model.published import Published
from pipeline_guard.model.verdict import Unchecked


class Kind(Enum):
    """What a check looks at; the value is the noun for people, in the plural."""

    REQUIREMENTS = "requirements files"
    LOCK = "lock files"
    LOCK_CHANGE = "changed lock files"
    PROJECT = "locked projects"
    LOST_LOCK = "removed locks"
    REGISTRY = "package manager settings"
    WORKFLOW = "workflows and actions"
    GITLAB = "GitLab CI files"
    IMAGE = "files that name images"
    SCRIPT = "files with shell scripts"
    DOCKERFILE = "Dockerfiles"
    HOOK = "pre-commit configurations"
    SUBMODULE = "submodule lists"
    UPDATER = "updater configurations"
    ACTIONS_LOCK = "action locks"
    PIN = "pins asked of the forge"
    SECOND = "second opinions"
    MODEL = "model files"
    FORMAT = "other model files"
    ARTIFACT = "artifacts"
    CHANGE = "changed files"
    SBOM = "SBOM files"
    ARCHIVE = "archives"
    ADVISORY = "packages"
    PUBLISHED = "published packages"
    REDIRECT = "changed manifests"
    MODULE = "Terraform files"
    CARRIED = "edited files of carried code"
    WRAPPER = "build wrappers"
    ATTESTED = "packages asked for provenance"


@dataclass(frozen=True, slots=True)
class ArtifactFacts:
    """One artifact that policy names, and how its bundle fared: ``why`` is "" where it verified."""

    path: str
    state: Literal["verified", "missing", "refused"]
    why: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """A changed path that the gate itself depends on."""

    path: str


@dataclass(frozen=True, slots=True)
class LockFacts:
    """An ``actions.lock`` beside what the workflows use: path of a workflow or action to its targets and their lines."""

    lock: ActionsLock
    used: tuple[tuple[str, tuple[tuple[int, str], ...]], ...] = ()
    workflows: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PinFacts:
    """What the forge says of one pinned action; ``state`` is "proven" or why it is none."""

    path: str
    line: int
    target: str
    comment: str
    state: Literal["proven", "missing", "impostor", "moved"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """One finding of another tool."""

    path: str
    line: int
    what: str
    why: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class AdvisoryFacts:
    """One pinned package and what is known against it; ``new`` where the merge target does not pin it already."""

    pinned: Pinned
    weaknesses: tuple[Weakness, ...] = ()
    new: bool = True


@dataclass(frozen=True, slots=True)
class PublishedFacts:
    """A pinned package, and what its registry publishes of it: None where that is nothing."""

    package: Package
    published: Published | None


@dataclass(frozen=True, slots=True)
class WrapperFacts:
    """The program that a build starts first: ``gradle-wrapper.jar``, ``maven-wrapper.jar``; ``sha256`` in hexadecimal."""

    path: str
    sha256: str


BuildFacts = ImageFacts | ScriptFacts | DockerfileFacts | HookFacts | SubmoduleFacts | UpdaterFacts | LockFacts | PinFacts | SecondOpinion
ManifestFacts = RedirectChange | ModuleUses | Altered | WrapperFacts
DependencyFacts = Pins | Lock | LockChange | LostLock | Project | RegistrySettings | AdvisoryFacts | PublishedFacts | ManifestFacts
Facts = DependencyFacts | WorkflowFacts | GitlabFacts | BuildFacts | ModelFacts | ArtifactFacts | ArchiveFacts | ChangeFacts


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Facts by kind, what could not be looked at by kind, and the number of files that were."""

    found: tuple[tuple[Kind, Facts], ...] = ()
    unchecked: tuple[tuple[Kind, Unchecked], ...] = ()
    files: int = 0
    base: str = ""
    notes: tuple[tuple[Kind, str], ...] = ()  # what a pass of this kind rests on
