# SPDX-License-Identifier: Apache-2.0
"""What a pipeline file says, as nouns: what runs, with which inputs, from where. Made by ``ci_file``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

UseKind = Literal["action", "workflow", "image", "local"]
IncludeKind = Literal["local", "project", "remote", "template", "component", "artifact"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a GitHub job; ``uses`` and ``run`` are "" where absent.

    ``inputs`` is ``with:``, ``environment`` the step's over the job's over the workflow's ``env``, all as the text
    a step would see. A job that calls a reusable workflow is a step too, named as the job.
    """

    job: str
    line: int
    name: str = ""
    uses: str = ""
    run: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    condition: str = ""
    continues: str = ""  # continue-on-error, as text
    working_directory: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """Something that a pipeline file names to be run: an action, a reusable workflow, an image, or a local path."""

    line: int
    target: str
    kind: UseKind


@dataclass(frozen=True, slots=True)
class WorkflowFacts:
    """A GitHub workflow; or an action, which has no events, permissions and job names.

    ``permissions`` is the workflow's own: "" where it says nothing, a word such as ``read-all``, or scope to level.
    """

    path: str
    events: tuple[str, ...] = ()
    permissions: str | Mapping[str, str] = ""
    steps: tuple[Step, ...] = ()
    uses: tuple[Use, ...] = ()
    images: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Include:
    """One included configuration, a child pipeline's too.

    ``target`` is the path, address, template or component; for a project it is the project, and ``file`` the path.
    ``inputs`` are texts; lists and mappings are JSON, as GitLab interpolates them.
    """

    line: int
    kind: IncludeKind
    target: str
    ref: str = ""
    file: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    integrity: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """One entry of a GitLab script; ``job`` is "" for the file's own.

    ``environment`` is the job's variables over the file's.
    """

    job: str
    line: int
    text: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GitlabFacts:
    """A GitLab CI file. Hidden jobs (``.name``) count; includes are named, not followed; ``extends`` stays unresolved."""

    path: str
    includes: tuple[Include, ...] = ()
    images: tuple[Use, ...] = ()
    scripts: tuple[Script, ...] = ()
