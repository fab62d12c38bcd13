# SPDX-License-Identifier: Apache-2.0
"""Registries over real HTTP: a server of ours answers in their documented shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.version import Version

from pipeline_guard.adapters.registry import pypi
from pipeline_guard.adapters.registry.opening import open_registry
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.package import Checksum
from pipeline_guard.model.published import Published, PublishedFile
from tests.fakes.http import Place, serving

H1 = "h1:" + "A" * 43 + "="


@pytest.fixture
def place() -> Iterator[Place]:
    with serving() as found:
        yield found


def ask(place: Place, ecosystem: str, name: str, version: str) -> Published | None:
    (answer,) = open_registry(ecosystem, place.url).published([(name, version)])
    assert not isinstance(answer, Unavailable), answer.what
    return answer


def file(name: str, digest: str, **further: Any) -> dict[str, Any]:
    return {"filename": name, "url": f"https://f.example/{name}", "hashes": {"sha256": digest}, **further}


def index(*files: dict[str, Any], **further: Any) -> dict[str, Any]:
    return {"meta": {"api-version": "1.4"}, "name": "a", "files": list(files), **further}


def test_pythons_index(place: Place) -> None:
    place.answers["/simple/a/"] = index(
        file("a-1.0-py3-none-any.whl", "1" * 64, **{"upload-time": "2026-01-02T00:00:00Z", "yanked": False, "provenance": None}),
        file("a-1.0.tar.gz", "2" * 64, **{"upload-time": "2026-01-01T00:00:00Z", "yanked": False}),
        file("a-0.9.tar.gz", "3" * 64, **{"upload-time": "2025-01-01T00:00:00Z", "provenance": "https://f.example/p"}),
        file("a-1.1.tar.gz", "4" * 64, **{"upload-time": "2026-02-01T00:00:00Z", "yanked": "broken"}),
    )
    found = ask(place, "PyPI", "a", "1")
    assert found is not None
    assert [each.name for each in found.files] == ["a-1.0-py3-none-any.whl", "a-1.0.tar.gz"]
    assert found.files[0].checksums == (Checksum("sha256", "1" * 64),)
    assert (found.state, found.attested, found.attested_before, str(found.uploaded)) == ("active", False, True, "2026-01-01 00:00:00+00:00")
    yanked = ask(place, "PyPI", "a", "1.1")
    assert yanked is not None
    assert (yanked.state, yanked.why) == ("yanked", "broken")
    assert ask(place, "PyPI", "a", "7") is None
    assert ask(place, "PyPI", "none", "7") is None
    place.answers["/simple/q/"] = index(file("q-1.tar.gz", "1" * 64), **{"project-status": {"status": "quarantined", "reason": "malware"}})
    quarantined = ask(place, "PyPI", "q", "1")
    assert quarantined is not None
    assert (quarantined.state, quarantined.why) == ("quarantined", "malware")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0", "1"),
        ("1.0a1", "1.0-alpha.1"),
        ("1.0rc1", "1.0c1"),
        ("1.0.post1", "1.0-post1"),
        ("1.0+cu118", "1.0_cu118"),
        ("1.0.dev0", "1.0dev"),
        ("V1.0", "1.0.0"),
        ("1.10", "1.1"),
        ("1.0", "1.0.1"),
        ("1.0a1", "1.0a10"),
        ("10", "1"),
    ],
)
def test_versions_of_file_names_compare_as_packaging_does(one: str, other: str) -> None:
    same = Version(one) == Version(other.replace("_", "+"))
    assert pypi._same(one, other) is same


def test_npms_registry(place: Place) -> None:
    dist = {"integrity": "sha512-AAAA==", "shasum": "b" * 40, "tarball": "https://f.example/a.tgz"}
    place.answers["/@s%2Fa"] = {
        "name": "@s/a",
        "time": {"1.0.0": "2026-01-01T00:00:00Z", "2.0.0": "2026-02-01T00:00:00Z"},
        "versions": {
            "1.0.0": {"dist": {**dist, "attestations": {"url": "https://f.example"}}},
            "2.0.0": {"dist": dist, "deprecated": "use b"},
        },
    }
    found = ask(place, "npm", "@s/a", "2.0.0")
    assert found is not None
    assert found.files == (PublishedFile("", (Checksum("sha512", "sha512-AAAA==", "sri"), Checksum("sha1", "b" * 40))),)
    assert (found.state, found.attested, found.attested_before) == ("deprecated", False, True)
    assert ask(place, "npm", "@s/a", "3.0.0") is None


@pytest.mark.parametrize(("name", "path"), [("a", "/1/a"), ("ab", "/2/ab"), ("abc", "/3/a/abc"), ("Serde", "/se/rd/serde")])
def test_cargos_index(place: Place, name: str, path: str) -> None:
    lines = [
        {"name": name, "vers": "1.0.0", "cksum": "1" * 64, "yanked": True},
        {"name": name, "vers": "1.0.1", "cksum": "2" * 64, "yanked": False},
    ]
    place.answers[path] = "\n".join(json.dumps(line) for line in lines).encode()
    assert ask(place, "crates.io", name, "1.0.0") == Published((PublishedFile("", (Checksum("sha256", "1" * 64),)),), "yanked")
    assert ask(place, "crates.io", name, "9.0.0") is None


def test_gem_server(place: Place) -> None:
    place.answers["/api/v2/rubygems/rack/versions/1.2.json"] = {"sha": "1" * 64, "version_created_at": "2026-01-01T00:00:00.000Z"}
    place.answers["/api/v2/rubygems/rack/versions/1.2.json?platform=x86_64-linux"] = {"sha": "2" * 64}
    found = ask(place, "RubyGems", "rack", "1.2")
    assert found is not None
    assert (found.files[0].checksums[0].value, found.uploaded is not None) == ("1" * 64, True)
    native = ask(place, "RubyGems", "rack", "1.2-x86_64-linux")
    assert native is not None
    assert native.files[0].checksums[0].value == "2" * 64
    assert ask(place, "RubyGems", "rack", "9") is None


def test_composers_repository_with_its_shortened_entries(place: Place) -> None:
    place.answers["/p2/v/a.json"] = {
        "minified": "composer/2.0",
        "packages": {
            "v/a": [
                {"version": "v2.0", "dist": {"shasum": ""}, "time": "2026-01-01T00:00:00+00:00", "abandoned": "v/b"},
                {"version": "v1.0", "dist": {"shasum": "b" * 40}, "abandoned": "__unset"},
            ]
        },
    }
    old, new = ask(place, "Packagist", "v/a", "1.0"), ask(place, "Packagist", "v/a", "v2.0")
    assert old is not None
    assert new is not None
    assert (old.state, old.files[0].checksums, str(old.uploaded)) == ("active", (Checksum("sha1", "b" * 40),), "2026-01-01 00:00:00+00:00")
    assert (new.state, new.why, new.files) == ("deprecated", "v/b", ())
    assert ask(place, "Packagist", "v/a", "3") is None


def test_nuget_feed(place: Place) -> None:
    place.answers["/newton.json/13.0.1.json"] = {"listed": True, "published": "2026-01-01T00:00:00Z"}
    place.answers["/newton.json/13.0.0.json"] = {"listed": False, "published": "1900-01-01T00:00:00Z"}
    found, unlisted = ask(place, "NuGet", "Newton.Json", "13.0.1"), ask(place, "NuGet", "Newton.Json", "13.0.0")
    assert found is not None
    assert unlisted is not None
    assert (found.state, unlisted.state) == ("active", "yanked")


def test_gos_checksum_database(place: Place) -> None:
    place.answers["/lookup/github.com/!burnt!sushi/toml@v1.0.0"] = (
        f"7\ngithub.com/BurntSushi/toml v1.0.0 {H1}\ngithub.com/BurntSushi/toml v1.0.0/go.mod {H1}\n\ngo.sum database tree\n".encode()
    )
    found = ask(place, "Go", "github.com/BurntSushi/toml", "1.0.0")
    assert found is not None
    assert found.files == (PublishedFile("", (Checksum("sha256", H1, "h1"),)), PublishedFile("go.mod", (Checksum("sha256", H1, "h1"),)))
    assert ask(place, "Go", "github.com/none", "v1.0.0") is None


@pytest.mark.parametrize("ecosystem", ["PyPI", "npm", "crates.io", "RubyGems", "Packagist", "NuGet", "Go"])
@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"7", 500, 403])
def test_answer_of_another_shape_is_never_an_answer(place: Place, ecosystem: str, answer: Any) -> None:
    for path in ("/simple/a/", "/a", "/1/a", "/api/v2/rubygems/a/versions/1.json", "/p2/a.json", "/a/1.json", "/lookup/a@v1"):
        place.answers[path] = answer
    (found,) = open_registry(ecosystem, place.url).published([("a", "1")])
    assert isinstance(found, Unavailable)


@pytest.mark.parametrize(
    "address", ["http://r.example", "ftp://r.example", "https://u:p@r.example", "http://127.0.0.1.r.example", "r.example", ""]
)
def test_only_safe_addresses_are_asked(address: str) -> None:
    with pytest.raises(UsageError):
        open_registry("npm", address)


def test_ecosystem_without_a_registry_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="nobody can be asked"):
        open_registry("Nix", "https://r.example")
