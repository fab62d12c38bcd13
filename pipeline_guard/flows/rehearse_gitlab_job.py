# SPDX-License-Identifier: Apache-2.0
"""One job of a GitLab pipeline, rehearsed: lines of our own templates really run, in the stage; a job's own lines never do.

The calls of our command in the job's own lines are answered one by one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_guard.flows.rehearse import VERBS, Rehearsal, RehearseDoors
from pipeline_guard.flows.rehearse_script import answer_script_call, read_script, words_of
from pipeline_guard.model.document import parse_yaml_documents
from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import JobNames, Rehearsed
from pipeline_guard.rehearse.gitlab_config import expanded, lines
from pipeline_guard.rehearse.gitlab_rules import Part

_VERB = re.compile(rf"\bpipeline-guard\"? ({'|'.join((*VERBS, 'revoke'))})\b")
_SCRIPTS = ("before_script", "script", "after_script")
# The runner's shell; and git, which would fetch the tool, names the very files of this version instead.
_BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
_PRELUDE = 'git() {{ case " $* " in *" init "*|*" clone "*) mkdir -p "$(dirname "${{!#}}")"; ln -sfn {guard} "${{!#}}" ;; esac; }}\n'
_SHELL = "bash -e -o pipefail {0}"  # how GitLab's runner starts one


def is_ours(job: Mapping[str, Any], doors: RehearseDoors) -> bool:
    """Tell whether a job calls us."""
    return any(read_script("\n".join(lines(job.get(key))), doors, shell=_SHELL) for key in _SCRIPTS)


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


class JobPlay:
    """One job that calls us; ``perhaps`` says what it depends on whether it runs, in ``soft`` its failure is nobody's."""

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
        *,
        reached: bool,
        perhaps: str,
        soft: bool,
        source: Mapping[str, str],
    ) -> None:
        self.line, self.perhaps, self.soft = line, perhaps, soft
        self.path, self.name, self.job, self.found, self.doors, self.reached = path, name, job, found, doors, reached
        self.allowed = part.allowed if part.allowed is not None else job.get("allow_failure", False)
        environment = job.get("environment")
        named = environment.get("name") if isinstance(environment, Mapping) else environment
        has_token = isinstance(job.get("id_tokens"), Mapping)
        self.names = JobNames(
            "gitlab",
            path,
            name,
            situation.event or ("tag" if "CI_COMMIT_TAG" in source else "push"),
            expanded(str(named or ""), variables),
            identified=has_token,
            why_not="" if has_token else "the job has no id_tokens, so the forge gives it no identity",
        )
        self.variables = {**variables, "CI_JOB_NAME": name, "CI_JOB_STAGE": str(job.get("stage", "test"))}

        services = [str(each.get("name") if isinstance(each, Mapping) else each) for each in job.get("services") or ()]
        if services:
            found.unstarted.append(f"{path}: the job {name}: {', '.join(f'the service {each[:100]}' for each in services)}")

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
        return code != 0 and not self._forgiven(code) and not self.soft

    def _part(self, script: Sequence[str], own: frozenset[str], variables: Mapping[str, str], *, counts: bool) -> int:
        ours = [line for line in script if line in own]
        code = 0
        if any(_VERB.search(line) for line in ours):  # what never calls us answers nothing
            code = self._run(ours, variables, counts=counts)
        foreign = [line for line in script if line not in own]
        code = self._answer(foreign, variables, counts=counts) or code
        for line in foreign:
            if line.strip() and not read_script(line, self.doors, shell=_SHELL):
                self.found.others.append(f"{self.path}: {self.name}: {line.splitlines()[0][:80]}")
        return code

    def _run(self, script: Sequence[str], variables: Mapping[str, str], *, counts: bool) -> int:
        named = _VERB.search("\n".join(script))
        verb = named[1] if named else self.name
        entry = self._entry(verb if counts else f"after_script: {verb}", verb, counts=counts)
        text = _PRELUDE.format(guard=f"{self.doors.stage.folder}/guard") + "\n".join(script)
        entry.settings = {key: value for key, value in variables.items() if key.startswith("PIPELINE_GUARD_") and value}
        inside = {**variables, "CI_PROJECT_DIR": f"{self.doors.stage.folder}/temp/project"}  # what the lines write is gone at the end
        done = self.doors.stage.execute((*_BASH, text), inside, ())
        entry.code, entry.said = done.code, done.said
        self._settle(entry)
        return entry.code

    def _answer(self, script: Sequence[str], variables: Mapping[str, str], *, counts: bool) -> int:
        found = read_script("\n".join(script), self.doors, shell=_SHELL)
        for each in found.unclear if counts else ():
            self._unclear(each)
        code = 0
        for call in found.calls:
            entry = self._entry("", call.words[0], counts=counts)
            words, missing = words_of(call, variables, entry)
            if missing and counts:
                entry.certain = False  # asked something else, it may answer something else
                self._unclear(f"{entry.label}: depends on {', '.join(missing)}, which only the forge knows")
            answer_script_call(words, variables, call.folder, entry, self.doors)
            self._settle(entry)
            code = code or (entry.code if call.counts and entry.certain else 0)
        return code

    def _unclear(self, what: str) -> None:
        """Note what nobody here can tell, where the pipeline's answer depends on it."""
        if self.reached and self.allowed is not True and not self.soft:
            self.found.unclear.append(f"{self.path}: {self.name}: {what}")

    def _entry(self, label: str, verb: str, *, counts: bool) -> Rehearsed:
        entry = Rehearsed("gitlab", self.path, self.line, self.name, label, verb, counts=counts and not self.soft, reached=self.reached)
        if self.perhaps:
            entry.certain = False
            entry.notes.append(f"whether it runs depends on {self.perhaps}, which only the forge knows")
        return entry

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
