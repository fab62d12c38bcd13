# SPDX-License-Identifier: Apache-2.0
"""A GitLab pipeline, rehearsed: includes, inputs, rules, stages, and the jobs that call us.

Lines of our own templates really run, in the stage; a job's own lines are never started: the calls of our command in them are
answered one by one. Everybody else's jobs are taken as done well, and listed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.flows.rehearse import Rehearsal, RehearseDoors
from pipeline_guard.flows.rehearse_gitlab_job import JobPlay, is_ours
from pipeline_guard.model.document import parse_yaml_documents
from pipeline_guard.model.situation import Situation
from pipeline_guard.rehearse.gitlab_config import expanded, job_variables, jobs, lines, merged, ordered, stages, texts
from pipeline_guard.rehearse.gitlab_form import check_job, needed
from pipeline_guard.rehearse.gitlab_inputs import interpolate, settle
from pipeline_guard.rehearse.gitlab_rules import Ground, Part, of_job, of_rules
from pipeline_guard.rehearse.ours import component_version, template_path
from pipeline_guard.rehearse.situation import gitlab_variables

_MAX_INCLUDES = 150
_MAX_CHILDREN = 2  # levels of child pipelines, as GitLab allows
_MAX_PARALLEL = 200  # jobs of a matrix, as GitLab allows


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
    reading = _Reading(situation, doors, found, _predefined(situation, doors))
    return _load(content, path, {}, {}, reading, ours=False), reading.places


def rehearse_pipeline(content: bytes, path: str, situation: Situation, wanted: str, found: Rehearsal, doors: RehearseDoors) -> None:
    """Rehearse the pipeline in the situation."""
    _Pipeline(_predefined(situation, doors), situation, wanted, found, doors).play(content, path)


def _predefined(situation: Situation, doors: RehearseDoors) -> dict[str, str]:
    given = {name: value for name, value in doors.assumed.items() if "." not in name}
    return {**gitlab_variables(situation, situation.event), "CI_PROJECT_DIR": doors.root, **given}


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """One pipeline; ``perhaps`` says what it depends on whether it runs at all, in ``soft`` its failure is nobody's."""

    predefined: Mapping[str, str]
    situation: Situation
    wanted: str
    found: Rehearsal
    doors: RehearseDoors
    depth: int = 0
    perhaps: str = ""
    soft: bool = False

    def play(self, content: bytes, path: str) -> bool:
        """Go through the jobs stage by stage; return whether one failed in a way that counts."""
        found, doors = self.found, self.doors
        reading = _Reading(self.situation, doors, found, self.predefined)
        config = _load(content, path, {}, {}, reading, ours=False)
        known = {**self.predefined, **texts(config.get("variables"))}
        workflow = config.get("workflow")
        rules = workflow.get("rules") if isinstance(workflow, Mapping) else None
        whole_part = of_rules(rules, Ground(known, doors.changed(), doors.exists), "always") if rules is not None else Part("always")
        if whole_part.when == "never":
            found.skipped.append(f"{path}: workflow: rules start no pipeline for {self.predefined['CI_PIPELINE_SOURCE']}")
            return False
        try:
            whole = jobs(config, path)
        except UsageError:
            if not found.unseen:
                raise
            raise UsageError(
                f"{path}: a job extends one of an include that is not here", "rehearse where the include can be read"
            ) from None
        self._check(whole, config, whole_part, path, has_rules=rules is not None)
        failed_at = ""
        for number, name in enumerate(ordered(whole, stages(config), path), start=1):
            if self.wanted and name != self.wanted and not self.depth:
                continue
            for label, job in _varied(name, whole[name], path):
                place = reading.places.get(name, (path, 1))
                more = (whole_part.variables, {"CI_JOB_ID": str(number)})
                if self._job(label, job, place, config, more, whole_part.perhaps, failed_at, has_rules=rules is not None):
                    failed_at = failed_at or str(job.get("stage", "test"))
        return bool(failed_at)

    def _check(self, whole: Mapping[str, Mapping[str, Any]], config: dict[str, Any], part: Part, path: str, *, has_rules: bool) -> None:
        """Raise UsageError for jobs that GitLab refuses: an unknown key, nothing to do, or a need of one that is not there."""
        takes_part = {}
        for name, job in whole.items():
            check_job(name, job, path)
            variables = job_variables(self.predefined, config, dict(job), part.variables)
            own = of_job(job, Ground(variables, self.doors.changed(), self.doors.exists), has_workflow_rules=has_rules)
            takes_part[name] = own
        if self.found.unseen:  # what is needed may be in a file that is not here
            return
        for name, job in whole.items():
            for need in needed(job) if takes_part[name].when != "never" else ():
                if need not in whole:
                    raise UsageError(f"{path}: the job {name} needs {need}, which is not there")
                if takes_part[need].when == "never":
                    hint = "add optional: true to the need, or give both the same rules"
                    raise UsageError(f"{path}: the job {name} needs {need}, which its rules leave out here: GitLab makes no pipeline", hint)

    def _job(
        self,
        name: str,
        job: Mapping[str, Any],
        place: tuple[str, int],
        config: dict[str, Any],
        more: tuple[Mapping[str, str], ...],
        perhaps: str,
        failed_at: str,
        *,
        has_rules: bool,
    ) -> bool:
        """Rehearse one job; return whether it failed in a way that counts."""
        found, doors, path = self.found, self.doors, place[0]
        variables = job_variables(self.predefined, config, dict(job), *more)
        part = of_job(job, Ground(variables, doors.changed(), doors.exists), has_workflow_rules=has_rules)
        child = job.get("trigger") is not None
        if not child and not is_ours(job, doors):
            if part.when != "never":
                found.others.append(f"{path}: the job {name}")
            return False
        left_out = {
            "never": "its rules leave it out here",
            "manual": "it waits for a person",
            "on_failure": "" if failed_at else "it runs only after a failure",
        }.get(part.when, "")
        if left_out:
            found.skipped.append(f"{path}: the job {name}: {left_out}")
            return False
        unsure = self.perhaps or perhaps or part.perhaps
        whole = job_variables(self.predefined, config, dict(job), *more, part.variables)
        if child:
            return self._child(name, job, path, whole, unsure)
        stage = str(job.get("stage", "test"))
        reached = part.when != "on_success" or not failed_at or failed_at == stage or job.get("needs") is not None
        played = JobPlay(
            *place,
            name,
            job,
            part,
            whole,
            self.situation,
            found,
            doors,
            reached=reached,
            perhaps=unsure,
            soft=self.soft,
            source=self.predefined,
        )
        return played.play() and reached and not unsure

    def _child(self, name: str, job: Mapping[str, Any], path: str, variables: Mapping[str, str], unsure: str) -> bool:
        """Follow a child pipeline as far as its files are here."""
        trigger = job["trigger"]
        includes = _listed(trigger.get("include")) if isinstance(trigger, Mapping) else []
        here = [each for each in includes if "artifact" not in each]
        if not here or self.depth >= _MAX_CHILDREN:
            project = trigger.get("project") if isinstance(trigger, Mapping) else trigger
            what = "a file that a job makes" if includes else f"the pipeline of another project, {str(project)[:200]}"
            self.found.unseen.append(f"{path}: {name}: {what}")
            return False
        depends = isinstance(trigger, Mapping) and trigger.get("strategy") in ("depend", "mirror")
        own = texts(job.get("variables"))
        below = replace(
            self,
            predefined={
                **self.predefined,
                "CI_PIPELINE_SOURCE": "parent_pipeline",
                **{key: variables[key] for key in own if key in variables},
            },
            depth=self.depth + 1,
            perhaps=unsure,
            soft=self.soft or not depends or job.get("allow_failure") is True,
        )
        failed = below.play(json.dumps({"include": here}).encode(), path)
        return failed and depends and not unsure and job.get("allow_failure") is not True


