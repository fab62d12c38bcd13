# SPDX-License-Identifier: Apache-2.0
"""Trusted roots: what counts, what is left alone, what is refused."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pipeline_guard.errors import UsageError
from pipeline_guard.sign.trusted_root import Period, TrustedRoot, read_roots, read_timestamp_chain, read_trusted_root
from tests.fakes.trust import NOW, ORIGIN, PrivateTrust

TRUST = PrivateTrust()
PEM = x509.load_der_x509_certificate(TRUST.root).public_bytes(Encoding.PEM)


def read(**changes: Any) -> TrustedRoot:
    return read_trusted_root(TRUST.root_bytes(**changes), "root.json")


def edited(kind: str, field: str, value: Any) -> list[Any]:
    entries = copy.deepcopy(TRUST.trusted_root[kind])
    entries[0][field] = value
    return list(entries)


def test_everything_is_read_and_a_client_trust_configuration_says_the_same() -> None:
    root = read()
    assert [len(part) for part in (root.authorities, root.logs, root.ct_logs, root.timestamp_authorities)] == [1, 1, 1, 1]
    assert root.logs[0].id == TRUST.log.holder.id
    assert root.timestamp_authorities[0].name == f"https://{ORIGIN}"
    assert len(root.timestamp_authorities[0].chain) == 2
    assert read_trusted_root(json.dumps(TRUST.config).encode(), "config.json") == root


def test_fields_of_later_versions_and_keys_of_other_kinds_are_left_alone() -> None:
    logs = edited("tlogs", "operator", "somebody")
    assert len(read(tlogs=logs, surplus=1).logs) == 1
    unknown = copy.deepcopy(TRUST.trusted_root["tlogs"][0])
    unknown["publicKey"]["rawBytes"] = base64.b64encode(b"a key of the future").decode()
    assert len(read(tlogs=[unknown, *TRUST.trusted_root["tlogs"]]).logs) == 1


def test_a_root_whose_only_log_is_not_understood_still_does_not_do_without_one() -> None:
    unknown = copy.deepcopy(TRUST.trusted_root["tlogs"][0])
    unknown["publicKey"]["rawBytes"] = base64.b64encode(b"a key of the future").decode()
    for kind in ("tlogs", "ctlogs"):
        with pytest.raises(UsageError, match="no log whose key is understood"):
            read(**{kind: [unknown]})


@pytest.mark.parametrize(
    "changes",
    [
        {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=9"},
        {"mediaType": None},
        {"certificateAuthorities": [], "timestampAuthorities": []},
        {"certificateAuthorities": edited("certificateAuthorities", "certChain", {"certificates": []})},
        {"certificateAuthorities": edited("certificateAuthorities", "certChain", {"certificates": [{"rawBytes": "AAAA"}]})},
        {"certificateAuthorities": edited("certificateAuthorities", "certChain", {"certificates": [{}] * 9})},
        {"certificateAuthorities": edited("certificateAuthorities", "validFor", {"start": "yesterday"})},
        {"tlogs": edited("tlogs", "logId", {})},
        {"tlogs": edited("tlogs", "publicKey", {"rawBytes": "x"})},
        {"tlogs": TRUST.trusted_root["tlogs"] * 65},
        {"tlogs": {}},
    ],
    ids=range(11),
)
def test_a_root_that_is_wrong_is_a_usage_error_with_its_name_and_a_hint(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^root\.json: ") as caught:
        read(**changes)
    assert caught.value.hint


def test_periods_have_both_their_ends_or_none() -> None:
    hour = timedelta(hours=1)
    closed = Period(NOW - hour, NOW + hour)
    assert [closed.covers(NOW + step * hour) for step in (-2, -1, 0, 1, 2)] == [False, True, True, True, False]
    assert Period().covers(datetime(1970, 1, 1, tzinfo=UTC))
    found = read(
        tlogs=[
            {
                **TRUST.trusted_root["tlogs"][0],
                "publicKey": {**TRUST.trusted_root["tlogs"][0]["publicKey"], "validFor": {"start": "2021-01-12T11:53:27.123456789Z"}},
            }
        ]
    )
    assert found.logs[0].period == Period(datetime(2021, 1, 12, 11, 53, 27, 123456, tzinfo=UTC))


def test_pem_files_give_a_root_each_and_a_chain_of_one_authority() -> None:
    other = x509.load_der_x509_certificate(TRUST.tsa_certificate).public_bytes(Encoding.PEM)
    assert [len(authority.chain) for authority in read_roots(b"a remark\n" + PEM + other, "roots.pem")] == [1, 1]
    (authority,) = read_timestamp_chain(other + PEM, "tsa.pem")
    assert len(authority.chain) == 2
    with pytest.raises(UsageError, match="more than 8"):
        read_timestamp_chain(PEM * 9, "tsa.pem")
    with pytest.raises(UsageError, match="more than 64"):
        read_roots(PEM * 65, "roots.pem")


@pytest.mark.parametrize(
    "content", [b"", b"x", PEM[:-40], PEM.replace(b"MII", b"MIJ", 1), b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_other_files_are_no_roots(content: bytes) -> None:
    for reader in (read_roots, read_timestamp_chain):
        with pytest.raises(UsageError, match=r"roots\.pem: no certificates"):
            reader(content, "roots.pem")


def test_a_root_that_its_standard_forbids_is_refused_not_warned_of() -> None:
    der = PrivateTrust().root
    strange = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05", 1)
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(strange) + b"-----END CERTIFICATE-----\n"
    with pytest.raises(UsageError) as caught:
        read_roots(pem, "roots.pem")
    assert caught.value.hint


@pytest.mark.parametrize("period", ["", [], {"ends": "2020-01-01T00:00:00Z"}, {"start": None, "until": None}])
def test_a_period_that_is_misspelt_is_refused_and_not_open(period: Any) -> None:
    trust = PrivateTrust()
    document = json.loads(trust.root_bytes())
    document["tlogs"][0]["publicKey"]["validFor"] = period
    with pytest.raises(UsageError, match="validFor"):
        read_trusted_root(json.dumps(document).encode(), "root.json")
