# SPDX-License-Identifier: Apache-2.0
"""Google's and Azure's key services: credentials, refusals, hostile answers. The working side is the contract suite."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pipeline_guard.adapters.cloud.gcp import crc32c
from pipeline_guard.adapters.cloud.opening import open_service
from pipeline_guard.adapters.cloud.rest import exchange, new_session
from pipeline_guard.adapters.cloud.token import CloudToken
from pipeline_guard.errors import Denied, GuardError, IntegrityError, Unavailable, UsageError
from pipeline_guard.model.key import KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from tests.fakes import azure, gcp
from tests.fakes.http import serving


@dataclass
class Place:
    uri: str
    state: Any
    secret: str

    def open(self, given: str = "", **environ: str) -> CloudToken:
        return open_service(self.uri, pin="env:GIVEN", environ={"GIVEN": given or self.secret, **environ})

    @property
    def address(self) -> str:
        return self.uri.partition("://")[2].partition("/")[0].partition("?")[0]


@pytest.fixture(params=["gcp", "azure"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    fake: Any = {"gcp": gcp, "azure": azure}[request.param]
    with fake.serve() as (uri, state):
        yield Place(uri, state, fake.TOKEN)


@pytest.fixture
def google() -> Iterator[Place]:
    with gcp.serve() as (uri, state):
        yield Place(uri, state, gcp.TOKEN)


@pytest.fixture
def vault() -> Iterator[Place]:
    with azure.serve(managed=False) as (uri, state):
        yield Place(uri, state, azure.TOKEN)


def uses(token: CloudToken) -> list[Callable[[], Any]]:
    key = token.create("k", 1, KeyType.EC_P256, KeyUsage.SIGN).ref
    wrapping = token.create("w", 1, KeyType.AES_256, KeyUsage.WRAP).ref
    wrapped = token.wrap(wrapping, Secret(b"k" * 32), b"row")
    token.sign(key, b"message")
    return [
        lambda: token.create("n", 1, KeyType.EC_P256, KeyUsage.SIGN),
        lambda: token.sign(key, b"message"),
        lambda: token.wrap(wrapping, Secret(b"k" * 32), b"row"),
        lambda: token.unwrap(wrapping, wrapped, b"row"),
        lambda: token.describe("pkcs11:object=k%2F1"),
        lambda: token.describe("pkcs11:id=" + "".join(f"%{byte:02x}" for byte in bytes.fromhex(key.id))),
    ]


BROKEN = [(status, b'{"error":{"message":"a text that people never see","code":"x y","status":7}}') for status in (301, 400, 401, 403, 404, 409, 429, 500, 503)] + [
    (200, content) for content in (b"", b"<html>", b"[]", b'{"value":7,"key":[],"signature":7,"ciphertext":{},"plaintext":"*","iv":1,"tag":1}', b"[" * 100_000, b"x" * 5_000_000)
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken[0]}-{broken[1][:12]!r}")
def test_whatever_the_service_answers_each_use_ends_in_one_error_of_ours(place: Place, broken: tuple[int, bytes]) -> None:
    token = place.open()
    acts = uses(token)
    place.state.broken = broken
    for act in acts:
        with pytest.raises(GuardError) as caught:
            act()
        assert not isinstance(caught.value, IntegrityError)
        assert "never see" not in caught.value.what + caught.value.hint
        assert place.secret not in caught.value.what + caught.value.hint
    place.state.broken = None
    assert acts[1]()


def test_the_token_travels_in_its_header_only_and_a_wrong_one_is_denied(place: Place) -> None:
    uses(place.open())
    assert all(headers.get("Authorization") == f"Bearer {place.secret}" for _, _, headers, _ in place.state.seen)
    assert not any(place.secret in path + json.dumps(body) for _, path, _, body in place.state.seen)
    with pytest.raises(Denied, match=r"refuses: (UNAUTHENTICATED|Unauthorized)"):
        place.open("another").create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)


def test_a_service_that_is_away_is_unavailable(place: Place) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place.uri = place.uri.replace(place.address, f"127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(Unavailable, match="cannot be reached"):
            place.open().create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)


def test_an_answer_that_is_cut_off_is_unavailable() -> None:
    with serving() as cut:
        cut.answers["/"] = {"half": "of it"}
        cut.cut_off.add("/")
        with pytest.raises(Unavailable, match="cannot be reached: ProtocolError"):
            exchange(new_session("gcp"), "GET", f"{cut.url}/", "Google")


def test_a_key_that_is_gone_is_no_broken_row(place: Place) -> None:
    token = place.open()
    wrapping = token.create("w", 1, KeyType.AES_256, KeyUsage.WRAP).ref
    wrapped = token.wrap(wrapping, Secret(b"k" * 32), b"row")
    token.destroy(wrapping)
    for opened in (token, place.open()):
        with pytest.raises(Unavailable):
            opened.unwrap(wrapping, wrapped, b"row")
        with pytest.raises(Unavailable):
            opened.wrap(wrapping, Secret(b"k" * 32), b"row")


def test_keys_beyond_one_page_are_found_by_labels_of_any_length_and_foreign_keys_are_passed_over(place: Place) -> None:
    token = place.open()
    long = "n" * 128
    refs = [token.create(f"{long}-{number}"[:128] if number == 30 else f"page-{number}", 1, KeyType.AES_256, KeyUsage.WRAP).ref for number in range(31)]  # fmt: skip
    assert token.describe(f"pkcs11:object={long}%2F1").ref == refs[30]
    assert token.describe("pkcs11:object=page-29%2F1").ref == refs[29]
    with pytest.raises(UsageError, match="no key"):
        token.describe("pkcs11:object=page-31%2F1")


def test_a_service_that_makes_another_key_than_asked_for_is_refused(place: Place) -> None:
    if isinstance(place.state, gcp.Kms):
        place.state.level = "SOFTWARE"
    else:
        place.state.premium = False
    with pytest.raises(Unavailable, match="as asked for"):
        place.open().create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)
    assert all(getattr(key, "state", "") == "DESTROY_SCHEDULED" for key in place.state.keys.values())
    place.uri += "&protection=software"
    assert place.open().create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)


def test_a_page_that_lies_elsewhere_gets_no_token(vault: Place) -> None:
    token = vault.open()
    for number in range(26):
        token.create(f"k-{number}", 1, KeyType.EC_P256, KeyUsage.SIGN)
    with azure.serve() as (_, thief):
        vault.state.other = f"http://{thief.address}"
        assert token.describe("pkcs11:object=k-25%2F1")
        assert thief.seen == []


def test_a_vault_has_no_wrapping_keys_and_says_so(vault: Place) -> None:
    with pytest.raises(Unavailable, match="aes-256"):
        vault.open().create("w", 1, KeyType.AES_256, KeyUsage.WRAP)


@pytest.mark.parametrize(
    "field", ["signatureCrc32c", "ciphertextCrc32c", "plaintextCrc32c", "verifiedDigestCrc32c", "verifiedPlaintextCrc32c"]
)
def test_an_answer_that_was_damaged_on_its_way_is_not_used(google: Place, field: str) -> None:
    acts = uses(google.open())
    google.state.damage = field
    said = []
    for act in acts[1:4]:
        try:
            act()
        except Unavailable as error:
            said.append(error.what)
    assert said
    assert all("damaged" in what or "did not receive" in what for what in said)


def test_check_sums_are_those_of_the_standard() -> None:
    # RFC 3720, B.4
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert str(crc32c(b"123456789")) == gcp.check_sum(b"123456789")


def test_a_service_account_signs_for_its_token_once(google: Place, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    google.state.account = key.public_key()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "private_key": text, "private_key_id": "1", "client_email": "guard@p-1.iam", "token_uri": f"http://{google.address}/token"}  # fmt: skip
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account))
    token = open_service(google.uri, pin="", environ={"GOOGLE_APPLICATION_CREDENTIALS": str(path)})
    uses(token)
    assert sum(seen[1] == "/token" for seen in google.state.seen) == 1
    for broken in ({**account, "type": "external_account"}, {**account, "token_uri": "http://example.com/token"}, {**account, "private_key": "x"}, []):  # fmt: skip
        path.write_text(json.dumps(broken))
        with pytest.raises(UsageError):
            open_service(google.uri, pin="", environ={"GOOGLE_APPLICATION_CREDENTIALS": str(path)}).create(
                "k", 1, KeyType.EC_P256, KeyUsage.SIGN
            )


def test_the_machines_own_identity_is_asked_where_nothing_is_named(place: Place) -> None:
    environ = {"GCE_METADATA_HOST": place.address, "AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://{place.address}"}
    uses(open_service(place.uri, pin="", environ=environ))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"127.0.0.1:{closed.getsockname()[1]}"
        environ = {"GCE_METADATA_HOST": away, "AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://{away}"}
        with pytest.raises(UsageError, match="no credentials"):
            open_service(place.uri, pin="", environ=environ).create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)


def test_a_job_with_a_federated_token_exchanges_it(vault: Place, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(azure.ASSERTION + "\n")
    environ = {
        "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"),
        "AZURE_CLIENT_ID": "client-1",
        "AZURE_TENANT_ID": "tenant-1",
        "AZURE_AUTHORITY_HOST": f"http://{vault.address}",
    }
    key = open_service(vault.uri, pin="", environ=environ).create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)
    assert key.public_pem
    for wrong in ({"AZURE_TENANT_ID": "a/b"}, {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "none")}, {"AZURE_AUTHORITY_HOST": "http://example.com"}):  # fmt: skip
        with pytest.raises(UsageError):
            open_service(vault.uri, pin="", environ=environ | wrong).create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)
    (tmp_path / "token").write_text("another")
    with pytest.raises(Unavailable, match="gives no access token"):
        open_service(vault.uri, pin="", environ=environ).create("k", 1, KeyType.EC_P256, KeyUsage.SIGN)


@pytest.mark.parametrize(
    "uri",
    [
        "gcpkms:///projects/p/locations/l",
        "gcpkms:///projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "gcpkms:///projects/../locations/l/keyRings/r?x=1",
        "azurekms:///",
        "azurekms://v.vault.azure.net/key",
        "azurekms://v.vault.azure.net?protection=none",
        "azurekms://v.vault.azure.net?scheme=http",
    ],
)
def test_a_uri_that_names_no_place_for_keys_is_refused(uri: str) -> None:
    with pytest.raises(UsageError):
        open_service(uri, pin="env:X", environ={"X": "y"})


def test_sigstores_way_of_naming_a_key_ring_is_read_too() -> None:
    token = open_service("gcpkms://projects/p/locations/global/keyRings/r", pin="env:X", environ={"X": "y"})
    assert token.facts()["label"] == "gcpkms-r"
