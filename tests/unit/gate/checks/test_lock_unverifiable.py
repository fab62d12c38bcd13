# SPDX-License-Identifier: Apache-2.0
"""lock-unverifiable."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_unverifiable import RULE
from tests.unit.gate.checks.deps import problems, project, text_of
from tests.unit.gate.locks import BY_PATH, COMMIT, SAMPLES

BARE = {"gradle.lockfile", "Chart.lock", "Podfile.lock", "conan.lock", "renv.lock"}


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_formats_without_hashes_are_a_doubt_and_no_failure(path: str) -> None:
    found = problems(RULE, project(path, BY_PATH[path].text))
    assert [one.doubt for one in found] == ([True] if path in BARE else [])


def test_a_gemfile_lock_without_checksums_is_a_doubt() -> None:
    text = BY_PATH["Gemfile.lock"].text.partition("CHECKSUMS")[0]
    (problem,) = problems(RULE, project("Gemfile.lock", text))
    assert problem.doubt
    assert problem.fix == "bundle lock --add-checksums"


def test_verification_metadata_vouches_for_a_gradle_lock() -> None:
    text = BY_PATH["gradle.lockfile"].text
    metadata = ("gradle/verification-metadata.xml", BY_PATH["gradle/verification-metadata.xml"].text)
    assert problems(RULE, project("gradle.lockfile", text, metadata)) == []
    assert len(problems(RULE, project("gradle.lockfile", text.replace("33.0.0", "34.0.0"), metadata))) == 1


def test_a_composer_package_without_sum_and_commit_is_a_doubt() -> None:
    assert len(problems(RULE, project("composer.lock", text_of("composer.lock", (f'"reference": "{COMMIT}"', '"reference": "main"'))))) == 1
