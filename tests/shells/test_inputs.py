# SPDX-License-Identifier: Apache-2.0
"""Inputs of the shells are the flags of the verbs: same names, defaults, help, choices."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline_guard.cli.args import parse
from pipeline_guard.cli.commands import COMMON, Flag, Positional, command
from tests.shells.reading import ROOT, VERBS, action, documents, job, template

# Flags that are deliberately no input of any shell; docs/make_shells.py says why.
LEFT_OUT = {
    "home",
    "quiet",
    "verbose",
    "color",
    "format",
    "output",
    "staged",
    "stdin",
    "against-store",
    "import-baseline",
    "fix",
    "diff",
    "check-verdict",
}
LEFT_OUT |= {f"gate {name}" for name in ("tree", "policy", "tool", "advisories-digest", "max-age", "repository", "change")}
LEFT_OUT |= {f"gate {name}" for name in ("event", "event-signature", "event-secret")}
# Defaults of every shell that are not the command's.
DEFAULTS = {"base": "auto"}
# Inputs of GitLab's templates that are about the job, not the command.
ABOUT_THE_JOB = {"commit", "source", "image", "job-name", "job-stage"}


def wanted(verb: str) -> dict[str, Flag | Positional]:
    found = command(verb)
    assert found
    flags: dict[str, Flag | Positional] = {
        flag.name: flag for flag in found.flags + COMMON if not {flag.name, f"{verb} {flag.name}"} & LEFT_OUT
    }
    return {found.positional.name: found.positional, **flags} if found.positional else flags


def default_of(thing: Flag | Positional) -> str | None:
    """A flag's default; empty where the configuration may set it, because an input would silence the configuration."""
    if isinstance(thing, Positional):
        return None if thing.count in ("1", "+") else ""
    if thing.name in DEFAULTS:
        return DEFAULTS[thing.name]
    if thing.settable:
        return ""
    return thing.default or ("false" if thing.switch else "")


def check_description(text: str, thing: Flag | Positional) -> None:
    assert text.startswith(thing.help)
    if isinstance(thing, Flag):
        assert all(choice in text for choice in thing.choices)
        if thing.settable and thing.default:
            assert f"else {thing.default})" in text


@pytest.mark.parametrize("verb", VERBS)
def test_inputs_of_an_action_are_the_flags_of_its_verb(verb: str) -> None:
    inputs = action(verb)["inputs"]
    assert list(inputs) == list(wanted(verb))
    for name, thing in wanted(verb).items():
        check_description(inputs[name]["description"], thing)
        assert inputs[name].get("default") == default_of(thing)
        assert inputs[name]["required"] is (default_of(thing) is None)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "inject"])
def test_every_input_of_an_action_reaches_its_variable_and_nothing_else(verb: str) -> None:
    (step,) = action(verb)["runs"]["steps"]
    assert step["env"] == {thing.variable: f"${{{{ inputs.{name} }}}}" for name, thing in wanted(verb).items()}


def test_action_at_the_root_takes_every_input_of_every_verb_with_the_same_default() -> None:
    (found,) = documents(ROOT / "action.yml")
    inputs = dict(found["inputs"])
    assert inputs.pop("verb")["required"] is True
    assert set(inputs) == {name for verb in VERBS for name in wanted(verb)}
    for verb in VERBS:
        for name, thing in wanted(verb).items():
            assert thing.help in inputs[name]["description"]
            assert inputs[name]["default"] == (default_of(thing) or "")
    assert set(found["outputs"]) == {output for verb in VERBS for output in action(verb)["outputs"]}
    assert found["branding"] == {"icon": "shield", "color": "green"}


@pytest.mark.parametrize("verb", VERBS)
def test_readme_of_an_action_shows_every_input_and_output_and_its_permissions(verb: str) -> None:
    text = (ROOT / "actions" / verb / "README.md").read_text()
    for name in [*action(verb)["inputs"], *action(verb)["outputs"]]:
        assert f"| `{name}` |" in text
    assert "permissions: {}" in text
    assert f"pipeline-guard/actions/{verb}@FULL_COMMIT_SHA" in text
    assert {"## Inputs", "## Outputs", "## Troubleshooting"} <= set(re.findall(r"^## .*$", text, re.MULTILINE))


@pytest.mark.parametrize("verb", VERBS)
def test_inputs_of_a_template_are_the_flags_of_its_verb_and_those_of_a_job(verb: str) -> None:
    inputs, _ = template(verb)
    about_the_job = ABOUT_THE_JOB - ({"job-stage"} if verb == "inject" else set())
    assert set(inputs) == set(wanted(verb)) | about_the_job
    for name, thing in wanted(verb).items():
        check_description(inputs[name]["description"], thing)
        check_type(inputs[name], thing)


def check_type(found: dict[str, Any], thing: Flag | Positional) -> None:
    if isinstance(thing, Flag) and thing.switch and not thing.settable:
        assert (found["type"], found["default"]) == ("boolean", False)
        return
    assert found["type"] == "string"
    assert found.get("default") == default_of(thing)
    if isinstance(thing, Flag) and (thing.choices or thing.switch):
        assert set(found["options"]) == set(thing.choices or ("true", "false")) | {default_of(thing)}


@pytest.mark.parametrize("verb", VERBS)
def test_every_input_of_a_template_reaches_its_variable(verb: str) -> None:
    variables = job(verb)["variables"]
    for name, thing in wanted(verb).items():
        assert variables[thing.variable] == f"$[[ inputs.{name} ]]"
    assert {name for name in variables if name.startswith("PIPELINE_GUARD_")} == {thing.variable for thing in wanted(verb).values()}


@pytest.mark.parametrize("verb", VERBS)
def test_wrapper_takes_the_same_inputs_and_passes_each_on_at_its_own_commit(verb: str) -> None:
    inputs, body = template(verb, "templates")
    source, _ = template(verb)
    assert inputs == {name: value for name, value in source.items() if name != "commit"}
    (include,) = body["include"]
    assert include["local"] == f"/gitlab-templates/{verb}.yml"
    assert include["inputs"] == {"commit": "$[[ component.sha ]]", **{name: f"$[[ inputs.{name} ]]" for name in inputs}}


@pytest.mark.parametrize("verb", VERBS)
def test_command_line_accepts_every_default_as_its_variable(verb: str) -> None:
    """What a shell hands over when nobody sets an input must mean the same as no variable at all."""
    handed = {thing.variable: default_of(thing) or "" for thing in wanted(verb).values() if thing.name not in DEFAULTS}
    found = command(verb)
    words = [verb, "subject"] if found and found.positional and found.positional.count == "+" else [verb]
    shell, bare = parse(words, handed), parse(words, {})
    assert shell.values == bare.values
    settable = {flag.name for flag in (found.flags if found else ()) if flag.settable}
    assert all(shell.origins[name] == "default" for name in settable)
