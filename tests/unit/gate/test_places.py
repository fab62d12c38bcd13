# SPDX-License-Identifier: Apache-2.0
"""Addresses taken apart, and which hosts may serve what."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.places import DEFAULTS, WORDS, Address, allowed_hosts, is_default, take_apart
from pipeline_guard.model.gate_settings import DependencySettings
from pipeline_guard.model.package import Ecosystem


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://pypi.org/simple", Address("https", "pypi.org")),
        ("HTTPS://PyPI.org:443/simple", Address("https", "pypi.org")),
        ("http://pypi.org:80", Address("http", "pypi.org")),
        ("https://pypi.org./simple", Address("https", "pypi.org")),
        ("https://pypi.org:8443/simple", Address("https", "pypi.org:8443")),
        ("https://[::1]/x", Address("https", "::1")),
        ("a/b", Address("", "")),
    ],
)
def test_a_good_address(url: str, expected: Address) -> None:
    assert take_apart(url) == expected


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("https://pypi.org@evil.example/x", "user name"),
        ("https://user:" + "word@pypi.org/x", "user name"),
        ("https://xn--pyp-jma.org/x", "internationalised"),
        ("https://pyp\u0131.org/x", "internationalised"),
        ("https://pypi.org\\@evil.example/x", "characters"),
        ("https://pypi.org/a b", "characters"),
        ("https://pypi.org/\u200bx", "characters"),
        ("https://[::1/x", "cannot be read"),
        ("https://pypi.org:99999/x", "cannot be read"),
    ],
)
def test_an_address_with_trouble(url: str, trouble: str) -> None:
    assert trouble in take_apart(url).trouble


def test_hosts_are_the_public_registry_or_what_policy_names() -> None:
    plain = DependencySettings()
    assert "pypi.org" in (allowed_hosts(Ecosystem.PYPI, plain) or ())
    named = DependencySettings(registries=(("pypi", ("PyPI.corp.example.",)),))
    assert allowed_hosts(Ecosystem.PYPI, named) == {"pypi.corp.example"}
    assert allowed_hosts(Ecosystem.NPM, named) == frozenset(DEFAULTS["npm"])


def test_ecosystems_without_a_registry_of_their_own_have_no_list() -> None:
    assert allowed_hosts(Ecosystem.HELM, DependencySettings()) is None
    assert allowed_hosts(Ecosystem.SWIFT, DependencySettings()) is None
    assert is_default(Ecosystem.NPM, "registry.npmjs.org")
    assert not is_default(Ecosystem.NPM, "npm.corp.example")
    assert not is_default(Ecosystem.SWIFT, "registry.npmjs.org")


def test_every_host_is_plain() -> None:
    assert set(DEFAULTS) <= set(WORDS.values())
    for hosts in DEFAULTS.values():
        assert all(take_apart(f"https://{host}/") == Address("https", host) for host in hosts)
