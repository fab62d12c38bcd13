# SPDX-License-Identifier: Apache-2.0
"""Writes what shells have in common with the command table: inputs, variables, README tables, GitLab's wrappers.

``make templates`` calls it; ``python docs/make_shells.py --check`` only tells which files differ. What stands between
the markers and everything in ``templates/`` is ours; the rest of each shell is written by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline_guard.cli.commands import COMMON, Flag, command  # noqa: E402 the path comes first

VERBS = ("scan", "gate", "sign", "verify", "inject")
# Flags that are no inputs, and why.
LEFT_OUT = {
    "home": "the store of a job belongs to its machine",
    "quiet": "a job's log is read when something went wrong",
    "verbose": "set PIPELINE_GUARD_VERBOSE for the job",
    "color": "set PIPELINE_GUARD_COLOR or FORCE_COLOR for the job",
    "format": "the shell chooses the form that its forge shows",
    "output": "the shell chooses the files that its forge reads",
    "staged": "nothing is staged in a job",
    "against-store": "a fresh machine has no store; where it has one, PIPELINE_GUARD_AGAINST_STORE asks for it",
    # "VERB FLAG" where another verb's flag of that name is an input
    "fix": "a job judges a change, it makes none",
    "diff": "a job judges a change, it makes none",
    "import-baseline": "moving over is done once, by a person",
    "stdin": "a step has no standard input",
    "check-verdict": "whoever believes a verdict checks it outside of the job that made it",
    **dict.fromkeys(("gate tree", "gate policy", "gate tool", "gate advisories-digest", "gate max-age"), "goes with check-verdict"),
    **dict.fromkeys(("gate event", "gate event-signature", "gate event-secret"), "goes with a webhook: a job has its own event"),
    **dict.fromkeys(("gate repository", "gate change"), "the forge's own variables say it"),
}
# Defaults that differ from the command's, and why.
DEFAULTS = {
    "base": "auto",  # a job knows its merge target, and must not judge a change by the change's own policy
}
# Inputs of GitLab's templates that are no flags.
SOURCE = "https://github.com/pipeline-guard/pipeline-guard.git"
TEMPLATE_INPUTS = ("commit", "source", "image", "job-name", "job-stage")


@dataclass(frozen=True)
class Input:
    """One input of a shell. ``default`` None means required; ``pattern`` and ``options`` are GitLab's."""

    name: str
    help: str
    default: str | None = ""
    variable: str = ""
    switch: bool = False
    options: tuple[str, ...] = ()
    pattern: str = ""


def inputs(verb: str, several: str) -> list[Input]:
    """Return the inputs of a verb: its positional, its flags, the common ones; ``several`` says how to give many.

    A flag that the configuration may set has no default here: an input is stronger than the configuration,
    so only an empty one lets it speak.
    """
    found = command(verb)
    if found is None:  # Defensive: VERBS names only verbs
        raise SystemExit(f"no such verb: {verb}")
    result = []
    if found.positional:
        required = found.positional.count in ("1", "+")
        help_text = f"{found.positional.help}; {several}"
        result.append(Input(found.positional.name, help_text, None if required else "", found.positional.variable))
    result += [_input(flag, several) for flag in found.flags + COMMON if not {flag.name, f"{verb} {flag.name}"} & LEFT_OUT.keys()]
    return result


def _input(flag: Flag, several: str) -> Input:
    text = flag.help
    if flag.choices:
        text += f": {', '.join(choice for choice in flag.choices if choice)}"
    if flag.many:
        text += f"; {several}"
    fallback = flag.default or ("false" if flag.switch else "")
    if flag.settable and fallback:
        text += f" (default: the configuration's, else {fallback})"
    default = DEFAULTS.get(flag.name, "" if flag.settable else fallback)
    options = ("true", "false") if flag.switch else flag.choices
    if options and default not in options:
        options = (default, *options)
    pattern = "^[0-9]*$" if flag.metavar in ("BYTES", "NUMBER") else ""
    return Input(flag.name, text, default, flag.variable, flag.switch and not flag.settable, options, pattern)


def every_input() -> list[Input]:
    """Return the inputs of the action at the root: those of every verb, each saying whose it is."""
    found: dict[str, dict[str, Input]] = {}
    for verb in VERBS:
        for item in inputs(verb, "one a line"):
            found.setdefault(item.name, {})[verb] = item
    result = []
    for name, items in found.items():
        texts: dict[str, list[str]] = {}
        for verb, item in items.items():
            texts.setdefault(item.help, []).append(verb)
        whole = len(texts) == 1 and len(items) == len(VERBS)
        text = "; ".join(help_text if whole else f"{', '.join(verbs)}: {help_text}" for help_text, verbs in texts.items())
        defaults = {item.default or "" for item in items.values()}
        if len(defaults) > 1:  # an input has one default, whichever verb it is for
            raise SystemExit(f"the verbs disagree on the default of {name}: {', '.join(sorted(defaults))}")
        result.append(Input(name, text, defaults.pop()))
    return result


def action_inputs(found: list[Input]) -> Iterator[str]:
    """Return the lines of an action's ``inputs``."""
    for item in found:
        yield f"  {item.name}:"
        yield f"    description: {json.dumps(item.help)}"
        yield f"    required: {'true' if item.default is None else 'false'}"
        if item.default is not None:
            yield f"    default: {json.dumps(item.default)}"


