# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from pipeline_guard.errors import IntegrityError, Unavailable
from pipeline_guard.flows import doctor
from pipeline_guard.model.diagnosis import Clone, Diagnosis, FolderFacts, Health
from pipeline_guard.report import as_diagnosis
from pipeline_guard.report.look import Look
from tests.fakes.overview import NOW

FINE = FolderFacts(there=True, ours=True, mode=0o700, free=10 * 1024**3)


@dataclass
class FakeMachine:
    """A machine with one folder and some packages."""

    facts: FolderFacts = FINE
    packages: dict[str, str] = field(default_factory=lambda: {"hyperscan": "0.9", "python-pkcs11": "1", "SQLAlchemy": "2"})

    def folder(self, path: str) -> FolderFacts:
        return self.facts

    def package(self, name: str) -> str:
        return self.packages.get(name, "")

    def commit(self) -> str:
        return ""


def healths(lines: Iterable[Diagnosis]) -> list[tuple[str, str]]:
    return [(line.area, line.health.value) for line in lines]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (FINE, [("home", "ok"), ("disk", "ok")]),
        (FolderFacts(False, True, 0o755, 10**12), [("home", "ok"), ("disk", "ok")]),
        (FolderFacts(False, False, 0o755, 10**12, writable=False), [("home", "fix"), ("disk", "ok")]),
        (FolderFacts(True, False, 0o700, 10**12), [("home", "fix"), ("disk", "ok")]),
        (FolderFacts(True, True, 0o755, 10**12), [("home", "fix"), ("disk", "ok")]),
        (FolderFacts(True, True, 0o700, 1000), [("home", "ok"), ("disk", "fix")]),
    ],
)
def test_the_home_is_ours_alone_and_has_room(facts: FolderFacts, told: list[tuple[str, str]]) -> None:
    lines = list(doctor.home(FakeMachine(facts), "/h"))
    assert healths(lines) == told
    assert all(bool(line.fix) is (line.health is Health.FIX) for line in lines)


@pytest.mark.parametrize(
    ("facts", "health"),
    [
        (FINE, "ok"),
        (FolderFacts(False, True, 0, 1), "ok"),
        (FolderFacts(True, True, 0o722, 1), "fix"),
        (FolderFacts(True, False, 0o700, 1), "fix"),
    ],
)
def test_a_cache_that_others_can_write_is_told(facts: FolderFacts, health: str) -> None:
    assert healths(doctor.cache(FakeMachine(facts), "/c")) == [("cache", health)]


def test_a_missing_engine_is_to_be_mended_and_a_missing_extra_is_only_said() -> None:
    lines = list(doctor.package(FakeMachine(packages={}), "1.0"))
    assert healths(lines) == [("package", "ok"), ("engine", "fix"), ("token", "ok")]
    assert "pip install 'pipeline-guard[hsm]'" in lines[2].what


def test_a_shallow_clone_is_to_be_fetched() -> None:
    assert healths(doctor.repository(Clone("/r", "github.com", "main", shallow=True))) == [("git", "fix")]
    assert healths(doctor.repository(Clone("/r", "", "main", shallow=False))) == [("git", "ok")]


@pytest.mark.parametrize(
    ("now", "last", "health"),
    [
        (NOW, None, "ok"),
        (NOW, NOW - timedelta(days=1), "ok"),
        (NOW, NOW + timedelta(minutes=4), "ok"),
        (NOW, NOW + timedelta(hours=1), "fix"),
        (NOW - timedelta(days=3650), None, "fix"),
    ],
)
def test_a_clock_that_is_behind_the_log_or_this_release_is_wrong(now: object, last: object, health: str) -> None:
    assert healths(doctor.clock(now, last)) == [("clock", health)]  # type: ignore[arg-type]


def test_a_misspelt_variable_is_told_with_the_nearest_and_no_value_of_any() -> None:
    value = "value-of-it"
    lines = list(
        doctor.variables(
            {"PIPELINE_GUARD_TRESHOLD": value, "PIPELINE_GUARD_HOME": value, "OTHER": value},
            {"PIPELINE_GUARD_THRESHOLD", "PIPELINE_GUARD_HOME"},
        )
    )
    assert healths(lines) == [("environment", "fix"), ("environment", "ok")]
    assert lines[0].fix == "did you mean PIPELINE_GUARD_THRESHOLD?"
    assert value not in repr(lines)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, [("forge", "ok")]),
        ({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push"}, [("forge", "ok"), ("identity", "unknown")]),
        (
            {"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "u", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"},
            [("forge", "ok"), ("identity", "ok")],
        ),
        ({"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "u"}, [("forge", "ok"), ("identity", "unknown")]),
        ({"GITLAB_CI": "true"}, [("forge", "ok"), ("identity", "unknown")]),
        ({"GITLAB_CI": "true", "PIPELINE_GUARD_ID_TOKEN": "t"}, [("forge", "ok"), ("identity", "ok")]),
    ],
)
def test_the_forge_is_recognised_and_whether_the_job_can_prove_who_it_is(environ: dict[str, str], told: list[tuple[str, str]]) -> None:
    assert healths(doctor.forge(environ)) == told


def test_a_provider_that_fails_is_a_line_and_the_others_still_speak() -> None:
    def hinted() -> Iterable[Diagnosis]:
        raise IntegrityError("the log was changed", "restore it")

    def silent() -> Iterable[Diagnosis]:
        yield doctor.ok("c", "half of it")
        raise Unavailable("no answer")

    lines = doctor.examine({"a": hinted, "b": hinted, "c": silent, "d": lambda: [doctor.ok("d", "fine")]})
    assert healths(lines) == [("a", "fix"), ("c", "ok"), ("c", "unknown"), ("d", "ok")]


def test_the_lines_read_as_health_area_what_and_fix() -> None:
    lines = [
        doctor.ok("git", "whole"),
        Diagnosis("home", Health.FIX, "open to all\x1b[2J", "chmod 700 x"),
        Diagnosis("token", Health.UNKNOWN, "not asked"),
    ]
    assert as_diagnosis.text(lines, {"scan.threshold": "high (configuration)"}) == (
        "ok       git            whole\n"
        "fix      home           open to all\\x1b[2J\n"
        "                        fix: chmod 700 x\n"
        "unknown  token          not asked\n"
        "\n"
        "1 in order, 1 to fix, 1 unknown\n"
    )
    assert "  scan.threshold = high (configuration)\n" in as_diagnosis.text(
        lines, {"scan.threshold": "high (configuration)"}, Look(verbose=True)
    )
