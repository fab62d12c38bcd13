# SPDX-License-Identifier: Apache-2.0
"""The dry-run's story: which of our steps a repository's workflows hold, with which settings, as which job.

It plans and decides; the entrance performs each step through rehearsal doors with the very flows of the real command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline_guard.gate import ci_file
from pipeline_guard.gate.ci_facts import GitlabFacts, Include, Step, WorkflowFacts
from pipeline_guard.identity.job import identify
from pipeline_guard.identity.jwt import Expectation, verify
from pipeline_guard.policy.decide import Decision, decide
from pipeline_guard.policy.parse import Policy
from pipeline_guard.ports import Jwks, TokenSource

VERBS = ("scan", "gate", "sign", "verify", "inject")
AUDIENCE = "pipeline-guard"
GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.com"
EVENTS = {"push": ("push",), "pull-request": ("pull_request", "merge_group"), "fork": ("pull_request",), "tag": ("push", "release")}

_ACTION = re.compile(rf"(?:\./|\$/|[^@]*pipeline-guard[^@/]*/)actions/({'|'.join(VERBS)})/?(?:@.+)?")
_TEMPLATE = re.compile(rf"/?(?:gitlab-templates|templates)/({'|'.join(VERBS)})(?:/template)?\.ya?ml")
_COMPONENT = re.compile(rf".*pipeline-guard[^/]*/({'|'.join(VERBS)})@.+")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_MENTION = re.compile(r"\bpipeline[-_]guard\b")
_STARTERS = frozenset(("if", "then", "else", "elif", "while", "until", "do", "!", "time", "exec", "env", "command", "sudo", "uvx", "{"))
_INSTALLS = frozenset(
    ("pip", "pip3", "pipx", "uv", "install", "echo", "printf", "git", "cat", "cp", "ls", "which", "curl", "cd", "mkdir", "rm", "test")
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rehearsed pipeline runs for. ``event`` is "" where every workflow is rehearsed in its own event."""

    event: str
    sha: str
    ref: str
    base: str
    repository: str


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of ours: the words of its command line, its settings as environment, and what had to be assumed."""

    forge: str
    path: str
    line: int
    job: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    notes: tuple[str, ...] = ()
    counts: bool = True  # False: the workflow goes on whatever this step says
    folder: str = ""  # where it runs, if not at the top of the repository

    @property
    def verb(self) -> str:
        """The command's verb."""
        return self.words[0]


@dataclass(slots=True)
class Plan:
    """Our steps, how many steps are others', and the lines that call us in a way that is not understood."""

    steps: list[PlannedStep] = field(default_factory=list)
    others: int = 0
    unclear: list[str] = field(default_factory=list)


def plan(workflows: Mapping[str, bytes], gitlab_file: bytes | None, situation: Situation, job: str) -> Plan:
    """Return the steps to rehearse, in the order of the files; raise UsageError for a file the forge would refuse."""
    found = Plan()
    for path, content in workflows.items():
        facts = ci_file.github(content, path)
        wanted = EVENTS.get(situation.event)
        if wanted is None or set(wanted) & set(facts.events):
            _plan_workflow(facts, situation, job, found)
    if gitlab_file is not None:
        _plan_gitlab(ci_file.gitlab(gitlab_file, ".gitlab-ci.yml"), situation, job, found)
    return found


def _plan_workflow(facts: WorkflowFacts, situation: Situation, job: str, found: Plan) -> None:
    context = _context(facts, situation)
    for step in facts.steps:
        if job and step.job != job:
            continue
        notes = [f"condition taken as true: {step.condition}"] if step.condition else []
        action = _ACTION.fullmatch(step.uses)
        if action:
            settings = {_variable(name): _resolve(value, context, name, notes) for name, value in step.inputs.items()}
            found.steps.append(PlannedStep("github", facts.path, step.line, step.job, (action[1],), settings, tuple(notes), _counts(step)))
            continue
        commands, unclear = _commands(step.run)
        found.unclear += [f"{facts.path}:{step.line}: {line}" for line in unclear]
        found.others += not commands and not unclear
        for words in commands:
            found.steps.append(_from_shell("github", facts.path, step, words, context, notes))


def _from_shell(forge: str, path: str, step: Step, words: list[str], context: Mapping[str, str], notes: list[str]) -> PlannedStep:
    own = {name: value for name, value in step.environment.items() if name.startswith("PIPELINE_GUARD_")}
    local = list(notes)
    settings = {name: _resolve(value, context, name, local) for name, value in own.items()}
    resolved = tuple(_expand(_resolve(word, context, "the command", local), step.environment, local) for word in words)
    folder = step.working_directory if step.working_directory not in ("", ".") else ""
    if folder:
        local.append(f"not checked: it runs in {folder}")
    return PlannedStep(forge, path, step.line, step.job, resolved, settings, tuple(local), _counts(step), folder)


