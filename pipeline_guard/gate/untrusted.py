# SPDX-License-Identifier: Apache-2.0
"""Which texts outsiders write: contexts of GitHub events, GitLab's predefined variables, and how they travel through a workflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import product

from pipeline_guard.gate.ci_facts import Step, WorkflowFacts
from pipeline_guard.gate.expression import expressions
from pipeline_guard.gate.run_artifact import handed_on
from pipeline_guard.gate.shell import commands

_TEXTS = (
    r"github\.head_ref",
    r"github\.event\.(issue|pull_request|discussion)\.(title|body)",
    r"github\.event\.(comment|review|review_comment)\.body",
    r"github\.event\.(comment|review|review_comment)\.path",
    r"github\.event\.pull_request\.head\.(ref|label|repo\.default_branch|repo\.description|repo\.homepage)",
    r"github\.event\.pull_request\.head\.repo\.(topics(\..*)?|license\.name)",
    r"github\.event\.changes\.(title|body|head)\..*",
    r"github\.event\.pages\.[^.]+\.(page_name|title|summary)",
    r"github\.event\.(commits\.[^.]+|head_commit)\.message",
    r"github\.event\.(commits\.[^.]+|head_commit)\.(author|committer)\.(name|email)",
    r"github\.event\.workflow_run\.(head_branch|display_title|head_repository\.description)",
    r"github\.event\.workflow_run\.head_commit\.(message|(author|committer)\.(name|email))",
    r"github\.event\.workflow_run\.pull_requests\.[^.]+\.head\.ref",
    r"github\.event\.(check_suite|check_run\.check_suite)\.(head_branch|head_commit\..*|pull_requests\.[^.]+\.head\.ref)",
    r"github\.event\.(answer|forkee)\.(body|description|homepage)",
    # a whole object holds them all
    r"github(\.event(\.(issue|pull_request|comment|review|discussion|head_commit|commits|workflow_run|pages|changes))?)?",
    r"github\.event\.pull_request\.head(\.repo)?",
)
_PATTERN = re.compile("|".join(f"(?:{text})" for text in _TEXTS))
# Actions whose outputs repeat what the pull request names: branches and files.
_REPEATING = {
    "tj-actions/changed-files": re.compile(r".*files.*|.*_dir_names.*"),
    "tj-actions/branch-names": re.compile(r"(head_ref_|current_|ref_)?branch|tag"),
    "jitterbit/get-changed-files": re.compile(r".*"),
    "trilom/file-changes-action": re.compile(r"files.*"),
    "dorny/paths-filter": re.compile(r".*_files"),
    "xt0rted/pull-request-comment-branch": re.compile(r"head_ref|ref"),
    "khan/pull-request-comment-trigger": re.compile(r".*body.*"),
    "peter-murray/issue-body-parser-action": re.compile(r".*"),
    "stefanbuck/github-issue-parser": re.compile(r".*"),
    "potiuk/get-workflow-origin": re.compile(r"(sourceheadbranch|targetbranch)"),
    "eficode/resolve-pr-refs": re.compile(r"head_ref"),
}
# name=$(command), where the command prints such a text
_ASKED = re.compile(
    r"([A-Za-z_][\w-]*)=[\"']?(?:\$\(|`)\s*("
    r"gh\s+(?:pr|issue)\s+(?:view|list)\b[^\n)]{0,300}(?:\btitle|\bbody|\bheadRefName|\bcomments)\b"
    r"|git\s+(?:log|show)\b[^\n)]{0,200}%(?:s|b|B|an|ae|cn|ce)\b"
    r"|jq\b[^\n)]{0,200}\.(?:title|body|message|head\.ref|head_ref|head_branch)\b[^\n)]{0,200}GITHUB_EVENT_PATH"
    r")"
)
_NAMED = re.compile(r"([A-Za-z_][\w-]*)(=|<<)")
# Free text that everybody who can open a merge request, or push, writes.
GITLAB_TEXTS = frozenset(
    (
        "CI_COMMIT_MESSAGE", "CI_COMMIT_TITLE", "CI_COMMIT_DESCRIPTION", "CI_COMMIT_AUTHOR", "CI_COMMIT_TAG_MESSAGE",
        "CI_MERGE_REQUEST_TITLE",
        "CI_MERGE_REQUEST_DESCRIPTION", "CI_MERGE_REQUEST_MILESTONE", "CI_MERGE_REQUEST_LABELS", "GITLAB_USER_NAME",
    )
)  # fmt: skip
# Names of branches: no blank and no glob in them, yet $( ), ` and ; when something reads them again as code.
GITLAB_NAMES = frozenset(
    (
        "CI_COMMIT_REF_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_TAG", "CI_BUILD_REF_NAME", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
        "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "CI_MERGE_REQUEST_SOURCE_PROJECT_URL",
    )
)  # fmt: skip
# Events whose runs have the base repository's token and secrets, started by anybody.
PRIVILEGED = frozenset(
    ("pull_request_target", "workflow_run", "issue_comment", "issues", "discussion", "discussion_comment", "gollum", "fork", "watch")
)


def is_untrusted(context: str, *, whole: bool = False) -> bool:
    """Tell whether outsiders write a context's text; an object counts only where it is written out as a ``whole``."""
    if not _PATTERN.fullmatch(context):
        return "*" in context and _matches_some(context)
    return whole or context.rpartition(".")[2] not in _OBJECTS


