# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline_guard.errors import UsageError
from pipeline_guard.model.advisory import Weakness
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem
from pipeline_guard.model.verdict import Check, CheckStatus, Verdict
from pipeline_guard.report import as_gitlab
from pipeline_guard.report.as_gitlab_dependency import render_scan, render_verdict
from tests.unit.report.samples import HOSTILE, scan, verdict
from tests.unit.report.test_as_gitlab import SHAPE

# What 15.2.1 demands of this kind over what all have; GitLab refuses a whole report for one breach.
PLACE = Draft202012Validator(
    {
        "type": "object",
        "required": ["file", "dependency"],
        "properties": {
            "file": {"type": "string", "minLength": 1},
            "dependency": {
                "type": "object",
                "required": ["package", "version"],
                "properties": {
                    "package": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
                    "version": {"type": "string"},
                    "direct": {"type": "boolean"},
                },
            },
        },
    }
)
JINJA = Weakness(
    Ecosystem.PYPI, "jinja2", "3.1.2", (Location("requirements.txt", 1),), ("CVE-2024-1", "GHSA-aaaa", "PYSEC-2024-1"), "high", 7.5, "a hole", False, "3.1.3"
)  # fmt: skip


def with_weaknesses(*weaknesses: Weakness, checks: tuple[Check, ...] = ()) -> Verdict:
    return replace(verdict(*checks), weaknesses=weaknesses)


def report_of(result: Verdict) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render_verdict(result))
    SHAPE.validate(document)
    for item in document["vulnerabilities"]:
        PLACE.validate(item["location"])
    assert document["scan"]["type"] == "dependency_scanning"
    assert len({item["id"] for item in document["vulnerabilities"]}) == len(document["vulnerabilities"])
    return document


def test_weakness_is_a_vulnerability_of_a_package_with_all_its_names() -> None:
    (found,) = report_of(with_weaknesses(JINJA))["vulnerabilities"]
    assert found["location"] == {"file": "requirements.txt", "dependency": {"package": {"name": "jinja2"}, "version": "3.1.2"}}
    assert [(each["type"], each["value"]) for each in found["identifiers"]] == [
        ("cve", "CVE-2024-1"),
        ("ghsa", "GHSA-aaaa"),
        ("osv", "PYSEC-2024-1"),
    ]
    assert (found["severity"], found["solution"]) == ("High", "update jinja2 to 3.1.3 or later")


def test_what_stands_here_is_not_shown_a_second_time_as_sast() -> None:
    known = Check("vulnerable-package", CheckStatus.FAIL, "jinja2 3.1.2 has a hole", (Location("requirements.txt", 1),))
    other = Check("requirement-unhashed", CheckStatus.FAIL, "jinja2 without a hash", (Location("requirements.txt", 1),))
    sast = json.loads(as_gitlab.render_verdict(with_weaknesses(JINJA, checks=(known, other))))
    SHAPE.validate(sast)
    assert [item["identifiers"][0]["value"] for item in sast["vulnerabilities"]] == ["requirement-unhashed"]
    assert "1 known weakness of packages: see the dependency scanning report" in sast["scan"]["messages"][0]["value"]
    alone = json.loads(as_gitlab.render_verdict(verdict(known)))  # nothing is known of it but the check
    assert len(alone["vulnerabilities"]) == 1


def test_each_file_that_pins_it_is_a_place_and_keeps_its_id() -> None:
    both = replace(JINJA, places=(Location("a.txt", 1), Location("a.txt", 9), Location("b.txt", 2)))
    found = report_of(with_weaknesses(both))["vulnerabilities"]
    assert [item["location"]["file"] for item in found] == ["a.txt", "b.txt"]
    moved = report_of(with_weaknesses(replace(both, places=(Location("b.txt", 70),))))["vulnerabilities"]
    assert moved[0]["id"] == found[1]["id"]


@pytest.mark.parametrize(
    ("level", "malicious", "shown"),
    [("critical", False, "Critical"), ("none", False, "Info"), ("", False, "Unknown"), ("", True, "Critical")],
)
def test_severity_is_the_advisory_s(level: str, malicious: bool, shown: str) -> None:
    (found,) = report_of(with_weaknesses(replace(JINJA, level=level, malicious=malicious, fixed="")))["vulnerabilities"]
    assert found["severity"] == shown
    assert "take jinja2 out" in found["solution"]


def test_what_could_not_be_looked_up_is_a_message_once() -> None:
    unchecked = [
        Check(name, CheckStatus.UNCHECKED, "no database", (Location("x.txt"),))
        for name in ("vulnerable-package", "malicious-package", "pickle-unsafe")
    ]
    document = report_of(with_weaknesses(checks=tuple(unchecked)))
    assert document["vulnerabilities"] == []
    assert document["scan"]["messages"] == [{"level": "warn", "value": "not examined: x.txt: no database"}]


@given(st.lists(st.tuples(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE), st.sampled_from(HOSTILE)), max_size=3))
def test_hostile_names_are_escaped_and_keep_the_shape(names: list[tuple[str, str, str]]) -> None:
    weaknesses = [
        replace(JINJA, name=name, ids=(identity,), places=(Location(path, 1),), summary=name * 100, version=identity)
        for name, identity, path in names
    ]
    for item in report_of(with_weaknesses(*weaknesses))["vulnerabilities"]:
        assert item["location"]["file"].isprintable()
        assert item["name"].isprintable()


def test_scan_has_no_such_report() -> None:
    with pytest.raises(UsageError, match="no dependencies"):
        render_scan(scan())
