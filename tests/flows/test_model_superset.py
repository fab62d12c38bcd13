# SPDX-License-Identifier: Apache-2.0
"""Models: what the format of OpenSSF Model Signing sees, what only we see, and that one signature serves both."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters import tree
from pipeline_guard.errors import GuardError, IntegrityError
from pipeline_guard.flows.sign import SignRequest, sign
from pipeline_guard.flows.verify import verify_one
from pipeline_guard.model.model_terms import STRICT, ModelTerms
from pipeline_guard.sign.timeline import bare
from tests.fakes.signing import SigningPlace


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningPlace:
    """A signing key and a model with everything a regular one may hold."""
    monkeypatch.chdir(tmp_path)
    for name, content in {
        "config.json": b"{}",
        "sub/weights.bin": bytes(250),
        "sub/__init__.py": b"",
        "run.sh": b"#!/bin/sh\n",
        ".gitignore": b"*.tmp\n",
        ".gitattributes": b"*.bin filter=lfs\n",
        ".github/workflow.yml": b"on: push\n",
    }.items():
        path = Path("model") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    Path("model/run.sh").chmod(0o755)
    Path("model/cache").mkdir()
    found = SigningPlace()
    Path("key.pem").write_text(found.key.public_pem)
    return found


def signed(place: SigningPlace, subject: str = "model", kind: str = "model", bundle: str = "", **more: Any) -> None:
    sign(SignRequest((subject,), kind, "signing", bundle, "user:ada", **more), doors=place.sign_doors)


def why_not(place: SigningPlace, subject: str = "model", bundle: str = "", terms: ModelTerms = STRICT) -> str:
    """Return why a subject does not verify, "" if it does; every refusal has a hint."""
    try:
        verify_one(subject, bundle, bare(place.key.public_pem), doors=dataclasses.replace(place.verify_doors, terms=terms))
    except IntegrityError as error:
        return error.what if error.hint else "no hint"
    return ""


def they_accept(bundle: str, model: str = "model") -> bool:
    """Ask model-signing, as its own command does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import model_signing

        try:
            model_signing.verifying.Config().use_elliptic_key_verifier(public_key="key.pem").verify(Path(model), Path(bundle))
        except (ValueError, OSError):
            return False
    return True


def they_sign(place: SigningPlace, method: str = "files", algorithm: str = "sha256", model: str = "model") -> None:
    from cryptography.hazmat.primitives import serialization

    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    Path("private.pem").write_bytes(place.token.material(place.key.ref).private_bytes(*form))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import model_signing

        hashing = model_signing.hashing.Config()
        if method == "shards":
            hashing.use_shard_serialization(hashing_algorithm=algorithm, shard_size=100)
        else:
            hashing.use_file_serialization(hashing_algorithm=algorithm)
        hashing.set_ignored_paths(paths=[], ignore_git_paths=True)
        config = model_signing.signing.Config().set_hashing_config(hashing).use_elliptic_key_signer(private_key="private.pem")
        config.sign(Path(model), Path("theirs.sig"))


# --- seen by us, passed over by the format: the same signature still holds elsewhere


def make_executable() -> None:
    Path("model/config.json").chmod(0o755)


def take_the_executable_bit() -> None:
    Path("model/run.sh").chmod(0o644)


def add_an_empty_folder() -> None:
    Path("model/new").mkdir()


def remove_an_empty_folder() -> None:
    Path("model/cache").rmdir()


def add_a_payload_below_git() -> None:
    Path("model/.git/hooks").mkdir(parents=True)
    Path("model/.git/hooks/post-checkout").write_text("#!/bin/sh\n")


def change_an_ignored_file() -> None:
    Path("model/.gitattributes").write_text("*.bin filter=evil\n")


def add_an_ignored_file() -> None:
    Path("model/.github/more.yml").write_text("on: push\n")


def remove_an_ignored_file() -> None:
    Path("model/.gitignore").unlink()


def add_a_second_name_elsewhere() -> None:
    Path("outside").hardlink_to("model/config.json")


