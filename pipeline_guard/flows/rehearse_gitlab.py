# SPDX-License-Identifier: Apache-2.0
"""A GitLab pipeline, rehearsed: includes, inputs, rules, stages, and the jobs that call us.

Lines of our own templates really run, in the stage; a job's own lines are never started: the calls of our command in them are
answered one by one. Everybody else's jobs are taken as done well, and listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.rehearse import VERBS, Rehearsal, RehearseDoors
from pipeline_guard.flows.rehearse_github import answer_script_call
from pipeline_guard.model.document import parse_yaml_documents
from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import JobNames, Rehearsed
from pipeline_guard.rehearse.calls import calls, expand
from pipeline_guard.rehearse.gitlab_config import expanded, job_variables, jobs, lines, merged, ordered, stages, texts
from pipeline_guard.rehearse.gitlab_inputs import interpolate, settle
from pipeline_guard.rehearse.gitlab_rules import Ground, Part, of_job, of_rules
from pipeline_guard.rehearse.ours import component_version, template_path
from pipeline_guard.rehearse.situation import gitlab_variables

_MAX_INCLUDES = 150
_VERB = re.compile(rf"\bpipeline-guard\"? ({'|'.join((*VERBS, 'revoke'))})\b")
_SCRIPTS = ("before_script", "script", "after_script")
# The runner's shell; and git, which would fetch the tool, names the very files of this version instead.
_BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
_PRELUDE = 'git() {{ case " $* " in *" init "*|*" clone "*) mkdir -p "$(dirname "${{!#}}")"; ln -sfn {guard} "${{!#}}" ;; esac; }}\n'


@dataclass(slots=True)
class _Reading:
    """A configuration being put together."""

    situation: Situation
    doors: RehearseDoors
    found: Rehearsal
    predefined: Mapping[str, str]
    count: int = 0
    places: dict[str, tuple[str, int]] = field(default_factory=dict)  # where each job stands in this repository

    def ground(self, variables: Mapping[str, str]) -> Ground:
        return Ground(variables, self.doors.changed(), self.doors.exists)


def expand_pipeline(
    content: bytes, path: str, situation: Situation, found: Rehearsal, doors: RehearseDoors
) -> tuple[dict[str, Any], dict[str, tuple[str, int]]]:
    """Return the whole configuration, includes merged and inputs replaced, and where each job stands.

    Raises UsageError for what GitLab would refuse.
    """
    reading = _Reading(situation, doors, found, gitlab_variables(situation, situation.event))
    return _load(content, path, {}, {}, reading, ours=False), reading.places


def rehearse_pipeline(content: bytes, path: str, situation: Situation, wanted: str, found: Rehearsal, doors: RehearseDoors) -> None:
    """Rehearse the pipeline in the situation."""
    config, places = expand_pipeline(content, path, situation, found, doors)
    predefined = gitlab_variables(situation, situation.event)
    known = {**predefined, **texts(config.get("variables"))}
    workflow = config.get("workflow")
    rules = workflow.get("rules") if isinstance(workflow, Mapping) else None
    more: Mapping[str, str] = {}
    if rules is not None:
        part = of_rules(rules, Ground(known, doors.changed(), doors.exists), "always")
        if part.when == "never":
            found.skipped.append(f"{path}: workflow: rules start no pipeline for {predefined['CI_PIPELINE_SOURCE']}")
            return
        more = part.variables
    try:
        whole = jobs(config, path)
    except UsageError:
        if not found.others:
            raise
        raise UsageError(f"{path}: a job extends one of an include that is not here", "rehearse where the include can be read") from None
    failed_at = ""
    for number, name in enumerate(ordered(whole, stages(config), path), start=1):
        job = whole[name]
        if wanted and name != wanted:
            continue
        variables = job_variables(predefined, config, job, more)
        part = of_job(job, Ground(variables, doors.changed(), doors.exists), has_workflow_rules=rules is not None)
        if not _is_ours(job):
            if part.when != "never":
                found.others.append(f"{path}: the job {name}")
            continue
        if part.when in ("never", "manual"):
            found.skipped.append(
                f"{path}: the job {name}: its rules leave it out here"
                if part.when == "never"
                else f"{path}: the job {name}: it waits for a person"
            )
            continue
        if part.when == "on_failure" and not failed_at:
            found.skipped.append(f"{path}: the job {name}: it runs only after a failure")
            continue
        whole_variables = job_variables({**predefined, "CI_JOB_ID": str(number)}, config, job, more, part.variables)
        stage = str(job.get("stage", "test"))
        reached = part.when != "on_success" or not failed_at or failed_at == stage or job.get("needs") is not None
        played = _Job(*places.get(name, (path, 1)), name, job, part, whole_variables, situation, found, doors, reached)
        if played.play() and reached and not failed_at:
            failed_at = stage


def _load(
    content: bytes, path: str, given: Mapping[str, Any], component: Mapping[str, Any], reading: _Reading, *, ours: bool
) -> dict[str, Any]:
    """Read one file: its inputs settled, its includes below it."""
    reading.count += 1
    if reading.count > _MAX_INCLUDES:
        raise UsageError(f"{path}: more than {_MAX_INCLUDES} included files, or includes in a circle")
    documents = parse_yaml_documents(content, path)
    declared: Mapping[str, Any] = {}
    if len(documents) > 1 and documents[0].get("spec") is not None:
        spec = documents[0].plain().get("spec")
        declared = (spec.get("inputs") if isinstance(spec, Mapping) else None) or {}
        documents = documents[1:]
    if len(documents) > 1:
        raise UsageError(f"{path}:{documents[1].line}: more than one YAML document", "only a spec: header may come before ---")
    if not documents or documents[0].value is None:
        return {}
    root = documents[0]
    if not isinstance(root.value, dict):
        raise UsageError(f"{path}:{root.line}: a CI file must be a mapping", "write it as name: value pairs")
    values = {"inputs": settle(declared, given, path), "component": dict(component)}
    tree = interpolate(root.plain(), values, lambda text: expanded(text, reading.predefined))
    found: dict[str, Any] = {}
    for include in _listed(tree.get("include")):
        below = _included(include, path, reading, ours=ours)
        for name in below if not ours else ():
            reading.places.setdefault(name, (path, (root.key_lines or {}).get("include", 1)))
        found = merged(found, below)
    if not ours:
        reading.places.update({name: (path, line) for name, line in (root.key_lines or {}).items()})
    return merged(found, {key: value for key, value in tree.items() if key != "include"})


def _listed(include: Any) -> list[Mapping[str, Any]]:
    if include is None:
        return []
    if isinstance(include, list):
        return [found for each in include for found in _listed(each)]
    if isinstance(include, Mapping):
        files = include.get("file")
        return [{**include, "file": each} for each in files] if isinstance(files, list) else [include]
    word = str(include)
    return [{"remote": word} if word.startswith(("http://", "https://")) else {"local": word}]


def _included(include: Mapping[str, Any], path: str, reading: _Reading, *, ours: bool) -> dict[str, Any]:
    """Follow one include as far as it lies here: this repository, or this version's own templates."""
    if include.get("rules") is not None and of_rules(include["rules"], reading.ground(reading.predefined)).when == "never":
        return {}
    given = include.get("inputs") or {}
    kind = next((word for word in ("local", "project", "component", "remote", "template", "artifact") if word in include), "")
    if not kind:
        raise UsageError(f"{path}: an include of no known kind", "use one of local, project, remote, template, component")
    target = expanded(str(include[kind]), reading.predefined)
    file = expanded(str(include.get("file") or ""), reading.predefined)
    doors, shells = reading.doors, reading.doors.shells
    known = template_path(kind, target, file, shells)
    if ours and kind == "local":
        known = target.lstrip("/")
    if known:
        version = component_version(target) if kind == "component" else ""
        sha = version if len(version) == 40 else reading.situation.sha
        content = shells.read(known)
        if content is None:
            raise UsageError(f"{path}: this version has no {known}")
        return _load(content, known, given, {"sha": sha, "version": version, "reference": version, "name": known}, reading, ours=True)
    here = _path_here(kind, target, file, reading.situation)
    if here and "*" not in here:
        content = doors.read(here)
        if content is None:
            raise UsageError(f"{path}: includes {here}, which is not there", "check the path: it counts from the repository's root")
        return _load(content, here, given, {"sha": reading.situation.sha}, reading, ours=False)
    label = f"{target}{' ' + file if file else ''}"
    reading.found.others.append(f"{path}: include of {kind} {label}: not here")
    return {}


