# SPDX-License-Identifier: Apache-2.0
"""gitlab-injection."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_injection import check
from tests.unit.gate.checking import failing, pipeline


def script(text: str, head: str = "") -> list[tuple[str, int]]:
    return failing(check, pipeline(f"job:\n  script:\n    - |\n      {text}\n{head}"))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("notify $CI_COMMIT_MESSAGE", "$CI_COMMIT_MESSAGE without quotes"),
        ("notify --title=${CI_MERGE_REQUEST_TITLE}", "$CI_MERGE_REQUEST_TITLE without quotes"),
        ('eval "deploy $CI_COMMIT_REF_NAME"', "$CI_COMMIT_REF_NAME, read as code"),
        ('sh -c "deploy $CI_COMMIT_BRANCH"', "$CI_COMMIT_BRANCH, read as code"),
        ("ssh host \"deploy '$CI_COMMIT_TAG'\"", "$CI_COMMIT_TAG, read as code"),
        ("echo $CI_MERGE_REQUEST_TITLE | tee log | sh", "$CI_MERGE_REQUEST_TITLE, read as code"),
        ('printf "%s" "$CI_COMMIT_MESSAGE" | python3 -', "$CI_COMMIT_MESSAGE, read as code"),
        ("x=$(notify $CI_COMMIT_TITLE)", "$CI_COMMIT_TITLE without quotes"),
    ],
)
def test_texts_of_outsiders_as_words_or_code_fail(text: str, what: str) -> None:
    assert [found for found, _ in script(text)] == [what]


@pytest.mark.parametrize(
    "text",
    [
        'notify "$CI_COMMIT_MESSAGE"',
        "notify '$CI_COMMIT_MESSAGE'",
        "git checkout $CI_COMMIT_REF_NAME",
        "echo $CI_COMMIT_TITLE",
        "echo $CI_COMMIT_TITLE | sh -c 'cat'",
        "TITLE=$CI_COMMIT_TITLE make",
        "if [[ $CI_COMMIT_MESSAGE =~ skip ]]; then exit 0; fi",
        "sh -c 'deploy \"$CI_COMMIT_BRANCH\"'",
        "cat <<END\n      $CI_COMMIT_MESSAGE\n      END",
        'sh -c "deploy $CI_COMMIT_SHA"',
    ],
)
def test_quoted_and_harmless_uses_pass(text: str) -> None:
    assert script(text) == []


def test_a_variable_that_holds_the_text_is_followed() -> None:
    text = "variables: {T: $CI_COMMIT_TITLE}\njob:\n  variables: {U: 'x $T'}\n  script:\n    - true\n    - sh -c \"echo $U\"\n"
    assert failing(check, pipeline(text)) == [("$U, read as code", 6)]


def test_free_inputs_of_a_component_in_a_script_fail() -> None:
    text = "spec:\n  inputs: {n: {INPUT}}\n---\njob:\n  script:\n    - echo $[[ inputs.n ]]\n"
    assert failing(check, pipeline(text.replace("INPUT", ""))) == [("the input n, pasted into a script", 6)]
    for kind in ("type: number", "options: [a, b]", "regex: ^a$"):
        assert failing(check, pipeline(text.replace("INPUT", kind))) == []


@pytest.mark.parametrize(
    "text",
    [
        "job:\n  hooks:\n    pre_get_sources_script:\n      - eval $CI_COMMIT_TITLE\n  script: [x]\n",
        "default:\n  hooks:\n    pre_get_sources_script:\n      - eval $CI_COMMIT_TITLE\n",
        "job:\n  run:\n    - name: a\n      script: eval $CI_COMMIT_TITLE\n",
    ],
)
def test_hooks_and_steps_are_scripts_too(text: str) -> None:
    assert failing(check, pipeline(text)) == [("$CI_COMMIT_TITLE, read as code", 4)]


def test_a_script_fed_to_a_shell_is_code() -> None:
    assert script("bash <<END\n      echo $CI_COMMIT_TITLE\n      END") == [("$CI_COMMIT_TITLE, read as code", 3)]
