# SPDX-License-Identifier: Apache-2.0
"""lock-source."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_source import RULE
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from tests.unit.gate.checks.deps import sample, whats
from tests.unit.gate.locks import SAMPLES

NPM = "https://registry.npmjs.org/left-pad/"


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_sound_locks_pass(path: str) -> None:
    assert whats(RULE, sample(path)) == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://registry.evil.example/left-pad/", "left-pad from https://registry.evil.example which is no allowed registry"),
        (
            "https://registry.npmjs.org.evil.example/left-pad/",
            "left-pad from https://registry.npmjs.org.evil.example which is no allowed registry",
        ),
        ("https://xregistry.npmjs.org/left-pad/", "left-pad from https://xregistry.npmjs.org which is no allowed registry"),
        ("https://registry.npmjs.org:8443/left-pad/", "left-pad from https://registry.npmjs.org:8443 which is no allowed registry"),
        ("http://registry.npmjs.org/left-pad/", "left-pad from http://registry.npmjs.org without TLS"),
        ("https://registry.npmjs.org@evil.example/left-pad/", "left-pad from https://evil.example with a user name before the host"),
        (
            "https://registry.npmjs.\u043erg/left-pad/",
            "left-pad from https://registry.npmjs.\u043erg with an internationalised host that may look like another",
        ),
        ("https://xn--registry-npmjs-org.example/left-pad/", None),
        ("https://registry.npmjs.org\\\\@evil.example/left-pad/", "left-pad from an address with characters that no address has"),
        ("https://[::1/left-pad/", "left-pad from an address that cannot be read"),
        ("HTTPS://REGISTRY.NPMJS.ORG./left-pad/", ""),
        ("https://registry.npmjs.org:443/left-pad/", ""),
    ],
)
def test_hosts_are_compared_exactly(url: str, what: str | None) -> None:
    found = whats(RULE, sample("package-lock.json", (NPM, url)))
    assert len(found) == 1 if what is None else found == ([what] if what else [])


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("uv.lock", "https://files.pythonhosted.org/packages/76/", "https://evil.example/packages/76/"),
        ("uv.lock", "https://pypi.org/simple", "https://evil.example/simple"),
        ("Cargo.lock", "registry+https://github.com/rust-lang/crates.io-index", "registry+https://evil.example/index"),
        ("Gemfile.lock", "https://rubygems.org/", "http://rubygems.org/"),
        ("composer.lock", "https://api.github.com/repos", "https://evil.example/repos"),
        ("pubspec.lock", "https://pub.dev", "https://evil.example"),
        (".terraform.lock.hcl", "registry.terraform.io/", "evil.example/"),
        ("conda-linux-64.lock", "https://conda.anaconda.org/", "https://evil.example/"),
        ("Chart.lock", "https://charts.bitnami.com", "http://charts.bitnami.com"),
        ("deno.lock", "https://deno.land/x", "http://deno.land/x"),
    ],
)
def test_other_ecosystems_have_their_hosts_too(path: str, old: str, new: str) -> None:
    assert len(whats(RULE, sample(path, (old, new)))) >= 1


def test_policy_replaces_the_hosts_of_an_ecosystem() -> None:
    settings = GateSettings(dependencies=DependencySettings(registries=(("npm", ("npm.corp.example",)),)))
    assert len(whats(RULE, sample("package-lock.json"), settings)) == 2
    lock = sample("package-lock.json", ("https://registry.npmjs.org/", "https://npm.corp.example/"))
    assert whats(RULE, lock, settings) == []


@pytest.mark.parametrize(("host", "found"), [("github.com", 0), ("cdn.example", 1), ("github.com.example", 1)])
def test_a_package_asked_for_by_its_own_address_may_lie_on_a_forge_only(host: str, found: int) -> None:
    url = f"https://{host}/x-1.0.0.tgz"
    asked = ('"left-pad": "^1.3.0"', f'"left-pad": "{url}"')
    old = "https://registry.npmjs.org/left-pad/-/left-pad-1.3.0.tgz"
    assert len(whats(RULE, sample("package-lock.json", asked, (old, url)))) == found
    assert len(whats(RULE, sample("package-lock.json", (old, url)))) == 1