def _path_here(kind: str, target: str, file: str, situation: Situation) -> str:
    """Return the path in this repository that an include names, "" where it lies elsewhere."""
    if kind == "local":
        return target.lstrip("/")
    if kind == "project" and target == situation.repository:
        return file.lstrip("/")
    if kind == "component":
        address, _, _version = target.rpartition("@")
        host, _, rest = address.partition("/")
        if host == "gitlab.com" and rest.startswith(f"{situation.repository}/"):
            return f"templates/{rest.removeprefix(situation.repository + '/')}.yml"
    return ""


def _is_ours(job: Mapping[str, Any]) -> bool:
    for key in _SCRIPTS:
        found, unclear = calls("\n".join(lines(job.get(key))), pipefail=True)
        if found or unclear:
            return True
    return False


def own_lines(doors: RehearseDoors) -> frozenset[str]:
    """Return the script lines of this version's templates: they, and nothing else, are ever started."""
    found: set[str] = set()
    for path in doors.shells.paths():
        if not path.startswith("gitlab-templates/"):
            continue
        for document in parse_yaml_documents(doors.shells.read(path) or b"", path):
            for job in document.plain().values() if isinstance(document.value, dict) else ():
                if isinstance(job, Mapping):
                    found |= {line for key in _SCRIPTS for line in lines(job.get(key)) if "$[[" not in line}
    return frozenset(found)


