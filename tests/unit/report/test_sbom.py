# SPDX-License-Identifier: Apache-2.0
"""SBOMs of locks, judged by the schema of CycloneDX and by the SPDX workgroup's own validator."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
from packageurl import PackageURL
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from pipeline_guard.gate.manifest.sbom import parse
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Package, PackageSource
from pipeline_guard.report import as_cyclonedx, as_spdx
from pipeline_guard.report.purl import purl

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PLACE = Location("uv.lock", 3)
SRI = "sha512-" + base64.b64encode(b"x" * 64).decode()
PACKAGES = [
    Package(
        Ecosystem.PYPI,
        "jinja2",
        "3.1.2",
        PLACE,
        files=(
            Distribution("a.whl", "https://f.example/a.whl", (Checksum("sha256", "A" * 64),)),
            Distribution("a.tar.gz", "https://f.example/a.tar.gz", (Checksum("sha256", "b" * 64),)),
        ),
        requires=("markupsafe", "twice", "unknown"),
    ),
    Package(
        Ecosystem.PYPI,
        "markupsafe",
        "2.0+local.1",
        PLACE,
        development=True,
        files=(Distribution(checksums=(Checksum("sha256", "short"),)),),
    ),
    Package(Ecosystem.PYPI, "twice", "1", PLACE),
    Package(Ecosystem.PYPI, "twice", "2", PLACE),
    Package(
        Ecosystem.NPM,
        "@babel/core",
        "7.0.0",
        PLACE,
        files=(Distribution("", "https://r.example/c.tgz", (Checksum("sha512", SRI, "sri"),)),),
    ),
    Package(
        Ecosystem.GO, "github.com/BurntSushi/toml", "v1.0.0", PLACE, files=(Distribution(checksums=(Checksum("sha256", "h1:x", "h1"),)),)
    ),
    Package(Ecosystem.MAVEN, "org.apache:commons", "1.0", PLACE),
    Package(Ecosystem.NIX, "nixpkgs", "", PLACE),
    Package(Ecosystem.PYPI, 'odd name\u202e\n"', "1 2", PLACE, files=(Distribution("", "https://f.example/ü x", ()),)),
    Package(Ecosystem.PYPI, "project", "1", PLACE, PackageSource("root")),
]


def cyclonedx(packages: list[Package] = PACKAGES) -> Any:
    text = as_cyclonedx.render_packages(packages, "group/project", NOW)
    fault = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_7).validate_str(text)
    assert fault is None, fault
    return json.loads(text)


def spdx(folder: Path, packages: list[Package] = PACKAGES) -> Any:
    text = as_spdx.render_packages(packages, "group/project", NOW)
    path = folder / "x.spdx.json"
    path.write_text(text)
    assert [message.validation_message for message in validate_full_spdx_document(parse_file(str(path)))] == []
    return json.loads(text)


def test_cyclonedx_names_every_package_once_and_never_the_project() -> None:
    document = cyclonedx([*PACKAGES, PACKAGES[0]])
    assert len(document["components"]) == len(PACKAGES) - 1
    jinja = next(component for component in document["components"] if component["name"] == "jinja2")
    assert [reference["hashes"][0]["content"] for reference in jinja["externalReferences"]] == ["a" * 64, "b" * 64]
    babel = next(component for component in document["components"] if component["name"] == "@babel/core")
    assert babel["hashes"] == [{"alg": "SHA-512", "content": b"x".hex() * 64}]
    assert [component["scope"] for component in document["components"] if "scope" in component] == ["excluded"]


def test_needs_are_named_only_where_they_are_certain() -> None:
    needs = {entry["ref"]: entry["dependsOn"] for entry in cyclonedx()["dependencies"]}
    assert needs["pkg:pypi/jinja2@3.1.2"] == ["pkg:pypi/markupsafe@2.0%2Blocal.1"]


def test_spdx_says_the_same(tmp_path: Path) -> None:
    document = spdx(tmp_path)
    locators = {reference["referenceLocator"] for package in document["packages"] for reference in package.get("externalRefs", [])}
    assert locators == {component["purl"] for component in cyclonedx()["components"]}
    babel = next(package for package in document["packages"] if package["name"] == "@babel/core")
    assert babel["checksums"] == [{"algorithm": "SHA512", "checksumValue": b"x".hex() * 64}]


def test_nothing_at_all_is_a_valid_sbom(tmp_path: Path) -> None:
    assert cyclonedx([])["components"] == []
    assert len(spdx(tmp_path, [])["packages"]) == 1


def test_same_packages_at_the_same_time_give_the_same_text() -> None:
    for report in (as_cyclonedx, as_spdx):
        assert report.render_packages(PACKAGES, "t", NOW) == report.render_packages(list(reversed(PACKAGES)), "t", NOW)


@pytest.mark.parametrize(
    "package",
    [package for package in PACKAGES if package.ecosystem is not Ecosystem.NIX and "odd" not in package.name],
    ids=lambda package: package.name,
)
def test_package_url_is_the_one_of_the_reference_library(package: Package) -> None:
    found = PackageURL.from_string(purl(package))
    assert found.to_string() == purl(package)
    assert found.version == package.version


@pytest.mark.parametrize("report", [as_cyclonedx, as_spdx])
def test_our_own_sbom_reads_back_as_the_same_packages(report: Any) -> None:
    lock = parse(report.render_packages(PACKAGES, "t", NOW).encode(), "bom.json")
    wanted = {package.key for package in PACKAGES if package.source.kind != "root" and package.ecosystem is not Ecosystem.NIX}
    assert {package.key for package in lock.packages} == wanted
    assert all(package.location.line for package in lock.packages if "odd" not in package.name)
