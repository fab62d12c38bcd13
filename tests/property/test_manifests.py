# SPDX-License-Identifier: Apache-2.0
"""Lists of models as hostile signers could write them: refused in one class, never a crash, and never a file outside the folder."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.model_manifest import model_payload, read_manifest
from pipeline_guard.sign.model_strict import Strict
from pipeline_guard.sign.statement import read_statement

FILES = {"a.json": "11" * 32, "b/weights.bin": "22" * 32}
STRICT = Strict(frozenset({"a.json"}), frozenset({"empty"}), {".gitignore": Digest("sha256", "33" * 32)})
WHOLE = json.loads(model_payload("model", FILES, "model.sig", strict=STRICT))
CONFUSED = (None, True, -1, 0, 1.5, 1e308, 10**30, 10**400, "", "x", ".", "..", "/", "a\0b", "\ud800", [], ["x"], {}, {"x": 1}, [[]], [{}])
ESCAPES = ("../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a/.", "a/", "..", ".", "", "a\0b", "b/..", "//", "\ud800/x")


def sharded() -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(WHOLE)
    del document["predicate"]["x-pipeline-guard"]
    document["predicate"]["serialization"] |= {"method": "shards", "shard_size": 8}
    document["predicate"]["resources"] = [
        {"name": f"a.bin:{start}:{end}", "algorithm": "sha256-sharded-8", "digest": "44" * 32} for start, end in ((0, 8), (8, 11))
    ]
    return rooted(document)


def rooted(document: dict[str, Any]) -> dict[str, Any]:
    """Let the root digest follow the list, as a signer would."""
    resources = document["predicate"].get("resources") if isinstance(document.get("predicate"), dict) else None
    digests = [entry.get("digest") for entry in resources if isinstance(entry, dict)] if isinstance(resources, list) else []
    raw = b"".join(bytes.fromhex(text) for text in digests if isinstance(text, str) and len(text) == 64)
    if isinstance(document.get("subject"), list) and document["subject"] and isinstance(document["subject"][0], dict):
        document["subject"][0]["digest"] = {"sha256": hashlib.sha256(raw).hexdigest()}
    return document


DOCUMENTS = {"files": WHOLE, "shards": sharded()}


def read(document: Any) -> Any:
    """Return the list, or None where it is refused as it must be; anything else fails the test."""
    try:
        payload = json.dumps(document).encode()
        statement = read_statement(payload, "model.sig")
        verified = VerifiedStatement(statement.subjects, statement.predicate_type, statement.predicate, Digest.sha256(payload), "")
        return read_manifest(verified, "model.sig")
    except IntegrityError as error:
        if not error.what or not error.hint:
            pytest.fail("a refusal without a reason or a way out")
        return None


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def edited(document: Any, path: tuple[Any, ...], edit: Any) -> Any:
    document = copy.deepcopy(document)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    edit(parent, path[-1])
    return rooted(document) if path[0] == "predicate" else document


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_untouched_list_is_read(name: str) -> None:
    assert read(DOCUMENTS[name]) is not None


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_dropped_confused_or_added_is_refused_or_names_safe_files_only(name: str) -> None:
    for path in places(DOCUMENTS[name]):
        edits = [lambda parent, key: parent.pop(key)]
        edits += [lambda parent, key, value=value: parent.__setitem__(key, value) for value in CONFUSED]
        for edit in edits:
            found = read(edited(DOCUMENTS[name], path, edit))
            if found is not None:
                assert all(safe(each) for each in found.names if each != "."), path


def safe(name: str) -> bool:
    return not name.startswith("/") and "\0" not in name and not {"", ".", ".."} & set(name.split("/"))


@pytest.mark.parametrize("escape", ESCAPES, ids=repr)
def test_no_name_leads_out_of_the_folder(escape: str) -> None:
    for path in (("predicate", "resources", 0, "name"), ("predicate", "x-pipeline-guard", "left_out", 0, "name")):
        assert read(edited(WHOLE, path, lambda parent, key: parent.__setitem__(key, escape))) is None
    for field in ("executables", "empty_folders"):
        path = ("predicate", "x-pipeline-guard", field, 0)
        assert read(edited(WHOLE, path, lambda parent, key: parent.__setitem__(key, escape))) is None
    first = ("predicate", "resources", 0, "name")
    assert read(edited(DOCUMENTS["shards"], first, lambda parent, key: parent.__setitem__(key, f"{escape}:0:8"))) is None


@pytest.mark.parametrize("size", [0, -1, True, 1e308, float(2**63), 2**63, 10**30, 7.5, "8", None, [8]], ids=repr)
def test_a_shard_size_that_is_no_length_is_refused(size: Any) -> None:
    path = ("predicate", "serialization", "shard_size")
    assert read(edited(DOCUMENTS["shards"], path, lambda parent, key: parent.__setitem__(key, size))) is None


def test_a_number_beyond_every_double_is_refused() -> None:
    text = json.dumps(DOCUMENTS["shards"]).replace('"shard_size": 8', '"shard_size": 1e999').encode()
    statement = read_statement(text, "model.sig")
    verified = VerifiedStatement(statement.subjects, statement.predicate_type, statement.predicate, Digest.sha256(text), "")
    with pytest.raises(IntegrityError):
        read_manifest(verified, "model.sig")


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=6), st.integers(-2, 20), st.integers(-2, 20)), min_size=1, max_size=5))
def test_shards_that_do_not_make_up_a_file_are_refused(shards: list[tuple[str, int, int]]) -> None:
    document = copy.deepcopy(DOCUMENTS["shards"])
    document["predicate"]["resources"] = [
        {"name": f"{name}:{start}:{end}", "algorithm": "sha256-sharded-8", "digest": "44" * 32} for name, start, end in shards
    ]
    found = read(rooted(document))
    if found is not None:
        for name in found.names:
            ends = 0
            for resource in sorted((each for each in found.resources if each.name == name), key=lambda each: each.start):
                assert resource.start == ends
                assert 0 < resource.end - resource.start <= 8
                ends = resource.end
