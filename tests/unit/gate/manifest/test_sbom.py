# SPDX-License-Identifier: Apache-2.0
"""SBOMs of others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.inventory import look
from pipeline_guard.gate.manifest.sbom import is_one, parse, read_purl
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem
from pipeline_guard.model.verdict import Unchecked

PLACE = Location("bom.json")


@pytest.mark.parametrize(
    ("address", "ecosystem", "name", "version"),
    [
        ("pkg:pypi/Django@1.11.1", Ecosystem.PYPI, "django", "1.11.1"),
        ("pkg:npm/%40angular/animation@12.3.1", Ecosystem.NPM, "@angular/animation", "12.3.1"),
        ("pkg:npm/foo@12.3.1?repository_url=https://r.example/@x#sub@y", Ecosystem.NPM, "foo", "12.3.1"),
        ("pkg:maven/org.apache/batik@1.9?type=zip", Ecosystem.MAVEN, "org.apache:batik", "1.9"),
        ("pkg:golang/google.golang.org/genproto@abc", Ecosystem.GO, "google.golang.org/genproto", "abc"),
        ("PKG://gem/rack@1%2B2", Ecosystem.RUBYGEMS, "rack", "1+2"),
        ("pkg:cargo/serde", Ecosystem.CRATES, "serde", ""),
    ],
)
def test_package_url(address: str, ecosystem: Ecosystem, name: str, version: str) -> None:
    package = read_purl(address, PLACE)
    assert package is not None
    assert package.key == (ecosystem, name, version)


@pytest.mark.parametrize("address", ["", "pkg:", "pkg:deb/debian/curl@1", "http://x", "pkg:pypi/", "pkg:pypi"])
def test_what_nobody_looks_up_is_left_out(address: str) -> None:
    assert read_purl(address, PLACE) is None


def test_nested_components_are_read_with_their_lines() -> None:
    text = '{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [\n{"components": [\n{"purl": "pkg:npm/a@1"}]}, 7, {"purl": 7}]}'
    lock = parse(text.encode(), "x.cdx.json")
    assert [(package.name, package.location.line) for package in lock.packages] == [("a", 3)]


def deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"components": [found]}
    return {"bomFormat": "CycloneDX", **found}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"{",
        b'{"bomFormat": "Other"}',
        b'{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}',
        b"\xff",
        json.dumps(deep(33)).encode(),
    ],
)
def test_what_is_no_sbom_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError):
        parse(content, "x.cdx.json")


def test_sboms_are_known_by_name_and_by_content() -> None:
    assert is_one("a/bom.json", b"")
    assert is_one("a/any.json", b'{\n "bomFormat" : "CycloneDX"')
    assert not is_one("a/package.json", b'{"name": "x"}')
    ((kind, item),) = look("sbom.json", b"{")
    assert kind is Kind.SBOM
    assert isinstance(item, Unchecked)
