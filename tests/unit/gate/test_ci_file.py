# SPDX-License-Identifier: Apache-2.0
"""Pipeline files in every legal shape, and in shapes that the forges refuse."""

from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_facts import GitlabFacts, Include, Script, Step, Use, WorkflowFacts
from pipeline_guard.gate.ci_file import action, github, gitlab

SHA = "0123456789abcdef0123456789abcdef01234567"


def workflow(text: str) -> WorkflowFacts:
    return github(text.encode(), "w.yml")


def pipeline(text: str) -> GitlabFacts:
    return gitlab(text.encode(), "ci.yml")


def one_step(text: str) -> Step:
    (step,) = workflow(text).steps
    return step


@pytest.mark.parametrize(
    ("written", "events"),
    [
        ("push", ("push",)),
        ("[push, pull_request]", ("push", "pull_request")),
        ("{push: {branches: [main]}, workflow_dispatch: }", ("push", "workflow_dispatch")),
    ],
)
def test_events_are_read_in_every_form(written: str, events: tuple[str, ...]) -> None:
    assert workflow(f"on: {written}\njobs: {{}}\n").events == events


def test_a_step_has_its_place_and_its_inputs_as_text() -> None:
    step = one_step(
        "on: push\njobs:\n  build:\n    runs-on: x\n    steps:\n      - name: Scan\n        if: always()\n"
        "        uses: o/r/actions/scan@v1\n        with:\n          paths: |\n            a\n            b\n"
        "          depth: 0\n          strict: TRUE\n          ratio: 1.10\n          word: yes\n          none: ~\n          big: 1_000\n"
    )
    assert (step.job, step.line, step.name, step.uses, step.condition) == ("build", 6, "Scan", "o/r/actions/scan@v1", "always()")
    assert step.inputs == {"paths": "a\nb\n", "depth": "0", "strict": "true", "ratio": "1.1", "word": "yes", "none": "", "big": "1_000"}


def test_environment_of_the_step_wins_over_the_jobs_and_the_workflows() -> None:
    step = one_step(
        "env: {A: 1, B: 1, C: 1}\njobs:\n  j:\n    env: {B: 2, C: 2}\n    steps:\n      - run: x\n        env: {C: 3}\n",
    )
    assert step.environment == {"A": "1", "B": "2", "C": "3"}


def test_environment_as_an_expression_gives_none() -> None:
    assert one_step("jobs: {j: {env: '${{ fromJSON(x) }}', steps: [{run: x}]}}").environment == {}


def test_working_directory_falls_back_to_the_defaults() -> None:
    facts = workflow(
        "defaults: {run: {working-directory: top}}\njobs:\n  a: {steps: [{run: x}, {run: x, working-directory: own}]}\n"
        "  b: {defaults: {run: {working-directory: job}}, steps: [{run: x}]}\n"
    )
    assert [step.working_directory for step in facts.steps] == ["top", "own", "job"]


def test_uses_are_told_apart_by_kind() -> None:
    facts = workflow(
        "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./own\n      - uses: $/own\n"
        f"      - uses: docker://alpine:3\n  b:\n    uses: o/r/.github/workflows/w.yml@{SHA}\n    with: {{x: 1}}\n"
        "  c:\n    uses: ./.github/workflows/own.yml\n"
    )
    assert [(use.line, use.kind) for use in facts.uses] == [
        (4, "action"), (5, "local"), (6, "local"), (7, "image"), (9, "workflow"), (12, "local"),
    ]  # fmt: skip
    called = next(step for step in facts.steps if step.job == "b")
    assert (called.uses, called.inputs) == (f"o/r/.github/workflows/w.yml@{SHA}", {"x": "1"})


def test_images_of_containers_and_services_are_found() -> None:
    facts = workflow(
        "jobs:\n  a:\n    container: node:20\n    services:\n      db: {image: 'postgres:16'}\n    steps: [{run: x}]\n"
        "  b: {container: {image: debian}, steps: [{run: x}]}\n  c: {container: '', steps: [{run: x}]}\n"
    )
    assert [use.target for use in facts.images] == ["node:20", "postgres:16", "debian"]