def let_a_file_run_as_its_owner() -> None:
    Path("model/run.sh").chmod(0o4755)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (make_executable, "made executable after signing: config.json"),
        (take_the_executable_bit, "no longer executable, as it was when signed: run.sh"),
        (add_an_empty_folder, "folders that the signature does not cover: new"),
        (remove_an_empty_folder, "missing folders: cache"),
        (add_a_payload_below_git, "not covered by the signature: .git/hooks/post-checkout"),
        (change_an_ignored_file, ".gitattributes: not the content that was signed"),
        (add_an_ignored_file, "not covered by the signature: .github/more.yml"),
        (remove_an_ignored_file, "signed but missing: .gitignore"),
        (add_a_second_name_elsewhere, "config.json has a second name"),
        (let_a_file_run_as_its_owner, "run.sh is set to run as its owner"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_the_format_passes_over_is_seen_by_us(place: SigningPlace, change: Callable[[], None], words: str) -> None:
    signed(place)
    assert why_not(place) == ""
    change()
    assert words in why_not(place)
    assert they_accept("model/model.sig")
    assert why_not(place, terms=ModelTerms(lenient=True)) == ""


# --- seen by both


def flip_a_byte() -> None:
    content = bytearray(Path("model/sub/weights.bin").read_bytes())
    content[200] ^= 1
    Path("model/sub/weights.bin").write_bytes(content)


def add_a_file() -> None:
    Path("model/evil.py").write_text("pass\n")


def add_an_empty_file() -> None:
    Path("model/evil.py").touch()


def remove_a_file() -> None:
    Path("model/config.json").unlink()


def remove_an_empty_file() -> None:
    Path("model/sub/__init__.py").unlink()


def add_a_file_that_differs_in_case() -> None:
    Path("model/CONFIG.json").write_bytes(b"{}")


def add_a_file_that_differs_in_composition() -> None:
    Path("model/e\u0301").touch()


def swap_a_file_for_a_link() -> None:
    Path("model/config.json").rename("elsewhere")
    Path("model/config.json").symlink_to("../elsewhere")


def put_a_pipe() -> None:
    os.mkfifo("model/pipe")


@pytest.mark.parametrize(
    "change",
    [
        flip_a_byte,
        add_a_file,
        add_an_empty_file,
        remove_a_file,
        remove_an_empty_file,
        add_a_file_that_differs_in_case,
        add_a_file_that_differs_in_composition,
        swap_a_file_for_a_link,
        put_a_pipe,
    ],
    ids=lambda change: change.__name__,
)
def test_what_the_format_sees_is_seen_by_us_too_even_leniently(place: SigningPlace, change: Callable[[], None]) -> None:
    signed(place)
    assert they_accept("model/model.sig")
    change()
    assert not they_accept("model/model.sig")
    assert why_not(place)
    assert why_not(place, terms=ModelTerms(lenient=True))


def test_a_link_that_leads_in_a_circle_ends(place: SigningPlace) -> None:
    signed(place)
    Path("model/loop").symlink_to("..")
    assert "symbolic link" in why_not(place)


# --- the verifier, not the signed file, says what may be ignored


def test_what_the_verifier_ignores_may_be_there(place: SigningPlace) -> None:
    add_a_payload_below_git()
    signed(place)
    assert "--ignore-path .git" in hint_of(place)
    assert why_not(place, terms=ModelTerms(ignored=(".git",))) == ""
    Path("model/notes").mkdir()
    Path("model/notes/mine.txt").write_text("x")
    Path("model/notes.txt").write_text("x")
    assert "notes.txt" in why_not(place, terms=ModelTerms(ignored=(".git", "notes")))
    assert why_not(place, terms=ModelTerms(ignored=(".git", "notes", "notes.txt"))) == ""


def hint_of(place: SigningPlace) -> str:
    with pytest.raises(IntegrityError) as caught:
        verify_one("model", "", bare(place.key.public_pem), doors=place.verify_doors)
    return caught.value.hint


def test_a_foreign_signature_that_leaves_more_out_than_the_format_is_not_followed(place: SigningPlace) -> None:
    they_sign(place)
    assert why_not(place, bundle="theirs.sig") == ""
    add_a_payload_below_git()
    assert "post-checkout" in why_not(place, bundle="theirs.sig")
    assert they_accept("theirs.sig")


# --- other ways to list, other algorithms


@pytest.mark.parametrize("algorithm", ["sha256", "blake2", "blake3"])
@pytest.mark.parametrize("method", ["files", "shards"])
def test_models_signed_by_model_signing_are_read(place: SigningPlace, method: str, algorithm: str) -> None:
    if method == "shards":
        Path("model/sub/__init__.py").unlink()
    they_sign(place, method, algorithm)
    assert why_not(place, bundle="theirs.sig") == ""
    with Path("model/sub/weights.bin").open("ab") as stream:
        stream.write(b"\0")
    assert "weights.bin" in why_not(place, bundle="theirs.sig")
    Path("model/sub/weights.bin").write_bytes(bytes(249))
    assert "weights.bin" in why_not(place, bundle="theirs.sig")
    Path("model/sub/weights.bin").write_bytes(bytes(249) + b"x")
    assert "weights.bin" in why_not(place, bundle="theirs.sig")


def test_an_empty_file_is_the_hole_of_shards_that_we_close(place: SigningPlace) -> None:
    they_sign(place, "shards")
    assert "not covered by the signature: sub/__init__.py" in why_not(place, bundle="theirs.sig")
    assert why_not(place, bundle="theirs.sig", terms=ModelTerms(lenient=True)) == ""


def test_blake3_on_request_is_accepted_by_model_signing(place: SigningPlace) -> None:
    signed(place, algorithm="blake3")
    assert why_not(place) == ""
    assert they_accept("model/model.sig")
    flip_a_byte()
    assert why_not(place)
    assert not they_accept("model/model.sig")


def test_a_model_of_one_file_is_signed_as_model_signing_does(place: SigningPlace) -> None:
    Path("m.gguf").write_bytes(b"GGUF" + bytes(100))
    signed(place, "m.gguf")
    assert why_not(place, "m.gguf") == ""
    assert they_accept("m.gguf.sigstore.json", "m.gguf")
    they_sign(place, model="m.gguf")
    assert why_not(place, "m.gguf", "theirs.sig") == ""
    assert "for a file" in why_not(place, "model", "theirs.sig")
    Path("m.gguf").write_bytes(b"GGUF" + bytes(99))
    assert why_not(place, "m.gguf")
    assert why_not(place, "m.gguf", "theirs.sig")
    assert not they_accept("m.gguf.sigstore.json", "m.gguf")


# --- signing


@pytest.mark.parametrize(
    "make",
    [
        add_a_file_that_differs_in_case,
        let_a_file_run_as_its_owner,
        put_a_pipe,
        lambda: Path("model/loop").symlink_to("loop"),
        lambda: Path(os.fsdecode(b"model/bad\xff")).touch(),
        lambda: socket.socket(socket.AF_UNIX).bind("model/socket"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_folder_that_would_mean_something_else_elsewhere_is_not_signed(place: SigningPlace, make: Callable[[], Any]) -> None:
    make()
    with pytest.raises(GuardError):
        signed(place)
    assert place.token.signatures == 0


def test_the_strict_part_is_what_the_folder_is(place: SigningPlace) -> None:
    signed(place)
    statement = verify_one("model", "", bare(place.key.public_pem), doors=place.verify_doors)
    field = statement.predicate["x-pipeline-guard"]
    assert (field["executables"], field["empty_folders"]) == (["run.sh"], ["cache"])
    assert [entry["name"] for entry in field["left_out"]] == [".gitattributes", ".github/workflow.yml", ".gitignore"]
    names = [entry["name"] for entry in statement.predicate["resources"]]
    assert names == ["config.json", "run.sh", "sub/__init__.py", "sub/weights.bin"]


def test_a_folder_with_its_signature_in_a_folder_of_its_own_verifies(place: SigningPlace) -> None:
    Path("model/signatures").mkdir()
    signed(place, bundle="model/signatures/mine.sig")
    assert why_not(place, bundle="model/signatures/mine.sig") == ""


def test_a_file_that_changes_between_listing_and_hashing_is_refused(place: SigningPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    signed(place)
    listing = place.verify_doors.tree.entries

    def meanwhile(root: str) -> Any:
        found = listing(root)
        Path("model/config.json").write_bytes(b"{}")
        return found

    monkeypatch.setattr(place.verify_doors.tree, "entries", meanwhile)
    assert "config.json: changed while it was read" in why_not(place)


def test_a_file_that_comes_while_others_are_hashed_is_refused(place: SigningPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    signed(place)
    hashing = tree._Job.run

    def meanwhile(*words: Any) -> Any:
        found = hashing(*words)
        Path("model/late.py").touch()
        return found

    monkeypatch.setattr(tree._Job, "run", meanwhile)
    assert "model/late.py: changed while it was read" in why_not(place)
    Path("model/late.py").unlink()
    with pytest.raises(IntegrityError, match="changed while it was read"):
        signed(place)


@pytest.mark.parametrize("name", ["../model/config.json", "/etc/passwd", "a\0b", "sub//x", "./config.json"])
def test_names_that_lead_out_of_the_model_are_refused_though_they_are_signed(place: SigningPlace, name: str) -> None:
    from pipeline_guard.sign.bundle import write_bundle
    from pipeline_guard.sign.dsse import pae
    from pipeline_guard.sign.model_manifest import model_payload

    payload = model_payload("model", {name: "11" * 32}, "")
    Path("made.sig").write_bytes(write_bundle(payload, place.token.sign(place.key.ref, pae(payload)), ""))
    assert "unsafe" in why_not(place, bundle="made.sig")
    assert json.loads(payload)["predicate"]["resources"][0]["name"] == name
