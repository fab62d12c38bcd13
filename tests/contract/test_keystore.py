# SPDX-License-Identifier: Apache-2.0
"""What every token does, the one in memory and the real ones alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline_guard.adapters.cloud.opening import open_service
from pipeline_guard.adapters.rehearsal import SoftwareToken
from pipeline_guard.adapters.software_key import WithSoftwareKeys
from pipeline_guard.errors import Denied, GuardError, IntegrityError, Unavailable, UsageError
from pipeline_guard.model.key import KeyRecord, KeyState, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.sign.public_key import load
from tests.fakes import azure, gcp
from tests.fakes.openbao import TOKEN, serve
from tests.fakes.signing import StandingClock


def software(_request: pytest.FixtureRequest) -> Any:
    return SoftwareToken(StandingClock())


def softhsm(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("embedded_token")


def beside(_request: pytest.FixtureRequest) -> Any:
    return WithSoftwareKeys(SoftwareToken(StandingClock()), makes=True)


def openbao(request: pytest.FixtureRequest) -> Any:
    context = serve()
    address, _ = context.__enter__()
    request.addfinalizer(lambda: context.__exit__(None, None, None))
    return open_service(f"openbao://{address}/transit?scheme=http", pin="env:BAO", environ={"BAO": TOKEN})


def google(request: pytest.FixtureRequest) -> Any:
    context = gcp.serve()
    uri, _ = context.__enter__()
    request.addfinalizer(lambda: context.__exit__(None, None, None))
    return open_service(uri, pin="env:GCP", environ={"GCP": gcp.TOKEN})


def managed_hsm(request: pytest.FixtureRequest) -> Any:
    context = azure.serve()
    uri, _ = context.__enter__()
    request.addfinalizer(lambda: context.__exit__(None, None, None))
    return open_service(uri, pin="env:AZURE", environ={"AZURE": azure.TOKEN})


def aws(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("aws_kms")


TOKENS: list[Callable[[pytest.FixtureRequest], Any]] = [
    software,
    softhsm,
    beside,
    openbao,
    google,
    managed_hsm,
    aws,
]  # one line more for each implementation of Keystore, Signer and Wrapper


# what a service does not make, and then has to say so
LACKING = dict.fromkeys(("AwsKms", "GcpKms", "AzureKeys"), (KeyType.ED25519,))


def signed(token: Any, message: bytes, algorithm: str = "sha256") -> bytes:
    """Return what a signature is over: moto 5.2 does not read MessageType and hashes a digest once more; AWS does not."""
    return hashlib.new(algorithm, message).digest() if kind_of(token) == "AwsKms" else message


def kind_of(token: Any) -> str:
    return type(getattr(token, "_service", None)).__name__


@pytest.fixture(params=TOKENS, ids=lambda make: make.__name__, scope="module")
def token(request: pytest.FixtureRequest) -> Any:
    return request.param(request)


@pytest.fixture
def signing(token: Any) -> KeyRecord:
    return token.create("signing", 1, KeyType.EC_P256, KeyUsage.SIGN)


@pytest.fixture
def wrapping(token: Any) -> KeyRecord:
    return token.create("wrapping", 1, KeyType.AES_256, KeyUsage.WRAP)


def test_a_created_key_is_what_was_asked_for(signing: KeyRecord, wrapping: KeyRecord) -> None:
    assert (signing.ref.name, signing.ref.version, signing.ref.type, signing.ref.usage) == ("signing", 1, KeyType.EC_P256, KeyUsage.SIGN)
    assert (wrapping.ref.type, wrapping.ref.usage, wrapping.public_pem) == (KeyType.AES_256, KeyUsage.WRAP, "")
    assert signing.state is wrapping.state is KeyState.ACTIVE
    assert signing.created.tzinfo is not None


def test_two_keys_of_one_name_have_different_ids(token: Any) -> None:
    made = [token.create("twin", 1, KeyType.EC_P256, KeyUsage.SIGN).ref.id for _ in range(2)]
    assert len(set(made)) == 2


def test_a_type_that_cannot_serve_the_usage_is_refused(token: Any) -> None:
    with pytest.raises(UsageError):
        token.create("odd", 1, KeyType.AES_256, KeyUsage.SIGN)
    with pytest.raises(UsageError):
        token.create("odd", 1, KeyType.EC_P256, KeyUsage.WRAP)


def test_a_signature_verifies_with_foreign_software_and_only_over_its_message(token: Any, signing: KeyRecord) -> None:
    public: Any = serialization.load_pem_public_key(signing.public_pem.encode())
    signature = token.sign(signing.ref, b"message")
    public.verify(signature, signed(token, b"message"), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"massage", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("kind", [KeyType.EC_P384, KeyType.ED25519, KeyType.RSA_3072, KeyType.ML_DSA_65], ids=lambda kind: kind.value)
def test_every_type_of_signing_key_signs_so_that_foreign_software_verifies(token: Any, kind: KeyType) -> None:
    lacks_pq = kind is KeyType.ML_DSA_65 and not isinstance(token, SoftwareToken | WithSoftwareKeys)
    if lacks_pq or kind in LACKING.get(kind_of(token), ()):
        with pytest.raises(Unavailable, match=kind.value):
            token.create("lacking", 1, kind, KeyUsage.SIGN)
        return
    record = token.create(f"each-{kind.value}", 1, kind, KeyUsage.SIGN)
    content = signed(token, b"message", "sha384" if kind is KeyType.EC_P384 else "sha256")
    assert load(record.public_pem).accepts(token.sign(record.ref, b"message"), content)
    assert not load(record.public_pem).accepts(token.sign(record.ref, b"message"), b"massage")
    uri = "pkcs11:id=" + "".join(f"%{byte:02x}" for byte in bytes.fromhex(record.ref.id))
    if not (isinstance(token, WithSoftwareKeys) and record.in_software):  # its place in the token holds the key it is derived from
        assert token.describe(uri).public_pem == record.public_pem


def test_a_destroyed_key_is_gone_and_its_neighbour_stays(token: Any, wrapping: KeyRecord) -> None:
    gone, stays = (token.create("doomed", number, KeyType.EC_P256, KeyUsage.SIGN) for number in (1, 2))
    token.destroy(gone.ref)
    token.destroy(gone.ref)
    with pytest.raises(GuardError):
        token.sign(gone.ref, b"message")
    assert token.sign(stays.ref, b"message")
    wrapped = token.wrap(wrapping.ref, Secret(b"k" * 32), b"")
    token.destroy(wrapping.ref)
    with pytest.raises(GuardError):
        token.unwrap(wrapping.ref, wrapped, b"")


def test_a_wrapping_key_does_not_sign(token: Any, wrapping: KeyRecord) -> None:
    with pytest.raises(Denied):
        token.sign(wrapping.ref, b"message")


def test_a_signing_key_does_not_wrap(token: Any, signing: KeyRecord) -> None:
    with pytest.raises(Denied):
        token.wrap(signing.ref, Secret(b"k" * 32), b"")
    with pytest.raises(Denied):
        token.unwrap(signing.ref, b"\x01" + b"k" * 60, b"")


def test_a_wrapped_key_comes_back(token: Any, wrapping: KeyRecord) -> None:
    wrapped = token.wrap(wrapping.ref, Secret(b"k" * 32), b"row 7")
    assert b"k" * 8 not in wrapped
    assert token.unwrap(wrapping.ref, wrapped, b"row 7") == Secret(b"k" * 32)
    assert token.wrap(wrapping.ref, Secret(b"k" * 32), b"row 7") != wrapped


def test_a_changed_or_moved_wrapped_key_is_refused(token: Any, wrapping: KeyRecord) -> None:
    wrapped = token.wrap(wrapping.ref, Secret(b"k" * 32), b"row 7")
    for position in (0, 1, 12, 13, len(wrapped) // 2, len(wrapped) - 1):
        changed = bytearray(wrapped)
        changed[position] ^= 1
        with pytest.raises(IntegrityError):
            token.unwrap(wrapping.ref, bytes(changed), b"row 7")
    for cut in (b"", wrapped[:1], wrapped[:20], wrapped[:-1]):
        with pytest.raises(IntegrityError):
            token.unwrap(wrapping.ref, cut, b"row 7")
    with pytest.raises(IntegrityError):
        token.unwrap(wrapping.ref, wrapped, b"row 8")
    other = token.create("other", 1, KeyType.AES_256, KeyUsage.WRAP)
    with pytest.raises(IntegrityError):
        token.unwrap(other.ref, wrapped, b"row 7")


def test_a_key_is_found_by_its_id(token: Any, signing: KeyRecord) -> None:
    found = token.describe("pkcs11:id=" + "".join(f"%{byte:02x}" for byte in bytes.fromhex(signing.ref.id)))
    assert found.ref.id == signing.ref.id
    assert found.ref.usage is KeyUsage.SIGN
    assert found.public_pem == signing.public_pem


def test_a_key_is_found_by_its_label(token: Any) -> None:
    made = token.create("labelled", 3, KeyType.EC_P256, KeyUsage.SIGN)
    assert token.describe("pkcs11:object=labelled/3").ref.id == made.ref.id


@pytest.mark.parametrize("uri", ["pkcs11:object=nobody", "pkcs11:id=%00%01", "pkcs11:object=twins/1", "signing", "pkcs11:pin-value=1234"])
def test_a_uri_that_names_none_or_several_is_refused(token: Any, uri: str) -> None:
    for _ in range(2):
        token.create("twins", 1, KeyType.EC_P256, KeyUsage.SIGN)
    with pytest.raises(UsageError):
        token.describe(uri)
