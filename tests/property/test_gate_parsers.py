# SPDX-License-Identifier: Apache-2.0
"""The gate's parsers under random and hostile input: a value or a GuardError, never anything else."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import GuardError
from pipeline_guard.gate import actions_lock, build_file, ci_file, dockerfile, model_file
from pipeline_guard.gate.expression import condition, expressions
from pipeline_guard.gate.facts import GateFacts
from pipeline_guard.gate.inventory import keep, look
from pipeline_guard.gate.judge import judge
from pipeline_guard.gate.manifest import requirements
from pipeline_guard.gate.pickle_walk import _OPERATIONS, walk
from pipeline_guard.gate.registry import RULES
from pipeline_guard.gate.related import PipelineFiles, related
from pipeline_guard.gate.shell import commands, rereads
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.verdict import Unchecked
from tests.unit.gate.pickles import Calls, gadget, joblib, packed, tensor_state, torch_zip

bounded = settings(max_examples=150, deadline=None)
WORDS = [
    "on", "jobs", "steps", "uses", "run", "with", "env", "if", "container", "services", "image", "runs", "using", "composite", "docker",
    "include", "project", "file", "ref", "remote", "local", "component", "integrity", "trigger", "script", "variables", "spec", "inputs",
    "default", "value", "permissions", "a", "./a", "o/r@v1", "https://h.example",
]  # fmt: skip
scalars = st.sampled_from(WORDS) | st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5), max_leaves=30
)
BUILD_TEXTS = st.lists(
    st.sampled_from(
        [
            "FROM a", "FROM ${A}", "ARG A=", "COPY --from=", "ADD https://h.example/a b", "RUN <<EOF", "EOF", "\\\n", "\n", "# escape=`", "# syntax=a", " AS b",
            "repos:", "  - repo: a", "    rev: b", "updates:", "services:", "  a: {image: b}", '[submodule "a"]', "url = x", "version: v0.0.2", "workflows:", "{", "}", '"', "//", ",",
        ]
    ),
    max_size=15,
).map("\n".join)  # fmt: skip
SHELL_TEXTS = st.lists(
    st.sampled_from(
        [
            "echo",
            " ",
            "$A",
            '"',
            "'",
            "\n",
            "$(",
            ")",
            "`",
            "|",
            "||",
            "&&",
            ";",
            "<<E",
            "E",
            "\\",
            "\\\n",
            "eval",
            "sh -c",
            "${",
            "}",
            "#",
            ">&2",
        ]
    ),
    max_size=25,
).map("".join)
LINES = st.lists(
    st.sampled_from(
        [
            "a==1",
            "a",
            "-e",
            ".",
            "--hash=sha256:aa",
            "--hash",
            "\\\n",
            "\n",
            "#",
            ";",
            "@",
            "git+https://h/a@b",
            "http://[",
            "-r",
            "--",
            "==",
            ",",
            " ",
            "'",
            "[",
            "\u2028",
        ]
    ),
    max_size=12,
).map("".join)
SEEDS = [gadget(protocol) for protocol in range(6)] + [
    tensor_state(),
    torch_zip(gadget()),
    joblib(bytes(32)),
    packed({"a/b.npy": gadget()}),
]


def quietly(parse: Callable[[bytes, str], Any], content: bytes) -> None:
    """Parse; only our own errors may come."""
    what = "x"
    try:
        parse(content, "x")
    except GuardError as error:
        what = error.what
    assert what.startswith("x")


@pytest.mark.parametrize("parse", [ci_file.github, ci_file.action, ci_file.gitlab])
@bounded
@given(tree=trees)
def test_pipeline_files_of_any_shape_never_crash(parse: Callable[[bytes, str], Any], tree: Any) -> None:
    import yaml

    quietly(parse, yaml.safe_dump(tree, allow_unicode=False).encode())


@pytest.mark.parametrize("parse", [ci_file.github, ci_file.action, ci_file.gitlab, requirements.parse])
@bounded
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(content=b"a: &a [*a, *a]")
@example(content=b"[" * 500)
@example(content=b"a: " + b"{a: " * 500)
@example(content=b"\xff\xfe")
@example(content=b"\xff\xfe\0\0")
def test_any_bytes_never_crash_a_parser(parse: Callable[[bytes, str], Any], content: bytes) -> None:
    quietly(parse, content)


@pytest.mark.parametrize(
    "parse",
    [
        actions_lock.parse, build_file.compose, build_file.kubernetes, build_file.hooks, build_file.submodules, build_file.dependabot,
        build_file.renovate, dockerfile.parse,
    ],
)  # fmt: skip
@bounded
@given(content=st.binary(max_size=200) | BUILD_TEXTS.map(str.encode))
@example(content=b"a: &a [*a, *a]")
@example(content=b"[" * 5000)
@example(content=b'{"a":' * 5000)
@example(content=b"\xff\xfe\0\0")
@example(content=b"FROM a\n" + b"RUN x \\\n" * 5000)
@example(content=b"FROM a\nRUN <<" * 500)
def test_build_files_of_any_content_never_crash(parse: Callable[[bytes, str], Any], content: bytes) -> None:
    quietly(parse, content)


LONG = [
    "${{ ", "echo a= ", "git fetch ", "bash $(curl ", "$(", '"', "<<A ", "contains('", "${{ a[0].", "`", "/pipeline-guard", "iex ", "#", " ",
]  # fmt: skip


@pytest.mark.parametrize("piece", LONG)
def test_the_time_for_a_long_text_grows_with_its_length_alone(piece: str) -> None:
    from datetime import date

    text = piece * (90_000 // len(piece))
    content = f"on: workflow_run\njobs:\n  a:\n    steps:\n      - id: x\n        run: |\n          {text}$GITHUB_OUTPUT\n".encode()
    found = look(".github/workflows/a.yml", content)
    facts = [(kind, item) for kind, item in found if not isinstance(item, Unchecked)]
    assert facts
    looked = [(kind, item) for kind, item in related(facts, PipelineFiles(), None) if not isinstance(item, Unchecked)]
    judge(GateFacts(tuple(looked), (), 1), GateSettings(), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("path", "piece"),
    [("Dockerfile", "FROM ${A:-"), ("renovate.json", "/*"), ("renovate.json", '"\\'), ("compose.yml", "${A:-"), ("Dockerfile", "<<A ")],
)
def test_long_build_files_end_too(path: str, piece: str) -> None:
    look(path, b"FROM a\nRUN " + piece.encode() * (400_000 // len(piece)))


@pytest.mark.parametrize(("size", "known"), [(100_000, True), (100_001, False)])
def test_a_script_of_more_than_its_limit_is_unchecked(size: int, known: bool) -> None:
    ((_, item),) = look(".github/workflows/a.yml", b"jobs: {a: {steps: [{run: '" + b"x" * size + b"'}]}}")
    assert isinstance(item, Unchecked) is not known


@bounded
@given(text=st.text(max_size=120) | SHELL_TEXTS)
@example(text="$(" * 2000)
@example(text="`" * 2001)
@example(text='"' + "${" * 2000)
@example(text="<<A " * 500 + "\n" * 500)
@example(text="\r0")
def test_any_text_is_read_as_a_script(text: str) -> None:
    for command in commands(text):
        rereads(command)
        assert 0 <= command.line <= text.count("\n")


@bounded
@given(
    text=st.text(max_size=80)
    | st.lists(
        st.sampled_from(["github.", "head_ref", "(", ")", "[", "]", "'", "&&", "||", "!", ",", "toJSON", "*", " ", "1e"]), max_size=20
    ).map("".join)
)
@example(text="(" * 5000)
@example(text="!" * 5000)
@example(text="a[" * 5000)
def test_any_text_is_read_as_an_expression(text: str) -> None:
    list(expressions("${{" + text + "}}"))
    condition(text)


@bounded
@given(first=trees, second=trees)
def test_pipelines_of_any_shape_can_be_judged_together(first: Any, second: Any) -> None:
    from datetime import date

    import yaml

    kept, found, missing = PipelineFiles(), [], []
    files = {".github/workflows/a.yml": first, "act/action.yml": second, ".gitlab-ci.yml": first, ".github/workflows/actions.lock": second}
    for path, tree in files.items():
        content = yaml.safe_dump(tree, allow_unicode=False).encode()
        keep(path, content, kept)
        for kind, item in look(path, content):
            (missing if isinstance(item, Unchecked) else found).append((kind, item))
    for kind, item in related(found, kept, None):  # type: ignore[arg-type]
        (missing if isinstance(item, Unchecked) else found).append((kind, item))
    facts = GateFacts(tuple(found), tuple(missing), len(files))  # type: ignore[arg-type]
    assert {check.id for check in judge(facts, GateSettings(), date(2026, 1, 1)).checks} == {rule.id for rule in RULES}


@bounded
@given(text=LINES)
def test_pieces_of_requirements_never_crash(text: str) -> None:
    quietly(requirements.parse, text.encode())


@bounded
@given(
    path=st.sampled_from(
        [
            "requirements.txt",
            ".gitlab-ci.yml",
            ".github/workflows/a.yml",
            "action.yml",
            "m.pkl",
            "Dockerfile",
            ".gitmodules",
            "renovate.json",
        ]
    ),
    content=st.binary(max_size=120),
)
def test_whatever_is_found_can_be_judged(path: str, content: bytes) -> None:
    from datetime import date

    found = look(path, content)
    facts = GateFacts(
        tuple((kind, item) for kind, item in found if not isinstance(item, Unchecked)),
        tuple((kind, item) for kind, item in found if isinstance(item, Unchecked)),
        1,
    )
    verdict = judge(facts, GateSettings(), date(2026, 1, 1))
    assert {check.id for check in verdict.checks} == {rule.id for rule in RULES}


@bounded
@given(content=st.lists(st.sampled_from(sorted(_OPERATIONS)) | st.integers(0, 255), max_size=80).map(bytes))
def test_any_opcodes_end_the_walk(content: bytes) -> None:
    found = walk(content)
    assert found.end <= len(content) or found.why
    assert found.why or content[: found.end].endswith(b".")


@bounded
@given(seed=st.sampled_from(SEEDS), data=st.data())
def test_changed_models_never_crash_the_inspection(seed: bytes, data: st.DataObject) -> None:
    content = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for name in ("m.pkl", "m.dat"):
        model_file.inspect(bytes(content[:cut]), name)
        model_file.inspect(zlib.compress(bytes(content))[:cut], name)


@bounded
@given(before=st.lists(st.integers() | st.text(max_size=5) | st.binary(max_size=9), max_size=6), protocol=st.integers(0, 5), data=st.data())
def test_no_cut_of_a_file_with_a_gadget_is_safe(before: list[Any], protocol: int, data: st.DataObject) -> None:
    content = pickle.dumps([before, Calls(eval, "1"), before], protocol=protocol)
    cut = data.draw(st.integers(1, len(content)))
    found = model_file.inspect(content[:cut], "m.pkl")
    assert found is not None
    assert found.verdict is not model_file.ModelVerdict.SAFE


@bounded
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    ),
    protocol=st.integers(0, 5),
)
def test_plain_values_are_always_safe(value: Any, protocol: int) -> None:
    found = model_file.inspect(pickle.dumps(value, protocol=protocol), "m.pkl")
    assert found is not None
    assert found.verdict is model_file.ModelVerdict.SAFE
