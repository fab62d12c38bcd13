# SPDX-License-Identifier: Apache-2.0
"""Which key service a URI names."""

from __future__ import annotations

import pytest

from pipeline_guard.adapters.cloud.uri import ServiceUri, is_service
from pipeline_guard.errors import UsageError


def test_services_are_named_by_the_schemes_that_sigstore_uses() -> None:
    assert ServiceUri.parse("awskms:///?region=eu-central-1") == ServiceUri("awskms", "", "", "eu-central-1")
    assert ServiceUri.parse("hashivault://vault.example:8200/transit") == ServiceUri("openbao", "https://vault.example:8200", "transit")
    assert ServiceUri.parse("openbao://[::1]:8200/a/b?scheme=http&namespace=team") == ServiceUri(
        "openbao", "http://[::1]:8200", "a/b", "", "team"
    )


def test_only_key_services_are_key_services() -> None:
    assert is_service("awskms:///")
    assert not is_service("pkcs11:token=ci")
    assert not is_service("")


@pytest.mark.parametrize(
    "text",
    [
        "ibmkms://projects/p", "awskms:///?colour=red", "openbao://user:secret@host/transit", "openbao://host/transit#key", "awskms://host:port/",
        "openbao://bao.example/transit?scheme=http", "openbao://127.0.0.1.example/transit?scheme=http", "openbao://host/?scheme=file", "awskms:///?region",
    ],
)  # fmt: skip
def test_a_uri_that_names_no_service_or_an_unsafe_one_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        ServiceUri.parse(text)
    assert caught.value.hint
    assert "secret" not in caught.value.what + caught.value.hint