def action_variables(verb: str) -> Iterator[str]:
    """Return the lines of an action's ``env``."""
    for item in inputs(verb, ""):
        yield f"        {item.variable}: ${{{{ inputs.{item.name} }}}}"


def action_table(found: list[Input]) -> Iterator[str]:
    """Return the rows of a README's table."""
    yield ""
    yield "| input | what it is | default |"
    yield "| --- | --- | --- |"
    for item in found:
        default = "required" if item.default is None else f"`{item.default}`" if item.default else ""
        yield f"| `{item.name}` | {item.help.replace('|', chr(92) + '|')} | {default} |"
    yield ""


def template_inputs(verb: str) -> list[Input]:
    """Return the inputs of a GitLab template: the verb's, then what the job itself needs."""
    job = f".pipeline-guard-{verb}" if verb == "inject" else f"pipeline-guard-{verb}"
    more = [
        Input("commit", "the full commit id of pipeline-guard to run", None, "GUARD_COMMIT", pattern="^[0-9a-f]{40}$"),
        Input("source", "the git repository that has this commit", SOURCE, "GUARD_SOURCE"),
        Input("image", "an image with git, bash, Python 3.11 or newer and pip; best pinned by digest", "python:3.13"),
        Input("job-name", "the job's name", job),
    ]
    if verb != "inject":  # a hidden job has no stage of its own
        more.append(Input("job-stage", "the job's stage", "test"))
    return inputs(verb, "several as a JSON list") + more


def spec_lines(found: list[Input]) -> Iterator[str]:
    """Return the lines of ``spec: inputs``."""
    for item in found:
        yield f"    {item.name}:"
        yield f"      description: {json.dumps(item.help)}"
        yield f"      type: {'boolean' if item.switch else 'string'}"
        if item.default is not None:
            yield f"      default: {item.default if item.switch else json.dumps(item.default)}"
        if item.options and not item.switch:
            yield f"      options: {json.dumps(list(item.options))}"
        if item.pattern:
            yield f"      regex: {json.dumps(item.pattern)}"


def template_variables(verb: str) -> Iterator[str]:
    """Return the lines of a job's ``variables``. Inputs are pasted into the text of the file: quoted, never in a script."""
    for item in template_inputs(verb):
        if item.variable:
            yield f"    {item.variable}: '$[[ inputs.{item.name} ]]'"


def wrapper(verb: str) -> str:
    """Return the component of the catalogue: the template with the commit of the component itself."""
    found = [item for item in template_inputs(verb) if item.name != "commit"]
    lines = [
        "# SPDX-License-Identifier: Apache-2.0",
        f"# Written by docs/make_shells.py: gitlab-templates/{verb}.yml as a component, at the component's own commit.",
        "spec:",
        "  component: [sha]",
        "  inputs:",
        *spec_lines(found),
        "---",
        "include:",
        f"  - local: /gitlab-templates/{verb}.yml",
        "    inputs:",
        "      commit: '$[[ component.sha ]]'",
    ]
    for item in found:
        place = f"$[[ inputs.{item.name} ]]"
        lines.append(f"      {item.name}: {place if item.switch else repr(place)}")
    return "\n".join(lines) + "\n"


def between(text: str, marker: str, lines: Iterator[str], comment: tuple[str, str] = ("# ", "")) -> str:
    """Replace what stands between the two lines of a marker."""
    begin, end = f"{comment[0]}{marker}: written by docs/make_shells.py{comment[1]}", f"{comment[0]}end of {marker}{comment[1]}"
    head, found, rest = text.partition(begin + "\n")
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"the markers of {marker} are missing")
    indent = head[head.rfind("\n") + 1 :]
    return head + found + "".join(f"{line}\n" for line in lines) + indent + closed + tail


def shells() -> dict[Path, str]:
    """Return every file we write, as it should be."""
    root, overview = ROOT / "action.yml", ROOT / "actions" / "README.md"
    result = {
        root: between(root.read_text(), "inputs", action_inputs(every_input())),
        overview: between(overview.read_text(), "inputs", action_table(every_input()), ("<!-- ", " -->")),
    }
    for verb in VERBS:
        action = ROOT / "actions" / verb / "action.yml"
        text = between(action.read_text(), "inputs", action_inputs(inputs(verb, "one a line")))
        if verb != "inject":  # its launcher passes every input on
            text = between(text, "variables", action_variables(verb))
        result[action] = text
        readme = action.with_name("README.md")
        result[readme] = between(readme.read_text(), "inputs", action_table(inputs(verb, "one a line")), ("<!-- ", " -->"))
        template = ROOT / "gitlab-templates" / f"{verb}.yml"
        text = between(template.read_text(), "inputs", spec_lines(template_inputs(verb)))
        result[template] = between(text, "variables", template_variables(verb))
        result[ROOT / "templates" / f"{verb}.yml"] = wrapper(verb)
    return result


def main(words: list[str]) -> int:
    """Write the files, or with --check name those that differ."""
    different = [path for path, text in shells().items() if not path.exists() or path.read_text() != text]
    for path in different:
        print(("differs: " if "--check" in words else "written: ") + str(path.relative_to(ROOT)))
        if "--check" not in words:
            path.write_text(shells()[path])
    return 1 if different and "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
