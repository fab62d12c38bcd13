# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError, NothingToDo
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.model_manifest import check_names, files_to_sign, model_payload, read_manifest
from pipeline_guard.sign.statement import read_statement

FILES = {"b/weights.bin": "22" * 32, "a.json": "11" * 32, "b-c": "33" * 32}


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
    assert read_manifest(verified(payload), "m").files == {"模型.bin": "11" * 32}


def test_the_signature_and_git_files_are_left_out() -> None:
    names = [".git/", ".git/config", ".github/", ".github/x", ".gitignore", ".gitignored", "a", "b/", "b/.git", "model.sig", "b/model.sig"]
    assert files_to_sign(names, "model.sig", "m") == [".gitignored", "a", "b/.git", "b/model.sig"]


@pytest.mark.parametrize("names", [[], ["a/"], ["model.sig"], [".git/", ".git/x"]])
def test_an_empty_model_is_not_signed(names: list[str]) -> None:
    with pytest.raises(NothingToDo):
        files_to_sign(names, "model.sig", "m")


def test_a_manifest_comes_back() -> None:
    manifest = read_manifest(verified(model_payload("model", FILES, "x/model.sig")), "m")
    assert manifest.files == FILES
    assert manifest.left_out == (".git", ".gitattributes", ".github", ".gitignore", "x/model.sig")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("predicateType", "https://slsa.dev/provenance/v1"),
        ("predicate", {}),
        ("predicate__serialization", None),
        ("predicate__serialization__method", "shards"),
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


def test_names_that_were_added_or_taken_away_are_named() -> None:
    manifest = read_manifest(verified(model_payload("model", FILES, "model.sig")), "m")
    present = [*FILES, "b/", "model.sig", ".git/", ".git/config"]
    check_names(manifest, present, "model.sig", "m")
    with pytest.raises(IntegrityError, match="not covered by the signature: new"):
        check_names(manifest, [*present, "new"], "model.sig", "m")
    with pytest.raises(IntegrityError, match=r"missing: a\.json"):
        check_names(manifest, [*present[2:], "b/weights.bin"], "model.sig", "m")
    with pytest.raises(IntegrityError, match=r"n0, n1, n2 and 2 more"):
        check_names(manifest, [*present, *(f"n{number}" for number in range(5))], "model.sig", "m")


def test_the_signed_file_cannot_widen_what_is_ignored() -> None:
    manifest = read_manifest(changed("predicate__serialization__ignore_paths", ["evil.py", ".git"]), "m")
    with pytest.raises(IntegrityError, match=r"evil\.py"):
        check_names(manifest, [*FILES, "evil.py"], "", "m")
    with pytest.raises(IntegrityError, match=r"\.github/x"):
        check_names(manifest, [*FILES, ".github/x"], "", "m")
    check_names(manifest, [*FILES, ".git/x"], "", "m")
