# SPDX-License-Identifier: Apache-2.0
"""Signatures and the life of their keys as commands, with a real token and a real store."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import Outcome, Repository

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "verification.v1.json").read_bytes())
Run = Callable[..., Outcome]


@pytest.fixture
def pg(guard: Run, repository: Repository) -> Run:
    """Run a command in a repository with one file; expect success unless ``code`` says otherwise."""
    repository.write("app.whl", "built")

    def run(*words: str, code: int = 0) -> Outcome:
        done = guard(*words, cwd=repository.path)
        assert done.code == code, done
        assert "Traceback" not in done.err
        return done

    return run


def answer(pg: Run, *words: str, code: int = 0) -> dict[str, Any]:
    done = pg("verify", "app.whl", *words, "--format", "json", code=code)
    document = json.loads(done.out)
    jsonschema.validate(document, SCHEMA)
    found: dict[str, Any] = document["subjects"][0]
    return found


@pytest.mark.parametrize("kind", ["ec-p256", "ec-p384", "ed25519", "rsa-3072"])
def test_a_key_of_every_type_in_the_token_signs_and_verifies(pg: Run, kind: str) -> None:
    pg("keys", "create", "release", "--type", kind)
    pg("sign", "app.whl", "--key", "release")
    signer = answer(pg, "--key", "release")["signer"]
    assert (signer["type"], signer["name"], signer["version"]) == (kind, "release", 1)
    pg("keys", "export-public", "release", "--output", "release.pem")
    assert answer(pg, "--key", "release.pem")["verified"]


def test_rotation_and_revocation_are_told_apart_by_name_and_by_timeline(pg: Run) -> None:
    pg("keys", "create", "release")
    pg("sign", "app.whl", "--key", "release")
    assert pg("verify", "app.whl", "--key", "release").out.startswith("ok   app.whl  key release/1 sha256:")
    pg("keys", "rotate", "release")
    rotated = answer(pg, "--key", "release", code=1)
    assert (rotated["verdict"], rotated["signer"]) == ("untimestamped", None)
    assert "timestamp" in rotated["hint"]
    pg("keys", "export-public", "release", "--timeline", "release.json", "--output", "release.pem")
    assert answer(pg, "--key", "release.json", code=1)["verdict"] == "untimestamped"
    assert answer(pg, "--key", "release.pem", code=1)["verdict"] == "unknown-key"
    pg("sign", "app.whl", "--key", "release")
    assert answer(pg, "--key", "release")["signer"]["version"] == 2
    pg("keys", "revoke", "release", "--reason", "superseded")
    revoked = answer(pg, "--key", "release", code=1)
    assert (revoked["verdict"], "reason superseded" in revoked["why"]) == ("revoked", True)
    pg("keys", "revoke", "release", "--reason", "key-compromise")
    assert answer(pg, "--key", "release", code=1)["verdict"] == "compromised"
    assert answer(pg, "--key", "release.json")["verdict"] == "valid"  # what was exported before knows nothing of it


def test_a_hybrid_signature_with_a_key_beside_the_token_meets_a_policy_that_demands_both(pg: Run, repository: Repository) -> None:
    pg("keys", "create", "release")
    refused = pg("keys", "create", "quantum", "--type", "ml-dsa-65", code=5)
    assert "--insecure-software" in refused.err
    assert "in software" in pg("keys", "create", "quantum", "--type", "ml-dsa-65", "--insecure-software").out
    pg("sign", "app.whl", "--key", "release", "--pq-key", "quantum")
    rule = "{subjects: ['*.whl'], require: [classical, pq], signers: [{key: release}, {key: quantum}]}"
    repository.write(".pipeline-guard.yml", f"version: 1\nverify:\n  policy:\n    - {rule}\n")
    found = answer(pg)
    assert [each["signer"]["type"] for each in found["signatures"]] == ["ec-p256", "ml-dsa-65"]
    (repository.path / "app.whl.pq.sigstore.json").unlink()
    missing = answer(pg, code=1)
    assert (missing["verdict"], "no pq signature" in missing["why"]) == ("not-by-policy", True)
    repository.write("policy.yml", "version: 1\nrules: [{subjects: ['*.whl'], signers: [{key: release}]}]\n")
    assert answer(pg, "--policy", "policy.yml")["verified"]
    assert "leave --key out" in pg("verify", "app.whl", "--policy", "policy.yml", "--key", "release", code=2).err
    assert "several bundles" in pg("verify", "app.whl", "--bundle", "a", "--bundle", "b", "--key", "release", code=2).err
    assert pg("keys", "rotate", "quantum", "--insecure-software").out.startswith("rotated quantum to version 2")


def test_a_predicate_is_signed_and_told(pg: Run, repository: Repository) -> None:
    pg("keys", "create", "release")
    repository.write("result.json", '{"result": "PASSED"}')
    made = pg("sign", "app.whl", "--key", "release", "--predicate", "result.json", "--predicate-type", "test-result")
    assert "app.whl.test-result.sigstore.json" in made.out
    found = answer(pg, "--key", "release", "--bundle", "app.whl.test-result.sigstore.json")
    assert found["predicate_type"] == "https://in-toto.io/attestation/test-result/v0.1"
    repository.write("result.json", '{"result": "GREEN"}')
    assert (
        "PASSED" in pg("sign", "app.whl", "--key", "release", "--predicate", "result.json", "--predicate-type", "test-result", code=2).err
    )


def test_another_name_is_seen(pg: Run, repository: Repository) -> None:
    pg("keys", "create", "release")
    pg("sign", "app.whl", "--key", "release")
    (repository.path / "app.whl").rename(repository.path / "other.whl")
    done = pg("verify", "other.whl", "--bundle", "app.whl.sigstore.json", "--key", "release")
    assert done.out.rstrip().endswith("signed as app.whl")
