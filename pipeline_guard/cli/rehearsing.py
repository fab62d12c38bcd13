# SPDX-License-Identifier: Apache-2.0
"""Our command, played for a rehearsal: the very flows of the real one, behind doors that record instead of act."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Self

from pipeline_guard.cli.args import Args, HelpWanted, parse
from pipeline_guard.cli.commands import command
from pipeline_guard.cli.doors import secret_doors
from pipeline_guard.cli.wiring import NotRehearsed, Rehearsal, Wiring
from pipeline_guard.errors import ExitCode, GuardError, NothingToDo, UsageError
from pipeline_guard.flows import rehearse, secrets
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import Answer, Call, JobNames

# What can be played without any trace; the rest is said not to be checked.
PLAYED = frozenset(
    ("audit", "explain", "gate", "inject", "keys", "policy", "revoke", "rules", "run", "scan", "secrets", "sign", "token", "verify")
)


class Listener:
    """A console that keeps data and talk apart."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.err = bytearray()

    def data(self, text: str) -> None:
        """Keep data, ending in one newline."""
        self.out += text.encode("utf-8", "replace") + (b"" if text.endswith("\n") else b"\n")

    def talk(self, text: str) -> None:
        """Keep talk, as the real console writes it."""
        self.err += f"pipeline-guard: {text}\n".encode("utf-8", "replace")


class Player:
    """Answers calls of our command as the job that was entered last."""

    def __init__(self, wiring: Wiring, situation: Situation, root: str) -> None:
        self._wiring = wiring
        self._situation = situation
        self._root = root
        self._job = JobNames("github", "", "")
        self._notes: list[str] = []
        self._last = ""
        self.verbs: set[str] = set()
        self.rehearsal = Rehearsal.of(wiring, self.answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *why: object) -> None:
        self.rehearsal.stage.__exit__(*why)

    def enter(self, job: JobNames) -> None:
        """Be this job from now on."""
        self._job = job

    def notes(self) -> list[str]:
        """Return what there was to remark since the last time."""
        found, self._notes = list(dict.fromkeys(self._notes)), []
        return found

    def answer(self, call: Call) -> Answer:
        """Do what the command would do; a failure is its answer, not ours."""
        listener, printed = Listener(), io.BytesIO()
        stream = io.TextIOWrapper(printed, "utf-8", write_through=True)  # kept: closing it would close what was printed
        before = os.getcwd()
        inside = os.path.relpath(os.path.realpath(call.folder), os.path.realpath(f"{self.rehearsal.stage.folder}/temp/project"))
        folder = call.folder if inside.startswith("..") else os.path.normpath(f"{self._root}/{inside}")
        try:
            if not Path(folder).is_dir():
                raise UsageError(f"no such folder: {folder.removeprefix(self._root + '/')}", "the step's working-directory")
            os.chdir(folder)
            with redirect_stdout(stream):
                code = self._act(call, listener)
        except HelpWanted as text:
            listener.data(str(text))
            code = int(ExitCode.CLEAN)
        except GuardError as error:
            code = self._weighed(error)
            listener.talk(f"error: {error.what}")
            if error.hint:
                listener.talk(f"hint: {error.hint}")
        finally:
            os.chdir(before)
        return Answer(code, printed.getvalue() + bytes(listener.out), bytes(listener.err))

    def _weighed(self, error: GuardError) -> int:
        if isinstance(error, NotRehearsed):
            self._notes.append(f"not checked: {error.what}; {error.hint}")
            # signing asks nothing of what it signs; whether a signature holds is the very question
            return int(ExitCode.CLEAN if self._last == "sign" else ExitCode.INCOMPLETE)
        if isinstance(error, NothingToDo) and self._job.after_others and self._last in ("sign", "verify"):
            # what an earlier step of somebody else builds is not here
            self._notes.append(f"not checked: {error.what}; an earlier step of the pipeline may make it")
            return int(ExitCode.CLEAN)
        return int(error.exit_code)

    def _act(self, call: Call, listener: Listener) -> int:
        self._last = call.words[0] if call.words else ""
        args = parse(call.words, call.environment)
        self.verbs.add(args.verb)
        known = command(args.verb)
        if known is None or args.verb not in PLAYED:
            self._notes.append(f"not checked: {args.verb} leaves something behind, so it is not rehearsed")
            return int(ExitCode.INCOMPLETE)
        unasked = args.verb == "scan" and args.on("against-store")
        if unasked:  # a log-in alone makes SoftHSM write to its token, and the use of its key belongs into the log
            self._notes.append(
                "not checked: the values of the secrets store: no token is opened here; pipeline-guard scan --against-store does"
            )
            args = replace(args, values={**args.values, "against-store": False})
        doors = self.rehearsal.doors(args, listener, call.environment, verb=args.verb)
        if args.verb in ("inject", "run"):
            denied = self._prepare(doors)
            if denied:
                return int(ExitCode.DENIED)
        module = next((action.module for action in known.actions if action.name == args.action), known.module)
        run: Callable[[Args, Wiring], ExitCode] = import_module(f"pipeline_guard.cli.{module}").run
        code = run(args, doors)
        return int(ExitCode.INCOMPLETE if unasked and code == ExitCode.CLEAN else code)

    def _prepare(self, doors: Wiring) -> bool:
        """Put canaries where the secrets would be, and ask the policy about this job; return whether it denies any."""
        config = doors.config("")
        names = sorted({binding.secret for binding in config.bindings()})
        for name in names:
            secrets.put(name, Secret(b"canary-" + self._wiring.random.bytes(16).hex().encode()), doors=secret_doors(doors))
        if not names:
            return False
        if not config.policy.grants:
            self._notes.append("the policy grants nothing, so only a local store would give these: " + ", ".join(names))
            return False
        if not self._job.identified:
            self._notes += [f"{name}: DENIED ({self._job.why_not})" for name in names]
            return True
        now = self._wiring.clock.now()
        issued = rehearse.claims(self._job, self._situation, config.policy, now)
        issuer = Rehearsal.issuer(issued)
        decided = rehearse.decisions(names, config.policy, tokens=issuer, keys=issuer, issuer=str(issued["iss"]), now=now)
        self._notes += [f"{one.secret}: {'granted' if one.allowed else 'DENIED'} ({one.why})" for one in decided]
        return not all(one.allowed for one in decided)


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what a pipeline, or this dry-run, was told."""
    gone = ("PIPELINE_GUARD_", "GITHUB_", "GITLAB_", "CI_", "RUNNER_", "ACTIONS_", "INPUT_", "STATE_")
    kept = {name: value for name, value in environ.items() if not name.startswith(gone) and name != "CI"}
    return kept | ({"PIPELINE_GUARD_HOME": environ["PIPELINE_GUARD_HOME"]} if "PIPELINE_GUARD_HOME" in environ else {})
