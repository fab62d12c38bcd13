# SPDX-License-Identifier: Apache-2.0
"""Every lock format: found by name and by content, read with lines, refused where it cannot be meant."""

from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.manifest.formats import FORMATS, by_content, by_name, format_of
from tests.unit.gate.locks import SAMPLES, Sample

each = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)


@each
def test_what_a_lock_pins_is_read_with_its_lines(sample: Sample) -> None:
    kind = format_of(sample.path, sample.content)
    assert kind is not None
    lock = kind.parse(sample.content, sample.path)
    assert lock.path == sample.path
    assert tuple((one.name, one.version, one.source.kind, one.location.line) for one in lock.packages) == sample.packages
    assert lock.notes == ()


@each
def test_a_lock_is_known_by_name_in_any_case(sample: Sample) -> None:
    folder, slash, name = sample.path.rpartition("/")
    kind = by_name(sample.path)
    assert kind is not None
    assert by_name(folder + slash + name.upper()) is kind
    assert by_name(sample.path + ".txt") is not kind


@each
def test_a_lock_under_another_name_is_known_by_its_content(sample: Sample) -> None:
    if sample.path not in ("go.mod", ".mvn/checksums/checksums.sha256"):  # these begin like any text
        named = format_of(sample.path, sample.content)
        assert by_content(sample.content) is named
        assert by_content(b"\xef\xbb\xbf" + sample.content) is named


def test_every_format_has_a_sample() -> None:
    named = {kind.name for sample in SAMPLES if (kind := format_of(sample.path, sample.content))}
    assert named == {kind.name for kind in FORMATS}
    assert len(FORMATS) >= 30


@pytest.mark.parametrize("content", [b"", b"{}", b"hello", b"\0\0", b"version: 1\nservices: {}\n", b"<html></html>", b'{"version": 1}'])
def test_other_files_are_no_locks(content: bytes) -> None:
    assert format_of("docs/notes.txt", content) is None


@each
@pytest.mark.parametrize("trouble", [b"\xff\xfe\xfd", b"\0", b"<<<<<<< HEAD\n", b"[[[", b"}{"])
def test_damage_is_an_error_that_names_the_file(sample: Sample, trouble: bytes) -> None:
    kind = format_of(sample.path, sample.content)
    assert kind is not None
    middle = sample.content.index(b"\n", len(sample.content) // 3) + 1 if b"\n" in sample.content[:-1] else 0
    for content in (trouble + sample.content, sample.content[:middle] + trouble + b"\n" + sample.content[middle:]):
        what = ""
        try:
            kind.parse(content, sample.path)
        except UsageError as error:
            what = error.what
        assert what.startswith(sample.path) or (not what and trouble not in (b"\xff\xfe\xfd", b"\0"))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("package-lock.json", '"lockfileVersion": 3', '"lockfileVersion": 4'),
        ("berry/yarn.lock", "version: 8\n  cacheKey", "version: 99\n  cacheKey"),
        ("pnpm-lock.yaml", "'9.0'", "'19.0'"),
        ("bun.lock", '"lockfileVersion": 1', '"lockfileVersion": 7'),
        ("deno.lock", '"version": "5"', '"version": "9"'),
        ("uv.lock", "version = 1\n", "version = 2\n"),
        ("poetry.lock", '"2.1"', '"3.0"'),
        ("pdm.lock", '"4.5.0"', '"9.0"'),
        ("Pipfile.lock", '"pipfile-spec": 6', '"pipfile-spec": 7'),
        ("pylock.toml", 'lock-version = "1.0"', 'lock-version = "2.0"'),
        ("conda-lock.yml", "version: 1\nmeta", "version: 2\nmeta"),
        ("pixi.lock", "version: 6", "version: 60"),
        ("Cargo.lock", "version = 4", "version = 5"),
        ("packages.lock.json", '"version": 1', '"version": 3'),
        ("Package.resolved", '"version": 2', '"version": 9'),
        ("flake.lock", '"version": 7', '"version": 8'),
        ("conan.lock", '"0.5"', '"0.6"'),
    ],
)
def test_unknown_format_versions_are_refused(path: str, old: str, new: str) -> None:
    sample = next(one for one in SAMPLES if one.path == path)
    kind = by_name(path)
    assert kind is not None
    assert old in sample.text
    with pytest.raises(UsageError, match="is not known"):
        kind.parse(sample.text.replace(old, new).encode(), path)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("package-lock.json", '      "version": "1.3.0",\n'),
        ("bun.lock", '    "ms": ["ms@2.1.3", "", {}, "x"],\n'),
        ("uv.lock", 'version = "3.10"\n'),
        ("pnpm-lock.yaml", "  ms@2.1.3:\n    resolution: {}\n"),
        ("yarn.lock", '  version "7.1.0"\n'),
        ("mix.lock", '  "phx": {:git, "https://h.example/a.git", "x", []},\n'),
    ],
)
def test_what_is_there_twice_is_refused(path: str, line: str) -> None:
    sample = next(one for one in SAMPLES if one.path == path)
    kind = by_name(path)
    assert kind is not None
    at = sample.text.index(line.partition("\n")[0].partition(":")[0])
    at = sample.text.rindex("\n", 0, at) + 1
    with pytest.raises(UsageError, match=r"twice|overwrite"):
        kind.parse((sample.text[:at] + line + sample.text[at:]).encode(), path)
