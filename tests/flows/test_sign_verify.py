# SPDX-License-Identifier: Apache-2.0
"""sign and verify through their flows: a token in memory, real files, and foreign software as the judge."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import securesystemslib.dsse
import securesystemslib.exceptions
import securesystemslib.signer

from pipeline_guard.errors import Denied, GuardError, IntegrityError, NothingToDo, Unavailable, UsageError
from pipeline_guard.flows.sign import Signed, SignRequest, sign
from pipeline_guard.flows.verify import KeyDoors, find_key, verify, verify_one
from pipeline_guard.model.key import KeyState, KeyType, KeyUsage
from pipeline_guard.sign.timeline import bare
from tests.fakes.signing import SigningPlace

VECTORS = Path(__file__).parents[1] / "vectors" / "sign" / "v1"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningPlace:
    """A signing key, and a folder with two files and a model to work in."""
    monkeypatch.chdir(tmp_path)
    Path("a.bin").write_bytes(b"one")
    Path("b.bin").write_bytes(b"two")
    for name, content in {
        "config.json": b"{}",
        "sub/weights.bin": bytes(300),
        "sub/é.txt": b"x",
        "empty": b"",
        "b-c": b"y",
        "b/c": b"z",
    }.items():
        path = Path("model") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found = SigningPlace()
    Path("key.pem").write_text(found.key.public_pem)
    return found


def signed(place: SigningPlace, *subjects: str, kind: str = "", key: str = "signing", bundle: str = "") -> list[Signed]:
    return sign(SignRequest(subjects, kind, key, bundle, "user:ada"), doors=place.sign_doors)


def holds(place: SigningPlace, subject: str, bundle: str = "") -> bool:
    """Tell whether a subject verifies; only the one class of refusal counts as a no."""
    try:
        verify_one(subject, bundle, bare(place.key.public_pem), doors=place.verify_doors)
    except IntegrityError as error:
        return not (error.what and error.hint)
    return True


def flip(path: str | Path, position: int = 0) -> None:
    content = bytearray(Path(path).read_bytes())
    content[position] ^= 1
    Path(path).write_bytes(content)


# --- files


@pytest.mark.parametrize("kind", ["", "blob", "provenance"])
def test_a_signed_file_verifies_and_a_changed_one_does_not(place: SigningPlace, kind: str) -> None:
    (made,) = signed(place, "a.bin", kind=kind)
    assert made.bundle == "a.bin.sigstore.json"
    assert holds(place, "a.bin")
    flip("a.bin")
    assert not holds(place, "a.bin")


def test_the_same_file_gives_the_same_payload(place: SigningPlace) -> None:
    assert signed(place, "a.bin")[0].payload == signed(place, "a.bin")[0].payload


def test_an_empty_file_can_be_signed(place: SigningPlace) -> None:
    Path("empty").touch()
    signed(place, "empty")
    assert holds(place, "empty")
    Path("empty").write_bytes(b"\0")
    assert not holds(place, "empty")


def test_several_files_get_a_bundle_each(place: SigningPlace) -> None:
    assert [made.bundle for made in signed(place, "a.bin", "b.bin")] == ["a.bin.sigstore.json", "b.bin.sigstore.json"]
    assert holds(place, "a.bin")
    assert not holds(place, "a.bin", "b.bin.sigstore.json")


def test_several_files_share_a_bundle_that_is_named(place: SigningPlace) -> None:
    (made,) = signed(place, "a.bin", "b.bin", bundle="all.json")
    assert made.subjects == ("a.bin", "b.bin")
    assert holds(place, "a.bin", "all.json")
    assert holds(place, "b.bin", "all.json")
    assert place.token.signatures == 1


def test_files_that_changed_places_do_not_verify(place: SigningPlace) -> None:
    signed(place, "a.bin", "b.bin", bundle="all.json")
    Path("a.bin").write_bytes(b"two")
    Path("b.bin").write_bytes(b"one")
    assert not holds(place, "a.bin", "all.json")


def test_a_renamed_file_still_verifies(place: SigningPlace) -> None:
    signed(place, "a.bin")
    Path("a.bin").rename("c.bin")
    assert holds(place, "c.bin", "a.bin.sigstore.json")


def test_a_digest_verifies_against_a_named_bundle(place: SigningPlace) -> None:
    signed(place, "a.bin")
    digest = hashlib.sha256(b"one").hexdigest()
    assert holds(place, f"sha256:{digest}", "a.bin.sigstore.json")
    assert not holds(place, "sha256:" + "0" * 64, "a.bin.sigstore.json")


def test_provenance_names_only_a_local_builder(place: SigningPlace) -> None:
    signed(place, "a.bin", kind="provenance")
    statement = verify_one("a.bin", "", bare(place.key.public_pem), doors=place.verify_doors)
    assert statement.predicate_type == "https://slsa.dev/provenance/v1"
    assert statement.predicate["runDetails"]["builder"]["id"] == "urn:pipeline-guard:local-builder:v1"


# --- models


def test_a_signed_model_verifies_wherever_it_is_called_from(place: SigningPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (made,) = signed(place, "model")
    assert made.bundle == "model/model.sig"
    assert holds(place, "model")
    assert holds(place, "model/")
    assert holds(place, "./model", "model/model.sig")
    assert holds(place, str(tmp_path / "model"))
    Path("model").rename("renamed")
    assert holds(place, "renamed")
    monkeypatch.chdir("renamed")
    assert holds(place, "../renamed")


def a_changed_byte() -> None:
    flip("model/sub/weights.bin", 200)


def an_added_file() -> None:
    Path("model/extra.py").touch()


def a_removed_file() -> None:
    Path("model/empty").unlink()


def a_renamed_file() -> None:
    Path("model/config.json").rename("model/config.yaml")


def swapped_files() -> None:
    Path("model/b-c").write_bytes(b"z")
    Path("model/b/c").write_bytes(b"y")


def a_link_to_the_same_bytes() -> None:
    Path("model/config.json").rename("config.json")
    Path("model/config.json").symlink_to("../config.json")


def a_pipe() -> None:
    os.mkfifo("model/pipe")


def another_signature_inside() -> None:
    shutil.copy("model/model.sig", "model/sub/model.sig")


def a_changed_signature() -> None:
    flip("model/model.sig", 300)


def a_removed_signature() -> None:
    Path("model/model.sig").unlink()


@pytest.mark.parametrize(
    "change",
    [
        a_changed_byte,
        an_added_file,
        a_removed_file,
        a_renamed_file,
        swapped_files,
        a_link_to_the_same_bytes,
        a_pipe,
        another_signature_inside,
        a_changed_signature,
        a_removed_signature,
    ],
    ids=lambda change: change.__name__,
)
def test_a_changed_model_is_refused(place: SigningPlace, change: Callable[[], None]) -> None:
    signed(place, "model")
    change()
    assert not holds(place, "model")


def test_a_model_can_be_signed_again(place: SigningPlace) -> None:
    first = signed(place, "model")[0].payload
    assert signed(place, "model")[0].payload == first
    assert holds(place, "model")


def test_a_model_signature_may_lie_elsewhere(place: SigningPlace) -> None:
    signed(place, "model", bundle="elsewhere.sig")
    assert holds(place, "model", "elsewhere.sig")
    assert not holds(place, "model")


@pytest.mark.parametrize("folders", [[], ["d/e"], [".git/hooks"]])
def test_a_folder_without_files_is_not_signed(place: SigningPlace, folders: list[str]) -> None:
    for folder in ["void", *(f"void/{name}" for name in folders)]:
        Path(folder).mkdir(parents=True)
    with pytest.raises(NothingToDo, match="void"):
        signed(place, "void")
    assert place.state.events == []


def test_a_file_made_of_a_models_digests_does_not_pass_for_the_model(place: SigningPlace) -> None:
    signed(place, "model")
    statement = verify_one("model", "", bare(place.key.public_pem), doors=place.verify_doors)
    forged = b"".join(bytes.fromhex(entry["digest"]) for entry in statement.predicate["resources"])
    Path("forged").write_bytes(forged)
    assert hashlib.sha256(forged).hexdigest() == statement.subjects[0].digest.hex
    assert not holds(place, "forged", "model/model.sig")


def test_a_file_signature_is_none_of_a_folder(place: SigningPlace) -> None:
    signed(place, "a.bin")
    assert not holds(place, "model", "a.bin.sigstore.json")


# --- who may sign, and what is written first


def test_the_record_is_written_before_the_signature(place: SigningPlace) -> None:
    place.state.broken = True
    with pytest.raises(Unavailable):
        signed(place, "a.bin")
    assert place.token.signatures == 0
    assert not Path("a.bin.sigstore.json").exists()


def test_the_record_says_who_signed_what_with_which_key(place: SigningPlace) -> None:
    (made,) = signed(place, "a.bin", "b.bin", bundle="all.json")
    (event,) = place.state.events
    assert (event.actor, event.action, event.object, event.outcome) == ("user:ada", "sign", "a.bin, b.bin", "granted")
    assert event.why == "key signing version 1"
    assert event.request_digest == made.payload.hex


def test_a_key_of_the_token_is_named_by_uri(place: SigningPlace) -> None:
    signed(place, "a.bin", key="pkcs11:object=signing/1")
    assert holds(place, "a.bin")


def test_without_a_key_the_hint_says_how_to_make_one(place: SigningPlace) -> None:
    with pytest.raises(UsageError) as caught:
        signed(place, "a.bin", key="")
    assert "pipeline-guard keys create signing" in caught.value.hint
    with pytest.raises(UsageError, match="nobody"):
        signed(place, "a.bin", key="nobody")


@pytest.mark.parametrize("state", [state for state in KeyState if state is not KeyState.ACTIVE], ids=lambda state: state.value)
def test_only_an_active_key_signs(place: SigningPlace, state: KeyState) -> None:
    place.state.records["signing"] = dataclasses.replace(place.key, state=state)
    with pytest.raises(Denied, match=state.value):
        signed(place, "a.bin")
    assert place.token.signatures == 0
    assert place.state.events == []


def test_a_wrapping_key_does_not_sign(place: SigningPlace) -> None:
    place.state.add_key(place.token.create("wrapping", 1, KeyType.AES_256, KeyUsage.WRAP))
    with pytest.raises(Denied, match="wrapping"):
        signed(place, "a.bin", key="wrapping")


def test_a_register_that_names_another_key_writes_no_bundle(place: SigningPlace) -> None:
    place.state.records["signing"] = dataclasses.replace(place.key, public_pem=SigningPlace().key.public_pem)
    with pytest.raises(IntegrityError):
        signed(place, "a.bin")
    assert not Path("a.bin.sigstore.json").exists()


def test_one_bad_subject_writes_nothing(place: SigningPlace) -> None:
    Path("model/link").symlink_to("config.json")
    with pytest.raises(IntegrityError, match="model/link"):
        signed(place, "a.bin", "model")
    assert not Path("a.bin.sigstore.json").exists()
    assert place.token.signatures == 0


@pytest.mark.parametrize(
    ("subjects", "kind", "bundle", "error"),
    [
        (("missing",), "", "", NothingToDo),
        (("a.bin", "missing"), "", "", NothingToDo),
        (("a.bin/",), "", "", NothingToDo),
        (("link",), "", "", UsageError),
        (("pipe",), "", "", UsageError),
        (("a.bin", "model"), "", "all.json", UsageError),
        (("a.bin", "model/../a.bin"), "", "all.json", UsageError),
        (("a.bin",), "", "no/folder/x.json", UsageError),
        ((os.fsdecode(b"\xff"),), "", "", UsageError),
    ],
)
def test_what_cannot_be_signed_is_refused_with_a_hint(
    place: SigningPlace, subjects: tuple[str, ...], kind: str, bundle: str, error: type[GuardError]
) -> None:
    Path("link").symlink_to("a.bin")
    Path(os.fsdecode(b"\xff")).touch()
    os.mkfifo("pipe")
    before = sorted(Path().iterdir())
    with pytest.raises(error) as caught:
        signed(place, *subjects, kind=kind, bundle=bundle)
    assert caught.value.hint
    assert sorted(Path().iterdir()) == before


# --- verifying as a whole


def test_every_subject_is_answered_after_a_failure(place: SigningPlace) -> None:
    signed(place, "a.bin")
    answers = verify(["b.bin", "missing", "a.bin"], "", bare(place.key.public_pem), doors=place.verify_doors)
    assert [(answer.subject, answer.verified) for answer in answers] == [("b.bin", False), ("missing", False), ("a.bin", True)]
    assert "no signature there" in answers[0].why
    assert "pipeline-guard sign b.bin" in answers[0].hint
    assert answers[2].digest == "sha256:" + hashlib.sha256(b"one").hexdigest()


@pytest.mark.parametrize(
    ("subjects", "error"), [(["missing"], NothingToDo), (["sha256:" + "0" * 64], UsageError), (["sha256:xyz"], UsageError)]
)
def test_nothing_to_verify_is_an_error(place: SigningPlace, subjects: list[str], error: type[GuardError]) -> None:
    with pytest.raises(error):
        verify(subjects, "", bare(place.key.public_pem), doors=place.verify_doors)


def test_a_key_is_a_file_or_a_name_and_never_both(place: SigningPlace) -> None:
    Path("signing").write_text(SigningPlace().key.public_pem)
    keys = KeyDoors(lambda: place.state, lambda: place.token)

    def found(named: str) -> str:
        return find_key(named, files=place.verify_doors.files, keys=keys, clock=place.verify_doors.clock).newest.public_pem

    assert found("signing") == found("key.pem") == found("./key.pem") == found("pkcs11:object=signing/1") == place.key.public_pem
    assert found("./signing") == Path("signing").read_text()
    Path("other").write_text("x")
    with pytest.raises(UsageError) as caught:
        found("other")
    assert "./other" in caught.value.hint
    for wrong in ("nobody", "missing.pem", "./missing", "pkcs11:object=nobody"):
        with pytest.raises(UsageError):
            found(wrong)


def test_the_stored_model_of_the_first_version_verifies_for_ever() -> None:
    pem = bare((VECTORS / "signing.pem").read_text())
    doors = SigningPlace().verify_doors
    assert verify_one(str(VECTORS / "model"), "", pem, doors=doors).subjects[0].name == "model"
    for name in ("hello.txt", "other.txt"):
        assert verify_one(str(VECTORS / name), str(VECTORS / "both.sigstore.json"), pem, doors=doors)
    assert verify_one(str(VECTORS / "built.txt"), "", pem, doors=doors)


# --- foreign judges


def judged_by_securesystemslib(bundle: str, pem: str) -> bool:
    envelope = securesystemslib.dsse.Envelope.from_dict(json.loads(Path(bundle).read_bytes())["dsseEnvelope"])
    key = securesystemslib.signer.SSlibKey("", "ecdsa", "ecdsa-sha2-nistp256", {"public": pem})
    try:
        envelope.verify([key], 1)
    except securesystemslib.exceptions.VerificationError:
        return False
    return True


@pytest.mark.parametrize("kind", ["blob", "provenance"])
def test_securesystemslib_accepts_ours_and_refuses_a_flipped_byte(place: SigningPlace, kind: str) -> None:
    signed(place, "a.bin", kind=kind)
    bundle = Path("a.bin.sigstore.json")
    assert judged_by_securesystemslib(str(bundle), place.key.public_pem)
    assert not judged_by_securesystemslib(str(bundle), SigningPlace().key.public_pem)
    document = json.loads(bundle.read_bytes())
    payload = document["dsseEnvelope"]["payload"]
    document["dsseEnvelope"]["payload"] = payload[:40] + ("A" if payload[40] != "A" else "B") + payload[41:]
    bundle.write_text(json.dumps(document))
    assert not judged_by_securesystemslib(str(bundle), place.key.public_pem)
    assert not holds(place, "a.bin")


def model_signing(*words: str) -> int:
    command = [sys.executable, "-W", "ignore", "-m", "model_signing", *words]
    return subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONUTF8": "1"}).returncode


def test_the_model_signing_tool_accepts_ours_and_refuses_a_flipped_byte(place: SigningPlace) -> None:
    signed(place, "model")
    question = ("verify", "key", "--signature", "model/model.sig", "--public_key", "key.pem", "model")
    assert model_signing(*question) == 0
    flip("model/sub/weights.bin", 200)
    assert model_signing(*question) == 1


def test_the_model_signing_tool_accepts_a_signature_beside_the_model(place: SigningPlace) -> None:
    signed(place, "model", bundle="beside.sig")
    question = ("verify", "key", "--signature", "beside.sig", "--public_key", "key.pem", "model")
    assert model_signing(*question) == 0
    flip("beside.sig", 500)
    assert model_signing(*question) != 0


@pytest.mark.parametrize("signature", ["model/model.sig", "beside.sig"])
def test_ours_accepts_a_model_signed_by_the_model_signing_tool_and_refuses_a_flipped_byte(place: SigningPlace, signature: str) -> None:
    from cryptography.hazmat.primitives import serialization

    private: Any = place.token.material(place.key.ref)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    Path("private.pem").write_bytes(private.private_bytes(*form))
    assert model_signing("sign", "key", "--signature", signature, "--private_key", "private.pem", "model") == 0
    assert holds(place, "model", signature)
    flip("model/sub/weights.bin", 200)
    assert not holds(place, "model", signature)