def test_anchors_aliases_and_matrix_are_followed() -> None:
    facts = workflow(
        "jobs:\n  a:\n    strategy: {matrix: {v: [1, 2], include: [{v: 3}]}}\n    steps: &s\n      - uses: o/r@v1\n"
        "  b: {needs: a, steps: *s}\n  c: {needs: [a, b], steps: *s}\n"
    )
    assert [step.job for step in facts.steps] == ["a", "b", "c"]
    assert len(facts.uses) == 3


@pytest.mark.parametrize(
    ("written", "permissions"),
    [("read-all", "read-all"), ("{}", {}), ("{contents: read}", {"contents": "read"}), ("", "")],
)
def test_permissions_are_a_word_or_a_mapping(written: str, permissions: object) -> None:
    assert workflow(f"permissions: {written}\njobs: {{}}\n").permissions == permissions


def test_composite_action_gives_its_steps() -> None:
    facts = action(b"name: x\nruns:\n  using: composite\n  steps:\n    - uses: o/r@v1\n    - run: a\n      shell: bash\n", "action.yml")
    assert [step.line for step in facts.steps] == [5, 6]
    assert facts.uses == (Use(5, "o/r@v1", "action"),)


def test_docker_action_gives_its_image_and_a_node_action_nothing() -> None:
    assert action(b"runs: {using: docker, image: 'docker://a:1'}", "a").uses == (Use(1, "docker://a:1", "image"),)
    assert action(b"runs: {using: docker, image: Dockerfile}", "a").uses == (Use(1, "Dockerfile", "local"),)
    assert action(b"runs: {using: node24, main: m.js}", "a").uses == ()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "w.yml:1: no jobs"),
        ("on: push\n", "w.yml:1: no jobs"),
        ("- a\n", "w.yml:1: a workflow must be a mapping"),
        ("jobs:\n  - a\n", "w.yml:2: jobs must be a mapping"),
        ("jobs:\n  a:\n", "w.yml:2: the job a must be a mapping"),
        ("jobs:\n  a:\n    runs-on: x\n", "w.yml:3: steps must be a list"),
        ("jobs:\n  a:\n    steps:\n      - x\n", "w.yml:4: a step must be a mapping"),
        ("jobs:\n  a:\n    steps:\n      - uses: [a]\n", "w.yml:4: a text is expected here"),
        ("jobs:\n  a:\n    steps: []\n    steps: []\n", "w.yml:4: the key 'steps' is there twice"),
        ("jobs: {a: {steps: [{run: x, env: [a]}]}}", "w.yml:1: this must be a mapping"),
        ("jobs: {\n", "w.yml:2: not valid YAML"),
        ("a: 1\n---\nb: 1\n", "w.yml:3: more than one YAML document"),
    ],
)
def test_irregular_workflow_is_refused_with_its_line(text: str, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        workflow(text)
    assert caught.value.what.startswith(where)


@pytest.mark.parametrize("text", [b"", b"name: x", b"runs: composite", b"runs: {using: composite}", b"\xff"])
def test_irregular_action_is_refused(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"action\.yml:1"):
        action(text, "action.yml")


def test_includes_are_read_in_every_form() -> None:
    assert pipeline("include: a.yml").includes == (Include(1, "local", "a.yml"),)
    assert pipeline("include: {local: /b.yml}").includes == (Include(1, "local", "/b.yml"),)
    facts = pipeline(
        "include:\n  - c.yml\n  - https://example.org/d.yml\n  - remote: HTTPS://example.org/e.yml\n    integrity: sha256-abc\n"
        f"  - project: g/p\n    ref: {SHA}\n    file: [/x.yml, /y.yml]\n  - template: Auto.yml\n"
        "  - component: $CI_SERVER_FQDN/g/p/scan@1.0\n    inputs: {n: 1, l: [a, b], t: true}\n"
    )
    assert [(include.line, include.kind, include.target) for include in facts.includes] == [
        (2, "local", "c.yml"),
        (3, "remote", "https://example.org/d.yml"),
        (4, "remote", "HTTPS://example.org/e.yml"),
        (6, "project", "g/p"),
        (6, "project", "g/p"),
        (9, "template", "Auto.yml"),
        (10, "component", "$CI_SERVER_FQDN/g/p/scan@1.0"),
    ]
    assert facts.includes[2].integrity == "sha256-abc"
    assert [(include.ref, include.file) for include in facts.includes[3:5]] == [(SHA, "/x.yml"), (SHA, "/y.yml")]
    assert facts.includes[6].inputs == {"n": "1", "l": '["a", "b"]', "t": "true"}


def test_child_pipelines_are_includes_too() -> None:
    facts = pipeline("a:\n  trigger:\n    include:\n      - project: g/p\n        file: c.yml\nb: {trigger: g/other}\n")
    assert facts.includes == (Include(4, "project", "g/p", file="c.yml"),)


def test_images_of_every_place_are_found() -> None:
    facts = pipeline(
        "image: a:1\nservices: [b:1]\ndefault: {image: {name: 'c:1'}}\n.hidden: {image: d:1}\n"
        "job: {image: {name: 'e:1', entrypoint: ['']}, services: [{name: 'f:1', alias: db}], script: x}\n"
    )
    assert [use.target for use in facts.images] == ["a:1", "b:1", "c:1", "d:1", "e:1", "f:1"]


def test_scripts_keep_their_lines_and_variables() -> None:
    facts = pipeline(
        "variables: {A: 1, B: {value: x, description: y}}\nbefore_script: first\njob:\n  variables: {A: 2}\n  script:\n"
        "    - one\n    - - nested\n    - |\n      two\n      three\n  after_script: [last]\n"
    )
    assert [(script.job, script.line, script.text) for script in facts.scripts] == [
        ("", 2, "first"), ("job", 6, "one"), ("job", 7, "nested"), ("job", 8, "two\nthree\n"), ("job", 11, "last"),
    ]  # fmt: skip
    assert facts.scripts[0].environment == {"A": "1", "B": "x"}
    assert facts.scripts[1].environment == {"A": "2", "B": "x"}


def test_references_to_other_jobs_scripts_are_followed_without_end() -> None:
    facts = pipeline(".s: {script: [a]}\njob: {script: [!reference [.s, script], b]}\nloop: {script: !reference [loop, script]}\n")
    assert [(script.job, script.text) for script in facts.scripts] == [(".s", "a"), ("job", "a"), ("job", "b")]


def test_references_that_multiply_are_refused() -> None:
    references = ", ".join(["!reference [job, script]"] * 20)
    with pytest.raises(UsageError, match="have no end"):
        pipeline(f"job: {{script: [{references}]}}\n")


def test_spec_header_is_passed_over() -> None:
    facts = pipeline("spec:\n  inputs: {a: {default: b}}\n---\njob:\n  script: $[[ inputs.a ]]\n")
    assert facts.scripts == (Script("job", 5, "$[[ inputs.a ]]"),)


def test_empty_pipeline_has_no_facts() -> None:
    assert pipeline("") == pipeline("# nothing\n") == GitlabFacts("ci.yml")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("- a\n", "ci.yml:1: a CI file must be a mapping"),
        ("a: {}\n---\nb: {}\n", "ci.yml:3: more than one YAML document"),
        ("include:\n  - nothing: x\n", "ci.yml:2: an include of no known kind"),
        ("job:\n  script: {a: b}\n", "ci.yml:2: a text is expected here"),
        ("a: &a [*a]\n", "ci.yml:1: nested deeper"),
    ],
)
def test_irregular_pipeline_is_refused_with_its_line(text: str, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        pipeline(text)
    assert caught.value.what.startswith(where)


def test_steps_side_by_side_are_steps() -> None:
    text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - parallel:\n          - uses: some/action@main\n          - parallel: [{run: make}]\n      - run: ls\n"
    facts = workflow(text)
    assert [(step.uses, step.run, step.line) for step in facts.steps] == [("some/action@main", "", 7), ("", "make", 8), ("", "ls", 9)]
    assert [use.target for use in facts.uses] == ["some/action@main"]
