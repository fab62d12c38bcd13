# SPDX-License-Identifier: Apache-2.0
"""Advisories, SBOMs, archives and versions under random and hostile input: a value or an error of ours, never anything else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline_guard.errors import GuardError
from pipeline_guard.gate import archive, osv
from pipeline_guard.gate.manifest import sbom
from pipeline_guard.gate.ranges import affects
from pipeline_guard.gate.versions.order import is_ordered, version_key
from pipeline_guard.model.advisory import Advisory, Range
from pipeline_guard.model.package import Ecosystem
from tests.fakes.osv import record
from tests.unit.gate.test_archive import FILES, tarred, wheel

bounded = settings(max_examples=150, deadline=None)
ORDERED = st.sampled_from([ecosystem for ecosystem in Ecosystem if is_ordered(ecosystem)])
VERSIONS = st.text("0123456789.-+_~!abrcvRxdevpost \n\0\u0660", max_size=20) | st.text(max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["PyPI", "SEMVER", "pkg:npm/a@1", "0"])
)
KEYS = st.sampled_from(
    [
        "id",
        "modified",
        "withdrawn",
        "aliases",
        "affected",
        "package",
        "ecosystem",
        "name",
        "ranges",
        "events",
        "introduced",
        "fixed",
        "type",
        "versions",
        "severity",
        "score",
        "summary",
        "bomFormat",
        "spdxVersion",
        "components",
        "purl",
        "packages",
        "externalRefs",
        "referenceType",
    ]
)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=30)


@bounded
@given(tree=st.dictionaries(KEYS, trees, max_size=8))
def test_any_json_is_advisories_or_an_error(tree: dict[str, Any]) -> None:
    for document in (tree, {**record("A-10"), **tree, "id": "A-10"}):
        try:
            found = osv.parse(json.dumps(document).encode(), "x")[2]
        except GuardError:
            continue
        for advisory in found:
            assert osv.from_row(osv.to_row(advisory)) == advisory


@bounded
@given(tree=st.dictionaries(KEYS, trees, max_size=8), kind=st.sampled_from(["CycloneDX", ""]))
def test_any_json_is_an_sbom_or_an_error(tree: dict[str, Any], kind: str) -> None:
    document = {**tree, "bomFormat": kind} if kind else {**tree, "spdxVersion": "SPDX-2.3"}
    try:
        sbom.parse(json.dumps(document).encode(), "x.cdx.json")
    except GuardError:
        return


@bounded
@given(ecosystem=ORDERED, versions=st.lists(VERSIONS, min_size=3, max_size=3))
def test_any_text_is_a_version_or_none_and_the_order_is_one(ecosystem: Ecosystem, versions: list[str]) -> None:
    keys = []
    for version in versions:
        try:
            keys.append(version_key(ecosystem, version))
        except ValueError:
            continue
    for one in keys:
        assert not one < one
        for other in keys:
            assert not (one < other and other < one)
            for third in keys:
                assert not (one < other and other < third and third < one)


@bounded
@given(
    ecosystem=ORDERED,
    version=VERSIONS,
    events=st.lists(st.tuples(st.sampled_from(["introduced", "fixed", "last_affected", "limit"]), VERSIONS), max_size=4),
)
def test_any_range_has_an_answer(ecosystem: Ecosystem, version: str, events: list[tuple[str, str]]) -> None:
    assert affects(Advisory("A-10", ecosystem, "a", ranges=(Range(tuple(events)),)), version) in (True, False, None)


@bounded
@given(data=st.data())
@example(data=None)
def test_any_damage_to_an_archive_is_seen_or_an_error(data: Any) -> None:
    for content, path in ((wheel(FILES), "a-1-py3-none-any.whl"), (tarred("a/b", "c"), "a.tar.gz"), (tarred("a", mode="w"), "a.tar")):
        damaged = bytearray(content)
        if data is not None:
            for _ in range(data.draw(st.integers(1, 4))):
                damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        for raw in (bytes(damaged), bytes(damaged[: len(damaged) // 2])):
            try:
                archive.inspect(raw, path)
            except GuardError:
                continue


@bounded
@given(raw=st.binary(max_size=300), start=st.sampled_from([b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b""]))
def test_any_bytes_are_an_archive_or_an_error(raw: bytes, start: bytes) -> None:
    try:
        archive.inspect(start + raw, "x.whl")
    except GuardError:
        return
