# SPDX-License-Identifier: Apache-2.0
"""include-unpinned."""

from __future__ import annotations

import base64

import pytest

from pipeline_guard.gate.checks.include_unpinned import check
from pipeline_guard.gate.ci_file import gitlab
from pipeline_guard.model.gate_settings import GateSettings

SHA = "0123456789abcdef0123456789abcdef01234567"
INTEGRITY = "sha256-" + base64.b64encode(bytes(32)).decode()


def failing(text: str) -> list[tuple[str, int]]:
    return [(problem.what, problem.location.line) for problem in check(gitlab(text.encode(), "ci.yml"), GateSettings())]


@pytest.mark.parametrize(
    "include",
    [
        "local: /a.yml",
        "template: Jobs/SAST.gitlab-ci.yml",
        f"{{project: g/p, file: a.yml, ref: {SHA}}}",
        "{project: g/p, file: a.yml, ref: '$[[ component.sha ]]'}",
        f"component: $CI_SERVER_FQDN/g/p/scan@{SHA}",
        "component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/scan@$CI_COMMIT_SHA",
        f"{{remote: 'https://h.example/a.yml', integrity: {INTEGRITY}}}",
    ],
)
def test_fixed_includes_pass(include: str) -> None:
    assert failing(f"include:\n  - {include}\n") == []


@pytest.mark.parametrize(
    ("include", "what"),
    [
        ("{project: g/p, file: a.yml}", "project g/p"),
        ("{project: g/p, file: a.yml, ref: main}", "project g/p"),
        (f"{{project: g/p, file: a.yml, ref: {SHA[:20]}}}", "project g/p"),
        ("component: h.example/g/p/scan@1.0", "component h.example/g/p/scan@1.0"),
        ("component: h.example/g/p/scan@~latest", "component h.example/g/p/scan@~latest"),
        ("component: h.example/g/p/scan@$CI_COMMIT_SHA", "component h.example/g/p/scan@$CI_COMMIT_SHA"),
        ("https://h.example/a.yml", "remote https://h.example/a.yml"),
        ("{remote: 'https://h.example/a.yml', integrity: sha256-abc}", "remote https://h.example/a.yml"),
        (f"{{remote: 'https://h.example/a.yml', integrity: sha512-{INTEGRITY[7:]}}}", "remote https://h.example/a.yml"),
    ],
)
def test_includes_that_can_change_fail(include: str, what: str) -> None:
    assert failing(f"include:\n  - {include}\n") == [(what, 2)]


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ("step: h.example/g/p@main", "step h.example/g/p@main"),
        ("step: {git: {url: h.example/g/p, rev: v1}}", "step h.example/g/p@v1"),
        ("action: actions/checkout@v4", "action actions/checkout@v4"),
    ],
)
def test_steps_and_actions_under_run_are_includes(step: str, what: str) -> None:
    assert failing(f"job:\n  run: [{{name: a, {step}}}]\n") == [(what, 2)]


@pytest.mark.parametrize(
    "step",
    [f"step: h.example/g/p@{SHA}", f"step: {{git: {{url: h.example/g/p, rev: {SHA}}}}}", "step: ./own", "step: {git: x}", "script: x"],
)
def test_fixed_and_own_steps_pass(step: str) -> None:
    assert failing(f"job:\n  run: [{{name: a, {step}}}]\n") == []
