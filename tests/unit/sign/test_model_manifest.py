# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError, NothingToDo
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.model_manifest import Manifest, Resource, files_to_sign, model_payload, read_manifest
from pipeline_guard.sign.statement import read_statement

FILES = {"b/weights.bin": "22" * 32, "a.json": "11" * 32, "b-c": "33" * 32}


def listed(manifest: Manifest) -> dict[str, str]:
    return {resource.name: resource.hex for resource in manifest.resources}


def verified(payload: bytes) -> VerifiedStatement:
    statement = read_statement(payload, "model.sig")
    return VerifiedStatement(statement.subjects, statement.predicate_type, statement.predicate, Digest.sha256(payload), "")


def changed(path: str, value: Any, *, root: str = "") -> VerifiedStatement:
    """A regular statement with one thing changed; the root digest follows the resources unless given."""
    document = json.loads(model_payload("model", FILES, "model.sig"))
    *steps, last = path.split("__")
    place: Any = document
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    if path.startswith("predicate__resources"):
        digests = [entry.get("digest") for entry in document["predicate"]["resources"] if isinstance(entry, dict)]
        good = [bytes.fromhex(digest) for digest in digests if isinstance(digest, str) and len(digest) == 64]
        document["subject"][0]["digest"]["sha256"] = hashlib.sha256(b"".join(good)).hexdigest()
    if root:
        document["subject"][0]["digest"]["sha256"] = root
    return verified(json.dumps(document).encode())


def test_the_root_is_over_the_raw_digests_in_the_order_of_names() -> None:
    statement = json.loads(model_payload("model", FILES, "model.sig"))
    raw = bytes.fromhex("11" * 32 + "33" * 32 + "22" * 32)
    assert [entry["name"] for entry in statement["predicate"]["resources"]] == ["a.json", "b-c", "b/weights.bin"]
    assert statement["subject"] == [{"name": "model", "digest": {"sha256": hashlib.sha256(raw).hexdigest()}}]
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"


def test_the_payload_does_not_depend_on_the_order_of_hashing() -> None:
    assert model_payload("m", FILES, "") == model_payload("m", dict(reversed(FILES.items())), "")


def test_names_outside_ascii_are_escaped_and_come_back() -> None:
    payload = model_payload("é", {"模型.bin": "11" * 32}, "")
    assert payload.isascii()
    assert listed(read_manifest(verified(payload), "m")) == {"模型.bin": "11" * 32}


def test_the_signature_and_git_files_are_left_out() -> None:
    names = [".git/", ".git/config", ".github/", ".github/x", ".gitignore", ".gitignored", "a", "b/", "b/.git", "model.sig", "b/model.sig"]
    assert files_to_sign(names, "model.sig", "m") == [".gitignored", "a", "b/.git", "b/model.sig"]


@pytest.mark.parametrize("names", [[], ["a/"], ["model.sig"], [".git/", ".git/x"]])
def test_an_empty_model_is_not_signed(names: list[str]) -> None:
    with pytest.raises(NothingToDo):
        files_to_sign(names, "model.sig", "m")


def test_a_manifest_comes_back() -> None:
    manifest = read_manifest(verified(model_payload("model", FILES, "x/model.sig")), "m")
    assert listed(manifest) == FILES
    assert (manifest.algorithm, manifest.sharded, manifest.strict, manifest.is_file) == ("sha256", False, None, False)
    assert manifest.left_out == (".git", ".gitattributes", ".github", ".gitignore", "x/model.sig")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("predicateType", "https://slsa.dev/provenance/v1"),
        ("predicate", {}),
        ("predicate__serialization", None),
        ("predicate__serialization__method", "shards"),
        ("predicate__serialization__method", "chunks"),
        ("predicate__serialization__hash_type", "blake3"),
        ("predicate__serialization__ignore_paths", "x"),
        ("predicate__serialization__ignore_paths", [1]),
        ("predicate__resources", []),
        ("predicate__resources", {}),
        ("predicate__resources__0", "a.json"),
        ("predicate__resources__0__algorithm", "md5"),
        ("predicate__resources__0__digest", "11"),
        ("predicate__resources__0__digest", None),
        ("predicate__resources__0__name", "b-c"),
        *[
            ("predicate__resources__0__name", name)
            for name in ("", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "a\0b", "\ud800", 7)
        ],
    ],
)
def test_an_irregular_manifest_is_refused(path: str, value: Any) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_manifest(changed(path, value), "model.sig")
    assert caught.value.hint


