# SPDX-License-Identifier: Apache-2.0
"""Hashes of locks beside published ones."""

from __future__ import annotations

from pipeline_guard.gate.checks.package_altered import check
from pipeline_guard.model.package import Checksum
from tests.unit.gate.checks.published import GOOD, OTHER, WHEEL, package, problems, published


def test_published_hash_passes_and_another_does_not() -> None:
    known = published((WHEEL, GOOD), ("a-1.tar.gz", OTHER))
    assert problems(check, package(GOOD, name=WHEEL), known) == []
    assert problems(check, package(OTHER, name=WHEEL), known) == [(4, f"a 1 {WHEEL} with another sha256 than is published")]


def test_name_is_taken_from_the_url() -> None:
    known = published((WHEEL, GOOD), ("a-1.tar.gz", OTHER))
    assert len(problems(check, package(OTHER, url=f"https://h.example/x/{WHEEL}"), known)) == 1


def test_without_a_name_every_hash_must_be_of_some_file() -> None:
    known = published((WHEEL, GOOD), ("a-1.tar.gz", OTHER))
    assert problems(check, package(GOOD, OTHER), known) == []
    assert len(problems(check, package(GOOD, Checksum("sha256", "c" * 64)), known)) == 1


def test_spelling_of_a_hash_does_not_count() -> None:
    sri = published(("", Checksum("sha512", "sha512-AAAA==", "sri")))
    assert problems(check, package(Checksum("sha512", "AAAA==", "sri")), sri) == []
    assert problems(check, package(Checksum("sha256", "A" * 64)), published((WHEEL, GOOD))) == []


def test_kinds_that_are_not_published_are_not_compared() -> None:
    assert problems(check, package(Checksum("md5", "0" * 32)), published((WHEEL, GOOD))) == []
    assert problems(check, package(OTHER), None) == []
