# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipeline_guard.cli.args import HelpWanted, parse
from pipeline_guard.cli.commands import COMMANDS, COMMON
from pipeline_guard.errors import UsageError


def test_flag_wins_over_environment_over_configuration_over_default() -> None:
    section = SimpleNamespace(threshold="medium")
    environ = {"PIPELINE_GUARD_THRESHOLD": "high"}
    assert parse(["scan"], {}).with_section(SimpleNamespace()).text("threshold") == "low"
    assert parse(["scan"], {}).with_section(section).text("threshold") == "medium"
    assert parse(["scan"], environ).with_section(section).text("threshold") == "high"
    found = parse(["scan", "--threshold", "critical"], environ).with_section(section)
    assert (found.text("threshold"), found.origins["threshold"]) == ("critical", "flag")


def test_environment_gives_switches_lists_and_positionals() -> None:
    environ = {
        "PIPELINE_GUARD_STAGED": "TRUE",
        "PIPELINE_GUARD_HISTORY": "false",
        "PIPELINE_GUARD_EXCLUDE": "a/*\n b/* \n\n",
        "PIPELINE_GUARD_PATHS": "src\ndocs dir",
        "PIPELINE_GUARD_THRESHOLD": "",
    }
    args = parse(["scan"], environ)
    assert (args.on("staged"), args.on("history")) == (True, False)
    assert args.many("exclude") == ["a/*", "b/*"]
    assert args.many("paths") == ["src", "docs dir"]
    assert args.text("threshold") == "low"


def test_everything_after_two_dashes_is_the_command() -> None:
    assert parse(["run", "--quiet", "--", "sh", "-c", "exit 1", "--", "--help"], {}).many("command") == [
        "sh",
        "-c",
        "exit 1",
        "--",
        "--help",
    ]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "--help"),
        (["scna"], "did you mean scan?"),
        (["keys"], "create"),
        (["keys", "creat", "x"], "did you mean create?"),
        (["scan", "--treshold", "high"], "did you mean --threshold?"),
        (["scan", "--threshold", "hihg"], "did you mean high?"),
        (["scan", "--thresh", "high"], "did you mean --threshold?"),
        (["scan", "--threshold"], "--help"),
        (["keys", "create"], "NAME"),
        (["keys", "create", "a", "b"], "--help"),
        (["run"], "-- COMMAND"),
        (["explain"], "RULE"),
    ],
)
def test_mistake_is_a_usage_error_that_helps(words: list[str], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words, {})
    assert hint in caught.value.hint


def test_switch_variable_is_true_or_false_and_nothing_else() -> None:
    with pytest.raises(UsageError, match="neither"):
        parse(["scan"], {"PIPELINE_GUARD_STAGED": "yes"})


def test_every_command_has_help_that_names_its_flags() -> None:
    for verb in COMMANDS:
        for target in verb.actions or (verb,):
            words = [verb.name, target.name, "--help"] if verb.actions else [verb.name, "--help"]
            with pytest.raises(HelpWanted) as caught:
                parse(words, {})
            for flag in target.flags + COMMON:
                assert f"--{flag.name}" in str(caught.value)


def test_variable_names_are_unique_within_a_command() -> None:
    for verb in COMMANDS:
        for target in verb.actions or (verb,):
            names = [flag.variable for flag in target.flags + COMMON] + ([target.positional.variable] if target.positional else [])
            assert len(names) == len(set(names))