def _expand(word: str, environment: Mapping[str, str], notes: list[str]) -> str:
    """Replace ``$NAME`` by the step's own variables; others have no value here."""

    def replace(found: re.Match[str]) -> str:
        value = environment.get(found[1] or found[2])
        if value is None:
            notes.append(f"{found[0]} has no value here and is taken as empty")
        return value or ""

    return re.sub(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", replace, word)


def _counts(step: Step) -> bool:
    return step.continues.lower() != "true"


def _plan_gitlab(facts: GitlabFacts, situation: Situation, job: str, found: Plan) -> None:
    for include in facts.includes:
        verb = _included_verb(include)
        if verb is None:
            found.others += 1
        elif job in ("", verb):
            notes: list[str] = []
            settings = {_variable(name): _gitlab_value(value, situation, name, notes) for name, value in include.inputs.items()}
            found.steps.append(PlannedStep("gitlab", facts.path, include.line, verb, (verb,), settings, tuple(notes)))
    for script in facts.scripts:
        if job and script.job != job:
            continue
        commands, unclear = _commands(script.text)
        found.unclear += [f"{facts.path}:{script.line}: {line}" for line in unclear]
        found.others += not commands and not unclear
        own = {name: value for name, value in script.environment.items() if name.startswith("PIPELINE_GUARD_")}
        for words in commands:
            found.steps.append(PlannedStep("gitlab", facts.path, script.line, script.job, tuple(words), own))


def _included_verb(include: Include) -> str | None:
    if include.kind == "component":
        found = _COMPONENT.fullmatch(include.target)
    elif include.kind == "project":
        found = _TEMPLATE.fullmatch(include.file) if "pipeline-guard" in include.target else None
    elif include.kind == "local":
        found = _TEMPLATE.fullmatch(include.target)
    else:
        found = None
    return found[1] if found else None


def _variable(name: str) -> str:
    return "PIPELINE_GUARD_" + name.upper().replace("-", "_")


def _context(facts: WorkflowFacts, situation: Situation) -> dict[str, str]:
    """Return the few expressions that our steps need; the rest stays unresolved and is said so."""
    known = {
        "github.sha": situation.sha,
        "github.ref": situation.ref,
        "github.ref_name": situation.ref.rpartition("/")[2],
        "github.repository": situation.repository,
        "github.workspace": ".",
        "github.event_name": facts.events[0] if facts.events else "push",
    }
    if situation.base:
        for name in ("github.base_ref", "github.event.pull_request.base.sha", "github.event.pull_request.base.ref", "github.event.before"):
            known[name] = situation.base
        known["github.event.merge_group.base_sha"] = situation.base
    return known


def _resolve(text: str, context: Mapping[str, str], name: str, notes: list[str]) -> str:
    """Replace ``${{ a.b }}`` and ``${{ a.b || c.d }}``; what is not known becomes empty, with a note."""

    def replace(found: re.Match[str]) -> str:
        for term in found[1].split("||"):
            value = context.get(term.strip())
            if value:
                return value
            literal = re.fullmatch(r"'((?:[^']|'')*)'", term.strip())
            # an empty literal is false in an expression, but where it stands last it is meant
            if literal and (literal[1] or found[1].rstrip().endswith(term.strip())):
                return literal[1].replace("''", "'")
        notes.append(f"{name}: {found[0].strip()} has no value here and is taken as empty")
        return ""

    return _EXPRESSION.sub(replace, text)


def _gitlab_value(text: str, situation: Situation, name: str, notes: list[str]) -> str:
    known = {"CI_COMMIT_SHA": situation.sha, "CI_MERGE_REQUEST_DIFF_BASE_SHA": situation.base, "CI_PROJECT_DIR": "."}

    def replace(found: re.Match[str]) -> str:
        value = known.get(found[1] or found[2], "")
        if not value:
            notes.append(f"{name}: {found[0]} has no value here and is taken as empty")
        return value

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", replace, text)


def _commands(script: str) -> tuple[list[list[str]], list[str]]:
    """Return the words of every simple command of a shell script that calls us, and the lines that do so in another way."""
    found: list[list[str]] = []
    unclear: list[str] = []
    for line in script.replace("\\\n", " ").splitlines():
        if not _MENTION.search(line) or line.lstrip().startswith("#"):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            tokens = list(lexer)
        except ValueError:
            unclear.append(line.strip())
            continue
        for words in _simple_commands(tokens):
            ours = _our_words(words)
            if (
                ours is None
                and any(_MENTION.search(word) for word in words)
                and not _INSTALLS & {word.rpartition("/")[2] for word in words}
            ):
                unclear.append(line.strip())
            elif ours and not ours[0].startswith("-") and ours[0] != "dry-run":
                found.append(ours)
    return found, unclear


def _simple_commands(tokens: list[str]) -> list[list[str]]:
    """Divide a line at its operators; redirections and their targets are the shell's."""
    commands: list[list[str]] = [[]]
    skip = False
    for token in tokens:
        if skip:
            skip = False
        elif token and set(token) <= set("();<>|&"):
            if set(token) & set("<>"):
                skip = True
                if commands[-1] and commands[-1][-1].isdigit():  # the 2 of 2>
                    commands[-1].pop()
            else:
                commands.append([])
        else:
            commands[-1].append(token)
    return commands


def _our_words(words: list[str]) -> list[str] | None:
    """Return what follows our name in a simple command, behind assignments and words that only start commands; None for others."""
    rest = list(words)
    while rest and (rest[0] in _STARTERS or re.fullmatch(r"[A-Za-z_]\w*=.*", rest[0])):
        rest.pop(0)
    if not rest:
        return None
    name = rest[0].rpartition("/")[2]
    if name == "pipeline-guard":
        return rest[1:]
    if re.fullmatch(r"python[0-9.]*", name) and rest[1:3] == ["-m", "pipeline_guard"]:
        return rest[3:]
    return None


def claims(step: PlannedStep, situation: Situation, policy: Policy, now: datetime) -> dict[str, Any]:
    """Return the claims that the forge would sign for this job, as far as they can be known here.

    Numbers of repositories and owners are the forge's secret until it tells them: the policy's own are assumed.
    """
    issuer = GITHUB_ISSUER if step.forge == "github" else GITLAB_ISSUER
    assumed: dict[str, str] = {}
    for grant in policy.grants:
        if grant.issuer.startswith(issuer):
            for name, value in grant.claims.items():
                if name.endswith("_id"):
                    assumed.setdefault(name, value if isinstance(value, str) else value[0])
    seconds = int(now.timestamp())
    common: dict[str, Any] = {
        "aud": AUDIENCE,
        "iat": seconds,
        "nbf": seconds,
        "exp": seconds + 300,
        "jti": f"rehearsal-{seconds}",
        "sha": situation.sha,
        "runner_environment": "github-hosted" if step.forge == "github" else "gitlab-hosted",
    }
    kind = "tag" if situation.ref.startswith("refs/tags/") else "branch"
    event = {"": "push", "tag": "push", "fork": "pull_request", "pull-request": "pull_request"}.get(situation.event, situation.event)
    if step.forge == "github":
        workflow = f"{situation.repository}/{step.path}@{situation.ref}"
        own = {
            "iss": issuer,
            "sub": f"repo:{situation.repository}:ref:{situation.ref}",
            "repository": situation.repository,
            "repository_id": "0",
            "repository_owner": situation.repository.partition("/")[0],
            "repository_owner_id": "0",
            "ref": situation.ref,
            "ref_type": kind,
            "event_name": event,
            "workflow_ref": workflow,
            "workflow_sha": situation.sha,
            "job_workflow_ref": workflow,
            "job_workflow_sha": situation.sha,
            "run_id": "1",
            "run_attempt": "1",
            "check_run_id": "1",
            "actor": "rehearsal",
        }
    else:
        own = {
            "iss": issuer,
            "sub": f"project_path:{situation.repository}:ref_type:{kind}:ref:{situation.ref.rpartition('/')[2]}",
            "project_path": situation.repository,
            "project_id": "0",
            "namespace_id": "0",
            "namespace_path": situation.repository.rpartition("/")[0],
            "ref": situation.ref.rpartition("/")[2],
            "ref_type": kind,
            "ref_path": situation.ref,
            "pipeline_source": "merge_request_event" if event == "pull_request" else "push",
            "pipeline_id": "1",
            "job_id": "1",
        }
        own["job_project_id"] = assumed.get("project_id", "0")
    return {**common, **own, **assumed}


def decisions(names: Sequence[str], policy: Policy, *, tokens: TokenSource, keys: Jwks, issuer: str, now: datetime) -> list[Decision]:
    """Verify the job's token as the broker would, then decide for each secret."""
    expected = Expectation(issuer, AUDIENCE, frozenset({"RS256"}), keys.keys(issuer))
    identity = identify(verify(tokens.fetch(AUDIENCE), expected, now))
    return [decide(policy, identity, name) for name in names]
