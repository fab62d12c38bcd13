# SPDX-License-Identifier: Apache-2.0
"""The first set-up of a repository: what is there -> what should be there -> what is to be written. It replaces nobody's file unasked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pipeline_guard.errors import UsageError

WORKFLOW = ".github/workflows/pipeline-guard.yml"
GITLAB = ".gitlab-ci.yml"
CONFIGURATION = ".pipeline-guard.yml"
HOOKS = ".pre-commit-config.yaml"
PROJECT = "pipeline-guard/pipeline-guard"
_CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")


class Fate(Enum):
    """What becomes of a file."""

    NEW = "new"
    SAME = "unchanged"
    KEPT = "kept"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for; neither forge: those that the repository shows."""

    github: bool
    gitlab: bool
    hooks: bool
    force: bool
    commit: str
    version: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """One file as it should be, what becomes of it, and what a person has to do where it is kept ("" for nothing)."""

    path: str
    content: str
    fate: Fate
    todo: str = ""

    @property
    def writes(self) -> bool:
        """Whether the file is to be written."""
        return self.fate in (Fate.NEW, Fate.REPLACED)


def forges(host: str, paths: Collection[str], wish: Wish) -> tuple[bool, bool]:
    """Return whether this is for GitHub, and for GitLab: as asked, else as files and the remote's host tell. Raises UsageError."""
    if wish.github or wish.gitlab:
        return wish.github, wish.gitlab
    github = ".github" in paths or host == "github.com" or host.startswith("github.")
    gitlab = GITLAB in paths or ".gitlab" in paths or "gitlab" in host.split(".")
    if not github and not gitlab:
        raise UsageError("neither the remote nor a file tells which forge this is for", "say it: --github, --gitlab, or both")
    return github, gitlab


def propose(github: bool, gitlab: bool, branch: str, there: Mapping[str, bytes | None], wish: Wish) -> Sequence[Proposal]:
    """Return every file with its fate. ``there`` holds what is at each path, None where nothing is. Raises UsageError for a bad commit."""
    if not _COMMIT.fullmatch(wish.commit):
        shown = f"not a full commit: {wish.commit[:60]!r}" if wish.commit else "this installation does not know the commit it was made from"
        raise UsageError(
            shown, f"name the one to pin: --commit SHA (git ls-remote https://github.com/{PROJECT} 'v{wish.version}*' shows it)"
        )
    if not _BRANCH.fullmatch(branch):
        raise UsageError(
            f"the default branch has a name that no workflow should hold: {branch[:60]!r}", "rename it, or write the workflow by hand"
        )
    wanted = {CONFIGURATION: _CONFIGURATION}
    if github:
        wanted[WORKFLOW] = workflow(wish.commit, wish.version, branch)
    if gitlab:
        wanted[GITLAB] = include(wish.commit)
    if wish.hooks:
        wanted[HOOKS] = _HOOKS
    return [_fate(path, content, there.get(path), wish) for path, content in wanted.items()]


def _fate(path: str, content: str, there: bytes | None, wish: Wish) -> Proposal:
    if there is None:
        return Proposal(path, content, Fate.NEW)
    if there == content.encode("utf-8"):
        return Proposal(path, content, Fate.SAME)
    if wish.force:
        return Proposal(path, content, Fate.REPLACED)
    if path == CONFIGURATION:  # whatever it says, it is a configuration already
        return Proposal(path, content, Fate.SAME)
    if path in (GITLAB, HOOKS):
        return Proposal(path, content, Fate.KEPT, "" if b"pipeline-guard" in there else "add these lines to it")
    return Proposal(path, content, Fate.KEPT, "it differs from what init writes now: compare (--print), or --force")


def workflow(commit: str, version: str, branch: str) -> str:
    """Return the workflow for GitHub Actions: scan and gate for every change, with no more than reading the code."""
    return f"""\
# Written by pipeline-guard init. Scan and gate need to read the code and nothing else.
name: pipeline-guard
on:
  push:
    branches: ["{branch}"]
  pull_request:
  merge_group:

permissions: {{}}

concurrency:
  group: pipeline-guard-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
  guard:
    name: guard
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read # to check out
    steps:
      - uses: {_CHECKOUT}
        with:
          fetch-depth: 0
          persist-credentials: false
      - name: Look for hardcoded keys
        uses: {PROJECT}/actions/scan@{commit} # v{version}
      - name: Check dependencies, workflows, artifacts and models
        uses: {PROJECT}/actions/gate@{commit} # v{version}
        with:
          base: ${{{{ github.event.pull_request.base.sha || github.event.merge_group.base_sha || '' }}}}
"""


def include(commit: str) -> str:
    """Return the include for GitLab CI; the project is a mirror of ours on the same GitLab."""
    parts = [
        f"""\
  - project: {PROJECT}
    ref: {commit}
    file: /gitlab-templates/{verb}.yml
    inputs:
      commit: {commit}
"""
        for verb in ("scan", "gate")
    ]
    return "# Written by pipeline-guard init. The project is pipeline-guard, or your mirror of it, on this GitLab.\ninclude:\n" + "".join(
        parts
    )


_CONFIGURATION = """\
# Configuration and policy of pipeline-guard. For a change under review it is read from the merge target.
version: 1
"""

_HOOKS = """\
# Written by pipeline-guard init. `pre-commit install` puts the hooks to work.
repos:
  - repo: local
    hooks:
      - id: pipeline-guard-scan
        name: pipeline-guard scan
        entry: pipeline-guard scan --staged
        language: system
        pass_filenames: false
        stages: [pre-commit]
      - id: pipeline-guard-dry-run
        name: pipeline-guard dry-run
        entry: pipeline-guard dry-run --allow-nothing
        language: system
        pass_filenames: false
        stages: [pre-push]
"""
