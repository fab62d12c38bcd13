# SPDX-License-Identifier: Apache-2.0
"""Lock parsers under random and hostile input: a lock or a UsageError that names the file, in bounded time; quick readers agree with whole ones."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.checks import lock_drift, lock_tampered, lock_unverifiable, registry_changed
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest import answers, formats, manifests, redirects, registry_settings
from pipeline_guard.gate.manifest.block_yaml import read_block
from pipeline_guard.gate.manifest.npm_range import satisfies
from pipeline_guard.gate.manifest.project import LockChange, Project
from pipeline_guard.gate.manifest.python_range import satisfies as in_python_range
from pipeline_guard.gate.manifest.reading import MAX_BYTES, _texts, read_json, read_jsonc
from pipeline_guard.gate.manifest.table_toml import read_tables
from pipeline_guard.gate.places import take_apart
from pipeline_guard.gate.projects import projects
from pipeline_guard.gate.registry import RULES
from pipeline_guard.model.document import parse_yaml
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from pipeline_guard.model.package import Lock
from tests.unit.gate.locks import SAMPLES, Sample

bounded = settings(max_examples=120, deadline=None)
STRICT = GateSettings(dependencies=DependencySettings((("npm", ("a.example",)),), ("a*", "idna"), 7))
PARSERS = {kind.name: kind.parse for kind in formats.FORMATS}
PIECES = sorted({line for sample in SAMPLES for line in sample.text.splitlines(keepends=True)})


def quietly(name: str, content: bytes) -> Lock | None:
    """Parse; only our own error may come, and it names the file."""
    what = "x"
    lock = None
    try:
        lock = PARSERS[name](content, "x")
    except UsageError as error:
        what = error.what
    assert what.startswith("x")
    return lock


def judged(lock: Lock, before: Lock | None = None) -> None:
    """Run every check on what was read; none may fail, every place must be a line."""
    for rule in RULES:
        facts: Any = lock
        if rule.kind is Kind.LOCK_CHANGE:
            facts = LockChange(lock.path, lock, before or lock, (), False, datetime(2026, 1, 1, tzinfo=UTC))
        elif rule.kind is Kind.PROJECT:
            facts = Project(lock.path, lock)
        elif rule.kind is not Kind.LOCK:
            continue
        for problem in rule.check(facts, STRICT):
            assert problem.location.line >= 1
            problem.what.encode()


@pytest.mark.parametrize("name", PARSERS)
@bounded
@given(content=st.binary(max_size=120) | st.text(max_size=120).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(content=b"")
@example(content=b"{}")
@example(content=b"[]")
@example(content=b"null")
@example(content=b"[" * 100_000)
@example(content=b'{"a":' * 100_000)
@example(content=b"a: &a [*a, *a]")
@example(content=b"a: " + b"{a: " * 5_000)
@example(content=b"- " * 50_000)
@example(content=b"1" * 5_000)
@example(content=b"version = " + b"9" * 5_000)
@example(content=b'{"lockfileVersion": ' + b"9" * 5_000 + b"}")
@example(content=b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
@example(content=b"<a>" * 5_000)
@example(content=b"/*" * 50_000)
@example(content=b'"' * 100_001)
@example(content=b", " * 50_000)
@example(content=b" " * 100_000 + b"x")
def test_any_bytes_never_crash_a_parser(name: str, content: bytes) -> None:
    quietly(name, content)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_lock_is_read_or_refused_and_can_be_judged(sample: Sample, data: st.DataObject) -> None:
    kind = formats.format_of(sample.path, sample.content)
    assert kind is not None
    sound = kind.parse(sample.content, "x")
    lines = sample.text.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines)))
        lines[at : at + data.draw(st.integers(0, 2))] = data.draw(st.lists(st.sampled_from(PIECES), max_size=2))
    lock = quietly(kind.name, "".join(lines).encode())
    if lock is not None:
        judged(lock, sound)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_changed_bytes_are_read_or_refused_and_can_be_judged(sample: Sample, data: st.DataObject) -> None:
    kind = formats.format_of(sample.path, sample.content)
    assert kind is not None
    content = bytearray(sample.content)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    lock = quietly(kind.name, bytes(content[: data.draw(st.integers(0, len(content)))]))
    if lock is not None:
        judged(lock)


trees: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["1", "2.0", "sha256:aa", "https://h.example/a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "version",
                    "lockfileVersion",
                    "packages",
                    "dependencies",
                    "package",
                    "metadata",
                    "source",
                    "hash",
                    "files",
                    "wheels",
                    "sdist",
                    "name",
                    "url",
                    "resolved",
                    "integrity",
                    "pins",
                    "nodes",
                    "locked",
                    "_meta",
                    "default",
                    "Packages",
                    "R",
                    "requires",
                    "importers",
                    "workspaces",
                    "npm",
                    "jsr",
                    "remote",
                    "dist",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@bounded
@given(
    tree=st.dictionaries(
        st.sampled_from(["packages", "version", "lockfileVersion", "dependencies", "_meta", "pins", "nodes", "npm"]), trees
    ),
    version=st.integers(1, 7),
)
def test_json_of_any_shape_never_crashes(tree: dict[str, Any], version: int) -> None:
    for key in ("version", "lockfileVersion"):
        content = json.dumps(tree | {key: version}).encode()
        for name in (
            "package-lock.json",
            "bun.lock",
            "deno.lock",
            "Pipfile.lock",
            "composer.lock",
            "packages.lock.json",
            "Package.resolved",
            "flake.lock",
            "renv.lock",
            "conan.lock",
        ):
            lock = quietly(name, content)
            if lock is not None:
                judged(lock)


@pytest.mark.parametrize("name", ["package.json", "pyproject.toml", "Pipfile", "composer.json", "Cargo.toml", "Gemfile", "pubspec.yaml"])
@bounded
@given(content=st.binary(max_size=80) | trees.map(lambda tree: json.dumps(tree).encode()))
def test_manifests_never_crash(name: str, content: bytes) -> None:
    what = name
    try:
        manifests.parse(content, name)
    except UsageError as error:
        what = error.what
    assert what.startswith(name)


@pytest.mark.parametrize(
    "path",
    [
        ".npmrc",
        ".yarnrc",
        ".yarnrc.yml",
        "bunfig.toml",
        "pip.conf",
        "uv.toml",
        ".cargo/config.toml",
        "nuget.config",
        "pyproject.toml",
        "Gemfile",
        "Pipfile",
        "composer.json",
        "pubspec.yaml",
        "pnpm-workspace.yaml",
        "Chart.yaml",
        "environment.yml",
        "pixi.toml",
        "gradle.properties",
        "build.gradle",
        ".mvn/maven.config",
        "settings.xml",
        "ci/settings.xml",
        ".env",
    ],
)
@bounded
@given(content=st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(content=b"registry=https://[::1/\n")
def test_settings_never_crash(path: str, content: bytes) -> None:
    what = path
    try:
        list(registry_changed.check(registry_settings.parse(content, path), STRICT))
    except UsageError as error:
        what = error.what
    assert what.startswith(path)


@bounded
@given(
    url=st.text(max_size=40)
    | st.lists(st.sampled_from(["https://", "@", ":", "/", "[", "]", "a.example", "#", "?", "\\", "99999", "%"]), max_size=8).map("".join)
)
def test_any_address_can_be_taken_apart(url: str) -> None:
    take_apart(url)


@bounded
@given(version=st.text(alphabet="0123456789.-+xab", max_size=12), wanted=st.text(alphabet="0123456789.-+xab^~<>=| *", max_size=16))
def test_any_range_has_an_answer(version: str, wanted: str) -> None:
    assert satisfies(version, wanted) in (True, False, None)


REDIRECTING = [
    "package.json", "pnpm-workspace.yaml", "pyproject.toml", "Pipfile", "requirements.txt", "Cargo.toml", ".cargo/config.toml", "composer.json",
    "pubspec.yaml", "Chart.yaml", "deno.json", "environment.yml", "pixi.toml", "go.mod", "go.work", "Gemfile", "mix.exs", "Package.swift",
    "flake.nix", "main.tf", "Podfile",
]  # fmt: skip
CODE = st.lists(
    st.sampled_from(
        [
            "replace a => b v1", "use (", ")", "gem 'a'", ", git: 'x'", "source 'x' do", "end", "# c", "{:a, ", "}", '"~> 1"', "defp deps do", ".package(url: ",
            '"https://h.example/o/r"', "inputs.a.url = ", "{", "a = {", "url = ", ";", 'module "a" {', 'source = "o/a/aws"', "required_providers {", "pod 'A'", ":git => ",
            "/*", "*/", "//", "[patch.crates-io]", "[tool.uv.sources]", "a = { git = 'x' }", "\n", "\n", "\\", "'", '"', "a", "overrides:", "  a: npm:b@1", "channels:", "  - x",
        ]
    ),
    max_size=25,
).map(" ".join)  # fmt: skip


@pytest.mark.parametrize("path", REDIRECTING)
@bounded
@given(content=st.binary(max_size=80) | CODE.map(str.encode) | trees.map(lambda tree: json.dumps(tree).encode()))
def test_places_in_manifests_of_any_content_never_crash(path: str, content: bytes) -> None:
    reader = redirects.reader_of(path)
    assert reader is not None
    what = path
    try:
        for one in reader.read(content, path):
            assert one.line >= 1
            assert "\n" not in one.place or len(one.place) < 1000
    except UsageError as error:
        what = error.what
    assert what.startswith(path)


@pytest.mark.parametrize("path", REDIRECTING)
@pytest.mark.parametrize(
    "piece",
    [
        b"gem 'a', \n", b'module "a" {\n', b"source 'x' do\n", b"{:a, ", b"a = {url = ", b".package(", b"required_providers { a = { ", b"pod 'a',\n", b"/*", b"'", b"\\", b"replace a => b v1\n",
        b"[patch.a]\n", b"  - a\n", b"a: ", b'{"a":', b"# ", b"defp deps do\n", b'a.url = "', b"((((",
    ],
)  # fmt: skip
def test_long_manifests_end(path: str, piece: bytes) -> None:
    reader = redirects.reader_of(path)
    assert reader is not None
    what = path
    try:
        list(reader.read(piece * (120_000 // len(piece)), path))
    except UsageError as error:
        what = error.what
    assert what.startswith(path)


@pytest.mark.parametrize("lock", ["Chart.lock", "packages.lock.json", ".terraform.lock.hcl", "mix.lock", "Package.resolved", "flake.lock"])
@bounded
@given(data=st.data())
def test_manifests_of_any_content_are_compared_or_refused(lock: str, data: st.DataObject) -> None:
    name = {"Chart.lock": "Chart.yaml", "packages.lock.json": "a.csproj", ".terraform.lock.hcl": "a.tf", "mix.lock": "mix.exs"}
    path = name.get(lock, "Package.swift" if lock == "Package.resolved" else "flake.nix")
    content = data.draw(st.binary(max_size=80) | CODE.map(str.encode))
    facts = quietly(lock, next(sample.content for sample in SAMPLES if sample.path == lock))
    assert facts is not None
    what = path
    try:
        assert all(line >= 1 for _, _, line, _ in answers.differences(facts, {path: content}))
    except UsageError as error:
        what = error.what
    assert what.startswith(path)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_repository_of_any_files_can_be_judged(sample: Sample, data: st.DataObject) -> None:
    paths = st.sampled_from([*REDIRECTING, "a.csproj", "sub/package.json", "Directory.Packages.props"])
    texts = data.draw(st.dictionaries(paths, CODE.map(str.encode) | trees.map(lambda tree: json.dumps(tree).encode()), max_size=4))
    lock = quietly(formats.format_of(sample.path, sample.content).name, sample.content)  # type: ignore[union-attr]
    assert lock is not None
    for item in projects({sample.path: lock}, texts, None):
        if isinstance(item, Project):
            list(lock_drift.check(item, STRICT))


@bounded
@given(
    version=st.text(alphabet="0123456789.!+abrcdevpost-", max_size=12), wanted=st.text(alphabet="0123456789.!+abrc^~<>=|, *", max_size=16)
)
def test_any_range_of_python_has_an_answer(version: str, wanted: str) -> None:
    assert in_python_range(version, wanted) in (True, False, None)


# --- quick readers

scalars = st.text(alphabet="ab0.: #'\"-[]{},=\n\\&*|>%@`!?~\t", max_size=8) | st.sampled_from(
    ["true", "null", "~", "1.10", "a: b", "a #b", "x:"]
)
yaml_trees: Any = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="ab/@.:- '", min_size=1, max_size=5), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=400, deadline=None)
@given(tree=st.dictionaries(st.text(alphabet="ab/@.", min_size=1, max_size=4), yaml_trees, min_size=1), flow=st.sampled_from([None, False]))
def test_the_quick_yaml_reader_agrees_with_the_whole_one(tree: Any, flow: bool | None) -> None:
    import yaml

    agree(yaml.safe_dump(tree, default_flow_style=flow, width=1000, allow_unicode=True))


YAML_LINES = ["a: b\n", "a:\n", "  b: c\n", "- a\n", "  - b\n", "  -\n", "b: 'x'\n", 'c: "x"\n', "d: {a: b, c: 'd'}\n", "e: [a, b]\n", "    c: d\n", "- x: y\n", "  z: w\n", "# c\n", "\n", "f: |\n", "  text\n", "? a\n", "g: &a x\n", "h: *a\n", "i: a b # c\n", "j: - a\n", "k: {}\n", "l: []\n", "m:x\n", "'q': r\n", "s: t:\n", "---\n", "a b: c\n", "-a: b\n", "u: [a, ]\n", "v: {a: , b: c}\n", "w: [a: b]\n", "  \n", "x: >-\n"]  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(lines=st.lists(st.sampled_from(YAML_LINES), min_size=1, max_size=7))
@example(lines=["a:\n", "- a\n", "b: 'x'\n"])
@example(lines=["a:\n", "  - b\n", "  z: w\n"])
@example(lines=["- x: y\n", "  z: w\n"])
def test_the_quick_yaml_reader_agrees_on_lines_of_all_kinds(lines: list[str]) -> None:
    agree("".join(lines))


@pytest.mark.parametrize(
    "path",
    [one.path for one in SAMPLES if one.path.endswith((".yaml", ".yml", "pixi.lock", "pubspec.lock", "Chart.lock", "berry/yarn.lock"))],
)
def test_the_quick_yaml_reader_reads_what_tools_write(path: str) -> None:
    text = next(one.text for one in SAMPLES if one.path == path)
    assert read_block(text, "x") == _texts(parse_yaml(text.encode(), "x"))


def agree(text: str) -> None:
    """Read a YAML text in both ways where the quick one dares to."""
    try:
        quick = read_block(text, "x")
    except UsageError:
        quick = None
    if quick is not None:
        assert quick == _texts(parse_yaml(text.encode(), "x"))


TOML_LINES = ['name = "a"\n', "[[package]]\n", 'source = { registry = "x" }\n', 'version = "{ name = "\n', 'files = [\n    { url = "u", hash = "h", size = 1 },\n]\n', "# { name = x\n", '"name = " = 1\n', 'sdist = ", size = "\n', 'a = "b"\n', 'b = "x, y = z"\n', "[t]\n", "[[p]]\n", "[p.q]\n", 'c = [\n    "d",\n]\n', 'e = { f = "g", h = 1 }\n', "# c\n", "i = 'j'\n", "k = 2024-01-01\n", "l = 1.5\n", 'm = "]\\n"\n', "n.o = 1\n", 'p = "{q = 1"\n', "r = true\n", 's = """t"""\n', 'u = ["v", "w"]\n', 'x = "#"\n', "y = [1, 2,]\n", "a = 2\n", "[t.u]\n", "[[t.v]]\n", "z = nan\n", 'aa = "\\u0041"\n', "bb = 0x1\n", "cc = 01\n"]  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(lines=st.lists(st.sampled_from(TOML_LINES), min_size=1, max_size=7))
def test_the_quick_toml_reader_agrees_with_the_whole_one(lines: list[str]) -> None:
    text = "".join(lines)
    try:
        quick: Any = read_tables(text, "x")
    except UsageError:
        quick = None
    try:
        whole: Any = tomllib.loads(text)
    except ValueError:
        whole = None
    assert repr(quick) == repr(whole)  # as texts: nan is no equal of itself


@bounded
@given(tree=st.dictionaries(st.text(max_size=4), trees, max_size=4), comments=st.sampled_from(["", "// x\n", "/* } */", " "]))
def test_comments_and_trailing_commas_mean_nothing(tree: dict[str, Any], comments: str) -> None:
    text = json.dumps(tree, indent=1)
    relaxed = text.replace("\n}", f",\n{comments}}}", 1) if tree and text.count("\n}") == 1 else text
    assert read_jsonc(comments + relaxed, "x") == tree


# --- size


@pytest.mark.parametrize(
    "name", ["package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "Cargo.lock", "go.sum", "pom.xml", "mix.lock", "Gemfile.lock"]
)
@pytest.mark.parametrize(
    "piece", [b"a", b" ", b'"', b"{", b"[", b"- ", b"\\", b"/*", b"a: ", b",", b"\xc3\xa9", b"#", b"'", b"<a ", b"=", b"(", b"\n"]
)
def test_one_endless_line_ends(name: str, piece: bytes) -> None:
    quietly(name, piece * (300_000 // len(piece)))


def test_a_file_beyond_the_limit_is_refused_unread() -> None:
    for parse in PARSERS.values():
        with pytest.raises(UsageError, match="larger than"):
            parse(bytes(MAX_BYTES + 1), "x")


def test_a_key_that_is_there_twice_is_refused_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"x:2: the key 'a' is there twice"):
        read_json('{"a": 1,\n"a": 2}', "x")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(UsageError, match="surrogate"):
        read_json('{"a": "\\ud800"}', "x")


@pytest.mark.parametrize(("path", "old"), [("Cargo.lock", "git+https://github.com/"), ("uv.lock", 'registry = "https://pypi.org/simple"')])
def test_a_git_address_that_no_grammar_allows_is_no_crash(path: str, old: str) -> None:
    text = next(sample.text for sample in SAMPLES if sample.path == path)
    assert old in text
    quietly(path, text.replace(old, "git+https://[::1/" if path == "Cargo.lock" else 'git = "https://[::1/x?rev=1"').encode())


def test_the_checks_of_this_file_are_real() -> None:
    assert {lock_drift.RULE, lock_tampered.RULE, lock_unverifiable.RULE} <= set(RULES)
