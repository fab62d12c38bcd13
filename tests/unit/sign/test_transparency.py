# SPDX-License-Identifier: Apache-2.0
"""Merkle proofs against the recursive definition, and signed notes taken apart."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from pipeline_guard.errors import IntegrityError
from pipeline_guard.sign.transparency import Checkpoint, leaf_hash, read_checkpoint, root_of, write_checkpoint, write_note
from pipeline_guard.sign.trusted_root import Log, key_of_der
from tests.fakes.trust import Key, tree

KEY = Key()
PUBLIC = key_of_der(KEY.holder.public)
assert PUBLIC
LOG = Log("log", KEY.holder.id, PUBLIC)
POINT = Checkpoint("trust.example - 1", 7, bytes(range(32)))
TEXT = write_checkpoint(POINT)
NOTE = write_note(TEXT, "trust.example", KEY.holder.id, KEY.sign(TEXT))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 13, 31, 33])
def test_every_place_of_every_log_is_proved(size: int) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    for index, leaf in enumerate(leaves):
        root, path = tree(leaves, index)
        assert root_of(leaf, index, size, path) == root
        assert root_of(leaf_hash(b"x"), index, size, path) != root
        assert root_of(leaf, index, size, [*path, leaf]) is None
        if path:
            assert root_of(leaf, index, size, path[:-1]) is None
            assert root_of(leaf, index, size, [*path[:-1], leaf_hash(b"x")]) != root
        for other in set(range(size)) - {index}:
            assert root_of(leaf, other, size, path) != root


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 2)])
def test_an_index_outside_the_log_proves_nothing(index: int, size: int) -> None:
    assert root_of(leaf_hash(b"x"), index, size, []) is None


def test_known_roots_of_rfc_6962() -> None:
    # the tree of two entries, by hand: SHA-256(01 || SHA-256(00) || SHA-256(00 00)), as Certificate Transparency's own tests have it
    empty, zero = leaf_hash(b""), leaf_hash(b"\0")
    assert empty.hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert zero.hex() == "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
    root = root_of(empty, 0, 2, [zero])
    assert root
    assert root.hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"


def test_a_signed_checkpoint_is_read() -> None:
    assert read_checkpoint(NOTE, LOG, "b") == POINT


def test_a_checkpoint_may_have_more_lines_and_signatures_of_others() -> None:
    text = TEXT + b"Timestamp: 1\n"
    note = write_note(text, "trust.example", KEY.holder.id, KEY.sign(text))
    assert read_checkpoint(note, LOG, "b") == POINT
    witness = Key()
    line = write_note(text, "witness.example", witness.holder.id, witness.sign(text)).split("\n\n")[1]
    assert read_checkpoint(note + line, LOG, "b") == POINT
    first, second = note.split("\n\n")
    assert read_checkpoint(f"{first}\n\n{line}{second}", LOG, "b") == POINT


def test_an_ed25519_log_is_read() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private = ed25519.Ed25519PrivateKey.generate()
    public = key_of_der(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert public
    # the id of such a log is not the hash of its key alone: the trusted root says it
    log = Log("log", b"any id of it", public)
    assert read_checkpoint(write_note(TEXT, "trust.example", log.id, private.sign(TEXT)), log, "b") == POINT


def resigned(text: str) -> str:
    return write_note(text.encode(), "trust.example", KEY.holder.id, KEY.sign(text.encode()))


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("7\n", "8\n"),
        NOTE.replace("trust.example - 1", "trust.example - 2"),
        NOTE.replace("—", "-"),
        NOTE.replace("— trust.example ", "— trust.example  "),
        NOTE + "— x *\n",
        NOTE + "— x\n",
        NOTE.split("\n\n")[0] + "\n\n",
        resigned("o\n07\n" + TEXT.decode().split("\n")[2] + "\n"),
        resigned("o\n-7\n" + TEXT.decode().split("\n")[2] + "\n"),
        resigned("o\n٧\n" + TEXT.decode().split("\n")[2] + "\n"),
        resigned("o\n7\nAAAA\n"),
        resigned("o\n7\n"),
        resigned("\n7\n" + TEXT.decode().split("\n")[2] + "\n"),
        "x" * 70_000 + NOTE,
        NOTE + NOTE.split("\n\n")[1] * 40,
    ],
    ids=range(20),
)
def test_any_other_note_is_refused(note: str) -> None:
    with pytest.raises(IntegrityError):
        read_checkpoint(note, LOG, "b")


def test_another_logs_checkpoint_is_refused() -> None:
    other = Key()
    with pytest.raises(IntegrityError, match="not signed by log"):
        read_checkpoint(write_note(TEXT, "trust.example", other.holder.id, KEY.sign(TEXT)), LOG, "b")
    for key_id in (KEY.holder.id, other.holder.id):
        with pytest.raises(IntegrityError, match="not signed by log"):
            read_checkpoint(write_note(TEXT, "trust.example", key_id, other.sign(TEXT)), LOG, "b")
