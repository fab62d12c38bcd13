# SPDX-License-Identifier: Apache-2.0
"""A small runner of GitHub Actions: our actions as they are, composite and node24, with all that a step can see and say.

What it does is what docs.github.com tells of the real one: inputs with their defaults, ``env`` and ``outputs`` of expressions as
simple as ours, bash as the runner starts it, files for outputs, state, environment and summary, workflow commands in
the log (masks, annotations, groups, stop-commands), and post steps in reverse order. Anything else is an error, not ignored.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.shells.reading import documents

COMMAND = re.compile(r"::([a-z-]+)(?: ([^:]*))?::(.*)")
EXPRESSION = re.compile(r"\$\{\{ (?:inputs\.([a-z-]+)|steps\.([a-z]+)\.outputs\.([a-z-]+)) \}\}")


@dataclass
class Done:
    """What one step left: its code, its outputs, its log as shown, and the commands that it gave."""

    code: int
    outputs: dict[str, str]
    log: str
    summary: str
    commands: list[tuple[str, str, str]] = field(default_factory=list)

    def of(self, command: str) -> list[str]:
        """Return the messages of one kind of command."""
        return [message for name, _, message in self.commands if name == command]


@dataclass
class Runner:
    """One job: its workspace, its temporary folder, what steps put into the environment, the posts to come."""

    folder: Path
    workspace: Path
    environ: dict[str, str]
    node: str = "node"
    masks: list[str] = field(default_factory=list)
    posts: list[tuple[Path, dict[str, str]]] = field(default_factory=list)
    steps: int = 0

    def event(self, name: str, payload: dict[str, Any]) -> None:
        """Let the job be started by an event."""
        path = self.folder / "event.json"
        path.write_text(json.dumps(payload))
        self.environ |= {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}

    def uses(self, action: Path, **given: str) -> Done:
        """Run an action with inputs (``base_x`` is ``base-x``)."""
        (found,) = documents(action / "action.yml")
        known = found.get("inputs", {})
        wanted = {name.replace("_", "-"): value for name, value in given.items()}
        assert wanted.keys() <= known.keys(), f"unknown inputs: {wanted.keys() - known.keys()}"
        values = {name: wanted.get(name, str(item.get("default", ""))) for name, item in known.items()}
        if found["runs"]["using"] == "composite":
            return self._composite(action, found, values)
        assert found["runs"]["using"] == "node24"
        environ = {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in values.items()}
        if "post" in found["runs"]:
            self.posts.append((action / found["runs"]["post"], environ))
        return self._step([self.node, str(action / found["runs"]["main"])], environ, action)

    def finish(self) -> list[Done]:
        """Run the post steps, last in, first out, whatever happened before."""
        done = [self._step([self.node, str(script)], environ, script.parent) for script, environ in reversed(self.posts)]
        self.posts.clear()
        return done

    def run(self, script: str, **environ: str) -> Done:
        """Run a step of the job's own."""
        path = self.folder / f"script-{self.steps}.sh"
        path.write_text(script)
        return self._step(["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(path)], environ, self.workspace)

    def _composite(self, action: Path, found: dict[str, Any], values: dict[str, str]) -> Done:
        context = {("inputs", name): value for name, value in values.items()}
        done = Done(0, {}, "", "")
        for step in found["runs"]["steps"]:
            assert step.keys() <= {"name", "id", "shell", "env", "run"}, step
            assert step["shell"] == "bash"
            environ = {name: _fill(str(value), context) for name, value in step.get("env", {}).items()}
            each = self.run(step["run"], **environ, GITHUB_ACTION_PATH=str(action))
            context |= {(step.get("id", ""), name): value for name, value in each.outputs.items()}
            done = Done(each.code, {}, done.log + each.log, done.summary + each.summary, done.commands + each.commands)
            if each.code:
                break
        done.outputs = {name: _fill(item["value"], context) for name, item in found.get("outputs", {}).items()}
        return done

    def _step(self, words: list[str], environ: dict[str, str], action: Path) -> Done:
        self.steps += 1
        files = {name: self.folder / f"{name.lower()}-{self.steps}" for name in ("OUTPUT", "ENV", "STATE", "PATH", "STEP_SUMMARY")}
        for path in files.values():
            path.touch()
        places = {f"GITHUB_{name}": str(path) for name, path in files.items()}
        whole = {**os.environ, **self.environ, "GITHUB_ACTION_PATH": str(action), **environ, **places}
        ran = subprocess.run(words, cwd=self.workspace, env=whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        done = Done(ran.returncode, _variables(files["OUTPUT"]), "", files["STEP_SUMMARY"].read_text())
        self._read(ran.stdout.decode(), done)
        self.environ |= _variables(files["ENV"])
        for folder in files["PATH"].read_text().split("\n"):
            if folder:
                self.environ["PATH"] = f"{folder}:{self.environ.get('PATH', os.environ['PATH'])}"
        assert len(done.summary.encode()) < 1024 * 1024, "the forge drops such a summary"
        return done

    def _read(self, log: str, done: Done) -> None:
        """Read the log as the runner does: lines that are commands, unless they are stopped, and masks over the rest."""
        stopped, shown = "", []
        for line in log.splitlines():
            found = COMMAND.fullmatch(line.lstrip())
            if stopped:
                if line.strip() == f"::{stopped}::":
                    stopped = ""
                    continue
            elif found and found[1] == "stop-commands":
                stopped = found[3]
                continue
            elif found:
                done.commands.append((found[1], found[2] or "", found[3]))
                if found[1] == "add-mask":
                    self.masks.append(found[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"))
                continue
            shown.append(line)
        assert not stopped, "commands were stopped and never allowed again: the runner would ignore every later step's"
        for mask in self.masks:
            shown = [line.replace(mask, "***") for line in shown]
        done.log = "\n".join(shown)


def _fill(text: str, context: dict[tuple[str, str], str]) -> str:
    """Fill in the expressions that our actions use; any other is an error."""
    filled = EXPRESSION.sub(lambda match: context.get(("inputs", match[1]) if match[1] else (match[2], match[3]), ""), text)
    assert "${{" not in filled, text
    return filled


def _variables(path: Path) -> dict[str, str]:
    """Read a file of ``NAME=value`` and ``NAME<<WORD ... WORD`` entries."""
    result, lines = {}, iter(path.read_text().splitlines())
    for line in lines:
        name, plain, value = line.partition("=")
        if "<<" in name or not plain:
            name, _, word = line.partition("<<")
            rows = []
            for row in lines:
                if row == word:
                    break
                rows.append(row)
            value = "\n".join(rows)
        result[name] = value
    return result
