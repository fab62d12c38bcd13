# SPDX-License-Identifier: Apache-2.0
"""wrapper-unpinned."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.wrapper_unpinned import check
from pipeline_guard.gate.manifest.registry_settings import parse
from tests.unit.gate.checking import failing

URL = r"distributionUrl=https\://services.gradle.org/distributions/gradle-8.10-bin.zip"
SUM = f"distributionSha256Sum={'a' * 64}"


def wrapper(*lines: str, name: str = "gradle/wrapper/gradle-wrapper.properties") -> list[tuple[str, int]]:
    return failing(check, parse("\n".join(lines).encode(), name))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["distributionBase=X", URL], [("distributionUrl", 2)]),
        ([URL, "distributionSha256Sum=abc"], [("distributionUrl", 1)]),
        ([SUM, URL, "distributionSha256Sum="], [("distributionUrl", 2)]),
        ([URL, "#" + SUM], [("distributionUrl", 1)]),
        ([URL, SUM, "wrapperUrl=https://repo.maven.apache.org/w.jar"], [("wrapperUrl", 3)]),
    ],
)
def test_address_without_its_digest_fails(lines: list[str], found: list[tuple[str, int]]) -> None:
    assert wrapper(*lines) == found
    assert wrapper(*lines, name=".mvn/wrapper/maven-wrapper.properties") == found


def test_address_with_its_digest_passes_and_other_settings_do_not_count() -> None:
    assert wrapper(URL, SUM) == []
    assert wrapper(URL, SUM.replace("=", " = ").upper().replace("DISTRIBUTIONSHA256SUM", "distributionSha256Sum")) == []
    assert wrapper("zipStoreBase=X") == []
    assert failing(check, parse(b"registry=https://registry.npmjs.org/\n", ".npmrc")) == []
