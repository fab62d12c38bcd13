# SPDX-License-Identifier: Apache-2.0
"""What a pipeline file says, as nouns: what runs, with which inputs, from where. Made by ``ci_file``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

UseKind = Literal["action", "workflow", "image", "local"]
IncludeKind = Literal["local", "project", "remote", "template", "component", "artifact", "step", "action"]


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
    id: str = ""
    run_line: int = 0  # of the first line of ``run``'s text, 0 where there is none
    shell: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)  # of each key


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a GitHub job, its own or a service's; ``password`` is what ``credentials`` says."""

    line: int
    options: str = ""
    volumes: tuple[str, ...] = ()
    password: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a GitHub workflow. ``permissions`` is None where it says nothing, else a word, or scope to level.

    ``secrets`` is "inherit", "", or names to texts; ``matrix`` holds every text inside the strategy's matrix.
    """

    id: str
    line: int
    name: str = ""
    condition: str = ""
    permissions: str | Mapping[str, str] | None = None
    runs_on: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    continues: str = ""
    uses: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    secrets: str | Mapping[str, str] = ""
    environment: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    matrix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    containers: tuple[Container, ...] = ()
    shell: str = ""  # the default of its steps


@dataclass(frozen=True, slots=True)
class Trigger:
    """One event under ``on:`` with its filters (``branches``, ``paths``, ``types`` ...), each as texts."""

    name: str
    line: int
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Use:
    """Something that a pipeline file names to be run: an action, a reusable workflow, an image, or a local path."""

    line: int
    target: str
    kind: UseKind
    comment: str = ""  # behind it on its line, without the #


@dataclass(frozen=True, slots=True)
class WorkflowFacts:
    """A GitHub workflow; or an action, which has no events, permissions and job names.

    ``permissions`` is the workflow's own: "" where it says nothing, a word such as ``read-all``, or scope to level.
    ``locked`` are the targets, lower-cased, whose commit an ``actions.lock`` fixes for this file.
    """

    path: str
    events: tuple[str, ...] = ()
    permissions: str | Mapping[str, str] = ""
    steps: tuple[Step, ...] = ()
    uses: tuple[Use, ...] = ()
    images: tuple[Use, ...] = ()
    jobs: tuple[Job, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    inputs: tuple[str, ...] = ()  # an action's, or a reusable workflow's
    locked: frozenset[str] = frozenset()
    is_action: bool = False
    calls: tuple[Call, ...] = ()  # of this file by others of the repository
    states_permissions: bool = False
    permissions_line: int = 0
    conflicts: tuple[Conflict, ...] = ()

    def of(self, job: str) -> tuple[Step, ...]:
        """Return the steps of one job, in order."""
        return tuple(step for step in self.steps if step.job == job)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A pin whose version comment does not fit, and how to find out what is right."""

    line: int
    what: str
    how: str


@dataclass(frozen=True, slots=True)
class Call:
    """An input of this file that another file of the repository fills with text that outsiders write."""

    input: str
    place: str  # path:line
    source: str  # the context


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
class GitlabRule:
    """One entry of ``rules``: its condition, whether it asks for changed paths, ``when`` and ``allow_failure`` as text."""

    line: int
    condition: str = ""
    changes: bool = False
    when: str = ""
    allow_failure: str = ""


@dataclass(frozen=True, slots=True)
class GitlabJob:
    """One job, with what ``extends`` brings from jobs of the same file; ``default`` is the job called "default".

    ``allow_failure`` is "true", "false", "exit_codes" or ""; ``dotenv`` names its dotenv reports;
    ``tokens`` are the variables of ``id_tokens`` and ``secrets``; ``starts`` is another project that it triggers.
    """

    name: str
    line: int
    rules: tuple[GitlabRule, ...] = ()
    has_rules: bool = False
    when: str = ""
    allow_failure: str = ""
    only_changes: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    dotenv: tuple[str, ...] = ()
    own_before: bool = False
    inherits: bool = True  # the defaults, before_script among them
    starts: str = ""
    starts_branch: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    audiences: tuple[tuple[int, str, tuple[str, ...]], ...] = ()  # of id_tokens: line, name, for whom
    commands: tuple[str, ...] = ()  # that services are started with
    environment: str = ""  # the name of the place it deploys to, "" for none and for those that only stop or prepare one
    foreign: tuple[tuple[int, str], ...] = ()  # projects whose artifacts it takes: line, project and ref


@dataclass(frozen=True, slots=True)
class GitlabFacts:
    """A GitLab CI file. Hidden jobs (``.name``) count; includes are named, not followed."""

    path: str
    includes: tuple[Include, ...] = ()
    images: tuple[Use, ...] = ()
    scripts: tuple[Script, ...] = ()
    jobs: tuple[GitlabJob, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_lines: Mapping[str, int] = field(default_factory=dict)
    workflow_rules: tuple[GitlabRule, ...] = ()
    inputs: tuple[str, ...] = ()  # free texts that a caller gives: strings without options or regex
    has_default_before: bool = False


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a file names that is fetched by name from a registry: images, hooks' revisions, templates."""

    path: str
    uses: tuple[Use, ...] = ()
    local: bool = False  # what developers start by hand


@dataclass(frozen=True, slots=True)
class ScriptFacts:
    """The shell texts of a file: of workflows, GitLab jobs, Dockerfiles."""

    path: str
    scripts: tuple[Script, ...] = ()


@dataclass(frozen=True, slots=True)
class Hook:
    """One repository of a pre-commit configuration."""

    line: int
    repository: str
    revision: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class HookFacts:
    """A pre-commit configuration."""

    path: str
    hooks: tuple[Hook, ...] = ()


@dataclass(frozen=True, slots=True)
class Submodule:
    """One submodule of ``.gitmodules``."""

    line: int
    name: str
    path: str = ""
    url: str = ""
    branch: str = ""
    update: str = ""


@dataclass(frozen=True, slots=True)
class SubmoduleFacts:
    """A ``.gitmodules`` file."""

    path: str
    submodules: tuple[Submodule, ...] = ()


@dataclass(frozen=True, slots=True)
class Updater:
    """One ecosystem that Dependabot or Renovate updates; ``days`` is how old a release must be, None where nothing says so."""

    line: int
    ecosystem: str
    days: int | None = None
    runs_code: bool = False  # Dependabot: insecure-external-code-execution


@dataclass(frozen=True, slots=True)
class UpdaterFacts:
    """A configuration of Dependabot or Renovate."""

    path: str
    updaters: tuple[Updater, ...] = ()


@dataclass(frozen=True, slots=True)
class DockerfileFacts:
    """A Dockerfile: remote sources of ADD that no checksum or commit fixes are ``remote``; ``mounts`` mount secrets as environment."""

    path: str
    uses: tuple[Use, ...] = ()
    scripts: tuple[Script, ...] = ()
    remote: tuple[Use, ...] = ()
    user: tuple[int, str] | None = None  # line and name where what it starts runs as root; "" for where nothing says