def _varied(name: str, job: Mapping[str, Any], path: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the jobs that ``parallel`` makes of one, each with its name."""
    parallel = job.get("parallel")
    matrix = parallel.get("matrix") if isinstance(parallel, Mapping) else None
    if isinstance(parallel, int) and any("CI_NODE_INDEX" in line for key in ("before_script", "script") for line in lines(job.get(key))):
        rows = [{"CI_NODE_INDEX": str(number), "CI_NODE_TOTAL": str(parallel)} for number in range(1, min(parallel, _MAX_PARALLEL) + 1)]
        return [
            (f"{name} {row['CI_NODE_INDEX']}/{parallel}", {**job, "variables": {**(job.get("variables") or {}), **row}}) for row in rows
        ]
    if not isinstance(matrix, list):
        return [(name, job)]
    varied: list[dict[str, str]] = []
    for entry in matrix:
        columns = {str(key): lines(value) for key, value in entry.items()} if isinstance(entry, Mapping) else {}
        count = math.prod(map(len, columns.values()))
        if len(varied) + count > _MAX_PARALLEL:
            raise UsageError(f"{path}: the job {name} has more than {_MAX_PARALLEL} variations")
        varied += [dict(zip(columns, values, strict=True)) for values in product(*columns.values())]
    return [(f"{name}: [{', '.join(row.values())}]", {**job, "variables": {**(job.get("variables") or {}), **row}}) for row in varied]


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
    part = of_rules(include["rules"], reading.ground(reading.predefined), "always") if include.get("rules") is not None else Part("always")
    given = include.get("inputs") or {}
    kind = next((word for word in ("local", "project", "component", "remote", "template", "artifact") if word in include), "")
    if not kind:
        raise UsageError(f"{path}: an include of no known kind", "use one of local, project, remote, template, component")
    target = expanded(str(include[kind]), reading.predefined)
    file = expanded(str(include.get("file") or ""), reading.predefined)
    doors, shells = reading.doors, reading.doors.shells
    known = template_path(kind, target, file, shells)
    here = _path_here(kind, target, file, reading.situation)
    if part.when == "never" or part.perhaps:
        _left_out(part, path, target, known, here, reading)
        return {}
    if ours and kind == "local":
        known = target.lstrip("/")
    if known:
        version = component_version(target) if kind == "component" else ""
        sha = version if len(version) == 40 else reading.situation.sha
        content = shells.read(known)
        if content is None:
            raise UsageError(f"{path}: this version has no {known}")
        return _load(content, known, given, {"sha": sha, "version": version, "reference": version, "name": known}, reading, ours=True)
    if "*" in here:
        found: dict[str, Any] = {}
        for each in doors.matching(here):
            found = merged(found, _load(doors.read(each) or b"", each, given, {"sha": reading.situation.sha}, reading, ours=False))
        return found
    if here:
        content = doors.read(here)
        if content is None:
            raise UsageError(f"{path}: includes {here}, which is not there", "check the path: it counts from the repository's root")
        return _load(content, here, given, {"sha": reading.situation.sha}, reading, ours=False)
    label = f"{target}{' ' + file if file else ''}"
    reading.found.unseen.append(f"{path}: include of {kind} {label}: not here")
    return {}


def _left_out(part: Part, path: str, target: str, known: str, here: str, reading: _Reading) -> None:
    """Note an include that its rules leave out here; where others may take it in, what it holds of ours is not checked."""
    if not part.perhaps:
        reading.found.skipped.append(f"{path}: the include {target}: its rules leave it out here")
        return
    what = f"{path}: whether {target} is included depends on {part.perhaps}, which only the forge knows"
    texts_here = [reading.doors.read(each) or b"" for each in reading.doors.matching(here)] if here else []
    if known or any(b"pipeline-guard" in text for text in texts_here):
        reading.found.unclear.append(what)
    elif not texts_here:
        reading.found.unseen.append(what)
    else:
        reading.found.skipped.append(what)


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
