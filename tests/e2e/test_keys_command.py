# SPDX-License-Identifier: Apache-2.0
"""The life of keys by hand, with a real token and a real store."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipeline_guard.sign.public_key import load
from tests.conftest import Outcome, Repository

Guard = Callable[..., Outcome]


@pytest.fixture
def pg(guard: Guard, repository: Repository) -> Guard:
    """Run a command in a repository; expect success unless ``code`` says otherwise."""

    def run(*words: str, code: int = 0, stdin: str = "") -> Outcome:
        done = guard(*words, cwd=repository.path, stdin=stdin)
        assert done.code == code, done.err
        return done

    return run


def states(pg: Guard) -> dict[tuple[str, int], str]:
    return {(key["name"], key["version"]): key["state"] for key in json.loads(pg("keys", "list", "--format", "json").out)["keys"]}


def test_from_creation_to_destruction(pg: Guard) -> None:
    pg("keys", "create", "release")
    pg("keys", "rotate", "release")
    assert states(pg) == {("release", 1): "deactivated", ("release", 2): "active"}
    pg("keys", "suspend", "release", "--why", "a question")
    refused = pg("sign", ".git/config", "--key", "release", "--bundle", "x.json", code=4)
    assert "suspended" in refused.err
    pg("keys", "activate", "release")
    pg("keys", "revoke", "release", "--version", "1", "--reason", "key-compromise", "--since", "2026-01-02")
    refused = pg("keys", "activate", "release", "--version", "1", code=4)
    assert "compromised" in refused.err
    assert "hint: possible now:" in refused.err
    pg("keys", "expire", "release")
    pg("keys", "archive", "release")
    pg("keys", "recover", "release")
    assert "until then" in pg("keys", "destroy", "release").out
    pg("keys", "destroy", "release", "--cancel")
    pg("keys", "destroy", "release", "--wait", "0s")
    assert states(pg) == {("release", 1): "compromised", ("release", 2): "destroyed"}
    shown = json.loads(pg("keys", "show", "release", "--format", "json").out)
    assert [event["command"] for event in shown["history"] if event["version"] == 2][-1] == "destroy"
    pg("audit", "verify")


def test_due_keys_are_rotated_and_nothing_due_is_said(pg: Guard) -> None:
    pg("keys", "create", "soon", "--expires", "7d")
    assert "rotated soon to version 2" in pg("keys", "rotate", "--due").out
    pg("keys", "rotate", "--due", code=3)
    pg("keys", "destroy", "--due", code=3)


@pytest.mark.parametrize("kind", ["ec-p384", "ed25519", "rsa-3072"])
def test_every_type_has_a_public_half(pg: Guard, kind: str) -> None:
    pg("keys", "create", "k", "--type", kind)
    load(pg("keys", "export-public", "k").out)


def test_a_type_the_token_lacks_is_unavailable_and_leaves_nothing(pg: Guard) -> None:
    assert "ml-dsa-65" in pg("keys", "create", "k", "--type", "ml-dsa-65", code=5).err
    assert states(pg) == {}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("suspend", "nobody"), 2, "there are: k"),
        (("suspend", "k", "--version", "7"), 2, "no version 7"),
        (("suspend", "k", "--version", "first"), 2, "not a version"),
        (("revoke", "k", "--reason", "boredom"), 2, "one of"),
        (("revoke", "k", "--reason", "key-compromise", "--since", "yesterday"), 2, "not a time"),
        (("revoke", "k", "--reason", "key-compromise", "--since", "2999-01-01"), 2, "future"),
        (("destroy", "k", "--wait", "soon"), 2, "not a duration"),
        (("destroy", "k", "--wait", "900d"), 2, "waiting time"),
        (("destroy",), 2, "no key is named"),
        (("rotate",), 2, "--due"),
        (("rotate", "k", "--due"), 2, "--due"),
        (("rotate", "nobody"), 2, "no key is called"),
        (("rewrap", "k"), 2, "wraps nothing"),
        (("suspend", "k", "--approval", "missing.json"), 2, "cannot read"),
        (("recover", "k"), 4, "cannot be recovered"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_mistakes_are_told_in_one_line_with_a_hint(pg: Guard, words: tuple[str, ...], code: int, told: str) -> None:
    pg("keys", "create", "k")
    done = pg("keys", *words, code=code)
    assert told in done.err
    assert [line.split(":")[0] for line in done.err.splitlines()] == ["pipeline-guard"] * len(done.err.splitlines())
    assert states(pg) == {("k", 1): "active"}


def test_secrets_outlive_the_rotation_of_their_key(pg: Guard, repository: Repository) -> None:
    repository.write(".pipeline-guard.yml", "version: 1\nsecrets:\n  DB: {}\n")
    pg("secrets", "put", "DB", stdin="a value of ours")
    assert "rewrapped 1 secret version under store" in pg("keys", "rotate", "store", "--rewrap").out
    pg("keys", "destroy", "store", "--version", "1", "--wait", "0s")
    assert pg("run", "--", "sh", "-c", 'test "$DB" = "a value of ours" && echo same').out.strip() == "same"


def test_two_persons_destroy_what_one_may_not(pg: Guard, repository: Repository, tmp_path: Path) -> None:
    for name in ("alice", "bob", "mallory"):
        pg("keys", "create", name)
        pg("keys", "export-public", name, "--output", f"{name}.pem")
    repository.write(
        ".pipeline-guard.yml",
        "version: 1\npolicy:\n  approvals:\n    - {for: [destroy], threshold: 2, approvers: {alice: alice.pem, bob: bob.pem}}\n",
    )
    pg("keys", "create", "victim", "--type", "aes-256")
    pg("keys", "expire", "victim")
    destroy = ("keys", "destroy", "victim", "--wait", "0s")
    assert "needs 2 approvals and has 0" in pg(*destroy, code=4).err
    pg(*destroy, "--request", "request.json")
    for name in ("alice", "bob", "mallory"):
        pg("keys", "approve", "request.json", "--key", name, "--output", f"{name}.json")
    pg(*destroy, "--approval", "alice.json", "--approval", "mallory.json", code=4)
    pg("keys", "destroy", "victim", "--wait", "1d", "--approval", "alice.json", "--approval", "bob.json", code=4)
    assert states(pg)["victim", 1] == "deactivated"
    pg(*destroy, "--approval", "alice.json", "--approval", "bob.json")
    assert states(pg)["victim", 1] == "destroyed"
    shown = json.loads(pg("keys", "show", "victim", "--format", "json").out)
    assert "alice, bob" in [event["approvers"] for event in shown["history"]]


def test_a_rule_of_approval_that_cannot_work_is_a_mistake(pg: Guard, repository: Repository) -> None:
    for rule in (
        "{for: [destroy], threshold: 2, approvers: {alice: a.pem}}",
        "{for: [destroy], threshold: 0, approvers: {alice: a.pem}}",
        "{for: [], threshold: 1, approvers: {alice: a.pem}}",
        "{for: [destroy], threshold: 2, approvers: {alice: a.pem, bob: a.pem}}",
        "{for: [explode], threshold: 1, approvers: {alice: a.pem}}",
    ):
        repository.write(".pipeline-guard.yml", f"version: 1\npolicy:\n  approvals:\n    - {rule}\n")
        pg("policy", "check", code=2)


def test_a_key_whose_maker_was_killed_is_told_and_tidied_away(pg: Guard) -> None:
    pg("keys", "create", "whole")
    pg("token", "tidy", code=3)
    with closing(sqlite3.connect(Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db")) as store, store:
        # what a kill leaves: a key in the token, a note of it, no record
        store.execute("INSERT INTO key_intents SELECT cka_id, name, version, type, usage, token, '2026-01-01T00:00:00+00:00' FROM keys")
        store.execute("DELETE FROM keys")
    store.close()
    assert "1 key was begun and never written down: pipeline-guard token tidy" in pg("keys", "list").err
    pg("token", "tidy", "--older-than", "10000d", code=3)
    assert "removed what was left of whole/1" in pg("token", "tidy").out
    assert "begun" not in pg("keys", "list").err
    pg("keys", "create", "whole")
    assert states(pg) == {("whole", 1): "active"}


def test_keys_show_counts_what_a_wrapping_key_opens_and_destroy_asks_for_it(pg: Guard, repository: Repository) -> None:
    pg("keys", "create", "data", "--type", "aes-256")
    pg("seal", ".git/config", "--key", "data", "--output", "sealed")
    shown = json.loads(pg("keys", "show", "data", "--format", "json").out)
    assert (shown["secrets"], shown["sealed_files"]) == (0, 1)
    pg("keys", "expire", "data")
    assert "1 sealed files were made for key data/1" in pg("keys", "destroy", "data", code=4).err
    pg("keys", "destroy", "data", "--crypto-erase", "--wait", "0")