@cache
def _matches_some(context: str) -> bool:
    """Tell whether a context with filters (``github.event.*.title``) gives, among others, a text that outsiders write."""
    parts = context.split(".")[:8]
    stars = [at for at, part in enumerate(parts) if part == "*"][:2]
    for words in product(_OWNERS, repeat=len(stars)):
        for at, word in zip(stars, words, strict=True):
            parts[at] = word
        if _PATTERN.fullmatch(".".join(parts)) and parts[-1] not in _OBJECTS:
            return True
    return False


_OWNERS = (
    "issue", "pull_request", "discussion", "comment", "review", "head_commit", "commits", "workflow_run", "pages", "head",
    "title", "body", "message", "ref", "head_ref", "0",
)  # fmt: skip
_OBJECTS = {
    "github", "event", "issue", "pull_request", "comment", "review", "discussion", "head_commit", "commits", "workflow_run", "pages",
    "changes", "head", "repo",
}  # fmt: skip


class Taint:
    """What of one workflow or action carries outsiders' text: its variables, outputs, matrix values and inputs."""

    def __init__(self, facts: WorkflowFacts) -> None:
        self.facts = facts
        self._outputs: dict[str, dict[str, str]] = {}  # by job and step: output to source
        self._jobs: dict[str, dict[str, str]] = {}
        self._matrix: dict[str, dict[str, str]] = {}
        self._inputs = {call.input.lower(): f"{call.source} (given at {call.place})" for call in facts.calls}
        for _ in range(4):  # outputs feed outputs
            before = (str(self._outputs), str(self._jobs), str(self._matrix))
            self._walk()
            if before == (str(self._outputs), str(self._jobs), str(self._matrix)):
                break

    def _walk(self) -> None:
        for step in self.facts.steps:
            if step.id:
                found = dict(self._produced(step))
                if found:
                    self._outputs[f"{step.job}\0{step.id.lower()}"] = found
        for job in self.facts.jobs:
            found = {name.lower(): source for name, text in job.outputs.items() if (source := self.source(text, job.id))}
            if found:
                self._jobs[job.id.lower()] = found
            varied = {
                name.lower(): source for name, values in job.matrix.items() for text in values if (source := self.source(text, job.id))
            }
            if varied:
                self._matrix[job.id] = varied

    def _produced(self, step: Step) -> list[tuple[str, str]]:
        found = []
        if "workflow_run" in self.facts.events:
            found += [(name.lower(), "a file of another run's artifact") for name in handed_on(step, self.facts.of(step.job))]
        if "GITHUB_OUTPUT" in step.run:
            found += [(asked[1].lower(), f"what {' '.join(asked[2].split())[:40]!r} prints") for asked in _ASKED.finditer(step.run)]
        name = ""
        for command in commands(step.run) if "GITHUB_OUTPUT" in step.run else ():
            variables = {each for word in command.words for each, _quoted in word.variables}
            if "GITHUB_OUTPUT" not in variables:
                continue
            words = [word.text for word in command.words[1:]]
            line = " ".join(words)
            named = next((_NAMED.match(word) for word in words if not word.startswith("-")), None)
            name = named[1].lower() if named else name  # name<<END, then its lines by other commands
            source = self.source(line, step.job, step.environment)
            for variable in sorted(variables):
                source = source or self.source(step.environment.get(variable, ""), step.job, step.environment)
            if source and name:
                found.append((name, source))
        repository = "/".join(step.uses.lower().partition("@")[0].split("/")[:2])
        if repository in _REPEATING:
            found.append((f"\0{repository}", f"outputs of {repository}"))
        return found

    def source(self, text: str, job: str, environment: Mapping[str, str] | None = None) -> str:
        """Return the context whose text outsiders write and that flows into ``text``; "" where none does."""
        for expression in expressions(text):
            for context in expression.flows:
                found = self.of(context, job, environment or {}, whole=context in expression.whole)
                if found:
                    return found
        return ""

    def of(self, context: str, job: str, environment: Mapping[str, str], *, whole: bool = False) -> str:
        """Return the source of one context, or ""."""
        if is_untrusted(context, whole=whole):
            return context
        parts = context.split(".")
        if parts[0] == "env" and len(parts) == 2:
            for name, text in environment.items():
                if name.lower() == parts[1]:
                    return self.source(text, job)
        if parts[0] == "steps" and len(parts) >= 4 and parts[2] == "outputs":
            return self._step_output(f"{job}\0{parts[1]}", ".".join(parts[3:]))
        if parts[0] == "needs" and len(parts) >= 4 and parts[2] == "outputs":
            return self._jobs.get(parts[1], {}).get(parts[3], "")
        if parts[0] == "matrix" and len(parts) >= 2:
            return self._matrix.get(job, {}).get(parts[1], "")
        if parts[0] == "inputs" and len(parts) == 2:
            return self._inputs.get(parts[1], "")
        return ""

    def _step_output(self, step: str, name: str) -> str:
        known = self._outputs.get(step, {})
        if name in known:
            return known[name]
        for key, source in known.items():
            if key.startswith("\0") and _REPEATING[key[1:]].fullmatch(name):
                return source
        return ""