def test_a_root_that_does_not_match_its_resources_is_refused() -> None:
    with pytest.raises(IntegrityError, match="root digest"):
        read_manifest(changed("predicate__resources__0__digest", "44" * 32, root="11" * 32), "model.sig")


def test_two_subjects_are_refused() -> None:
    one = json.loads(model_payload("model", FILES, ""))["subject"]
    with pytest.raises(IntegrityError):
        read_manifest(changed("subject", one * 2), "model.sig")


def sharded(*places: str, shard_size: Any = 100, algorithm: str = "sha256", hash_type: str = "sha256") -> VerifiedStatement:
    document = json.loads(model_payload("model", FILES, ""))
    width = 128 if hash_type == "blake2b" else 64
    document["predicate"]["serialization"] |= {"method": "shards", "hash_type": hash_type, "shard_size": shard_size}
    document["predicate"]["resources"] = [{"name": place, "algorithm": algorithm, "digest": "11" * (width // 2)} for place in places]
    root = hashlib.sha256(bytes.fromhex("11" * (width // 2)) * len(places)).hexdigest()
    document["subject"][0]["digest"]["sha256"] = root
    return verified(json.dumps(document).encode())


def test_shards_of_other_tools_are_read() -> None:
    manifest = read_manifest(sharded("a:0:100", "a:100:150", "b:c:0:7", shard_size=100.0, algorithm="sha256-sharded-100"), "m")
    assert manifest.sharded
    assert [(found.name, found.start, found.end) for found in manifest.resources] == [("a", 0, 100), ("a", 100, 150), ("b:c", 0, 7)]
    assert read_manifest(sharded("a:0:100", hash_type="blake2b", algorithm="blake2b"), "m").algorithm == "blake2b"


@pytest.mark.parametrize(
    "places",
    [
        ["a:0:100", "a:0:100"],
        ["a:0:100", "a:0:50"],
        ["a:100:150"],
        ["a:0:50", "a:50:100"],
        ["a:0:100", "a:150:200"],
        ["a:0:101"],
        ["a:0:0"],
        ["a:5:2"],
        ["a:-1:5"],
        ["a:0"],
        ["a"],
        ["a:0:1e2"],
        ["a:0:" + "9" * 30],
        ["../a:0:5"],
    ],
    ids=str,
)
def test_shards_that_do_not_make_a_file_are_refused(places: list[str]) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_manifest(sharded(*places), "model.sig")
    assert caught.value.hint


@pytest.mark.parametrize("size", [None, 0, -1, 1.5, "100", True, []])
def test_a_shard_size_that_is_no_length_is_refused(size: Any) -> None:
    with pytest.raises(IntegrityError, match="shard_size"):
        read_manifest(sharded("a:0:1", shard_size=size), "m")


def test_shards_of_another_size_than_they_say_are_refused() -> None:
    with pytest.raises(IntegrityError, match="digest"):
        read_manifest(sharded("a:0:100", algorithm="sha256-sharded-99"), "m")


def test_one_file_may_be_the_model_itself_but_not_beside_others() -> None:
    payload = model_payload("m.gguf", {".": "11" * 32}, "")
    manifest = read_manifest(verified(payload), "m")
    assert manifest.is_file
    assert manifest.resources == (Resource(".", "11" * 32),)
    with pytest.raises(IntegrityError, match="unsafe"):
        read_manifest(verified(model_payload("m", {".": "11" * 32, "a": "22" * 32}, "")), "m")


def test_blake3_lists_have_a_root_of_sha256() -> None:
    statement = json.loads(model_payload("model", FILES, "", algorithm="blake3"))
    assert {entry["algorithm"] for entry in statement["predicate"]["resources"]} == {"blake3"}
    assert statement["subject"] == json.loads(model_payload("model", FILES, ""))["subject"]
    assert read_manifest(verified(json.dumps(statement).encode()), "m").algorithm == "blake3"


def test_digests_of_another_algorithm_than_the_list_are_refused() -> None:
    with pytest.raises(IntegrityError, match="digest of sha256"):
        read_manifest(changed("predicate__resources__0__algorithm", "blake3"), "m")


@pytest.mark.parametrize("files", [FILES, {'quote".bin': "11" * 32, "é\\\n": "22" * 32}, {'"resources": []': "33" * 32}])
def test_the_payload_is_laid_out_as_other_tools_do(files: dict[str, str]) -> None:
    payload = model_payload('m "resources": []', files, "s", algorithm="blake3")
    assert payload == json.dumps(json.loads(payload), indent=2).encode()
    assert listed(read_manifest(verified(payload), "m")) == files