class _Job:
    """One job that calls us."""

    def __init__(
        self,
        path: str,
        line: int,
        name: str,
        job: Mapping[str, Any],
        part: Part,
        variables: Mapping[str, str],
        situation: Situation,
        found: Rehearsal,
        doors: RehearseDoors,
        reached: bool,
    ) -> None:
        self.line = line
        self.path, self.name, self.job, self.found, self.doors, self.reached = path, name, job, found, doors, reached
        self.allowed = part.allowed if part.allowed is not None else job.get("allow_failure", False)
        environment = job.get("environment")
        named = environment.get("name") if isinstance(environment, Mapping) else environment
        has_token = isinstance(job.get("id_tokens"), Mapping)
        self.names = JobNames(
            "gitlab",
            path,
            name,
            situation.event or ("tag" if "CI_COMMIT_TAG" in variables else "push"),
            expanded(str(named or ""), variables),
            identified=has_token,
            why_not="" if has_token else "the job has no id_tokens, so the forge gives it no identity",
        )
        self.variables = {
            **variables,
            "CI_JOB_NAME": name,
            "CI_JOB_STAGE": str(job.get("stage", "test")),
            "CI_PROJECT_DIR": f"{doors.stage.folder}/temp/project",
        }

    def play(self) -> bool:
        """Run before_script and script as one, then after_script; return whether the job failed in a way that counts."""
        self.doors.performer.enter(self.names)
        own = own_lines(self.doors)
        main = [*lines(self.job.get("before_script")), *lines(self.job.get("script"))]
        code = self._part(main, own, self.variables, counts=True)
        after = lines(self.job.get("after_script"))
        if after:
            status = {"CI_JOB_STATUS": "success" if code == 0 else "failed"}
            self._part(after, own, {**self.variables, **status}, counts=False)
        return code != 0 and not self._forgiven(code)

    def _part(self, script: Sequence[str], own: frozenset[str], variables: Mapping[str, str], *, counts: bool) -> int:
        ours = [line for line in script if line in own]
        code = 0
        if any(_VERB.search(line) for line in ours):  # what never calls us answers nothing
            code = self._run(ours, variables, counts=counts)
        for line in script:
            if line not in own:
                code = self._answer(line, variables, counts=counts) or code
        foreign = [line for line in script if line not in own and not calls(line, pipefail=True)[0]]
        self.found.others += [f"{self.path}: {self.name}: {line.splitlines()[0][:80]}" for line in foreign if line.strip()]
        return code

    def _run(self, script: Sequence[str], variables: Mapping[str, str], *, counts: bool) -> int:
        named = _VERB.search("\n".join(script))
        verb = named[1] if named else self.name
        entry = self._entry(verb if counts else f"after_script: {verb}", verb, counts=counts)
        text = _PRELUDE.format(guard=f"{self.doors.stage.folder}/guard") + "\n".join(script)
        entry.settings = {key: value for key, value in variables.items() if key.startswith("PIPELINE_GUARD_") and value}
        done = self.doors.stage.execute((*_BASH, text), variables, ())
        entry.code, entry.said = done.code, done.said
        self._settle(entry)
        return entry.code

    def _answer(self, line: str, variables: Mapping[str, str], *, counts: bool) -> int:
        found, unclear = calls(line, pipefail=True)
        self.found.unclear += [f"{self.path}: {self.name}: {each}" for each in unclear]
        code = 0
        for call in found:
            missing: list[str] = []
            words = tuple(expand(word, variables, missing) for word in call.words)
            entry = self._entry(" ".join(words if words[0] != "run" else ("run", "--", "...")), words[0], counts=counts and call.counts)
            entry.notes += [f"{name} has no value here and is taken as empty" for name in dict.fromkeys(missing)]
            if not call.counts:
                entry.notes.append("the script goes on whatever this command answers")
            answer_script_call(words, variables, "", entry, self.doors)
            self._settle(entry)
            code = code or (entry.code if call.counts else 0)
        return code

    def _entry(self, label: str, verb: str, *, counts: bool) -> Rehearsed:
        return Rehearsed("gitlab", self.path, self.line, self.name, label, verb, counts=counts, reached=self.reached)

    def _settle(self, entry: Rehearsed) -> None:
        entry.notes += self.doors.performer.notes()
        if entry.counts and entry.code and self._forgiven(entry.code):
            entry.counts = False
            entry.notes.append("allow_failure")
        self.found.steps.append(entry)

    def _forgiven(self, code: int) -> bool:
        """Tell whether the job's failure is allowed."""
        if isinstance(self.allowed, Mapping):
            codes = self.allowed.get("exit_codes")
            return code in (codes if isinstance(codes, list) else [codes])
        return self.allowed is True
