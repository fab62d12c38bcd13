# SPDX-License-Identifier: Apache-2.0
"""The scan as a whole, on real sources: what it finds, where, and what counts."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline_guard.adapters.fingerprint import VARIABLE, KeyedFingerprint
from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.adapters.sources.opening import open_source
from pipeline_guard.adapters.workers import ForkedWorkers
from pipeline_guard.errors import UsageError
from pipeline_guard.flows.rules import every_rule, one_rule, wrong_rules
from pipeline_guard.flows.scan import ScanDoors, ScanRequest, known_findings, scan, split_range
from pipeline_guard.model.finding import FindingStatus, ScanReport
from pipeline_guard.model.selection import Scope, Selection
from pipeline_guard.ports import Rulepacks
from pipeline_guard.scan.sample import expand
from tests.conftest import Repository

TOKEN = expand("ghp_{crc62:30}")
KEY = "0123456789abcdef"


class FixedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return the same moment always."""
        return datetime(2026, 11, 1, tzinfo=UTC)


class CountingCache(dict[str, bytes]):
    """A cache in memory."""

    def put(self, name: str, content: bytes) -> None:
        """Keep the content."""
        self[name] = content


class NoProgress:
    """Says nothing."""

    def step(self, what: str, done: int, total: int | None = None) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


CACHE = CountingCache()


def run(
    folder: Path, selection: Selection, request: ScanRequest | None = None, key: str = KEY, packs: Rulepacks | None = None
) -> ScanReport:
    doors = ScanDoors(
        source=open_source(selection, str(folder), os.environ),
        rulepacks=packs or PackagedRules(),
        cache=CACHE,
        clock=FixedClock(),
        fingerprint=KeyedFingerprint("/nowhere", {VARIABLE: key}),
        progress=NoProgress(),
        workers=ForkedWorkers(),
    )
    return scan(request or ScanRequest(), doors)


TREE = Selection(Scope.TREE)


def test_finding_delimits_the_value_and_never_holds_it(tmp_path: Path) -> None:
    content = f"größe = 1\ntoken = '{TOKEN}'  # here\n"
    (tmp_path / "a.py").write_text(content)
    (found,) = run(tmp_path, TREE).findings
    place = found.location
    assert (place.path, place.line, place.column, place.end_line, place.end_column) == ("a.py", 2, 10, 2, 50)
    assert content.encode()[place.byte_start : place.byte_end] == TOKEN.encode()
    assert found.preview == "ghp_... (40 characters)"
    assert TOKEN[4:] not in repr(found)


def test_notebook_cell_is_found_where_it_is_stored(tmp_path: Path) -> None:
    stored = json.dumps({"cells": [{"source": [f'key = "{TOKEN}"\n'], "outputs": [{"text": [f"leak {TOKEN}"]}]}], "metadata": {"t": TOKEN}})
    (tmp_path / "a.ipynb").write_text(stored)
    found = run(tmp_path, TREE).findings
    assert [one.decoded_from for one in found] == ["notebook", "notebook", ""]
    assert {stored[one.location.byte_start : one.location.byte_end] for one in found} == {TOKEN}


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig", "latin-1"])
def test_encodings_hide_nothing(tmp_path: Path, codec: str) -> None:
    (tmp_path / "a.txt").write_bytes(f"ö token = {TOKEN}\n".encode(codec))
    (found,) = run(tmp_path, TREE).findings
    assert (found.rule, found.location.line, found.location.column) == ("github-token", 1, 11)


def test_secret_in_a_binary_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 40 + TOKEN.encode() + b"\0" * 99)
    assert [one.rule for one in run(tmp_path, TREE).findings] == ["github-token"]


def test_history_is_attributed_and_a_removed_secret_is_still_there(repository: Repository) -> None:
    leaked = repository.commit(files={"a.txt": TOKEN})
    repository.commit(files={"a.txt": "clean"})
    assert run(repository.path, TREE).findings == ()
    report = run(repository.path, Selection(Scope.HISTORY))
    (found,) = report.findings
    assert found.origin is not None
    assert (found.location.commit, found.origin.author, report.stats.commits) == (leaked, "Ada", 2)


def test_same_scan_is_the_same_without_the_engine(repository: Repository) -> None:
    repository.commit(files={"a.txt": "\n".join(expand(t, r.id) for r in every_rule(PackagedRules(), CACHE) for t in r.examples)})
    fast = run(repository.path, TREE)
    pure = run(repository.path, TREE, ScanRequest(engine=False))
    assert fast.findings == pure.findings
    assert len(fast.findings) > 200


def test_fingerprint_survives_a_move_and_depends_on_the_key(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TOKEN)
    (before,) = run(tmp_path, TREE).findings
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    (tmp_path / "b.txt").write_text(f"\n\n  {TOKEN}")
    (after,) = run(tmp_path, TREE).findings
    (other,) = run(tmp_path, TREE, key="another key of a team").findings
    assert before.fingerprint == after.fingerprint != other.fingerprint


def test_baseline_knows_values_not_places(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TOKEN)
    known = known_findings(run(tmp_path, TREE), KeyedFingerprint("/nowhere", {VARIABLE: KEY}))
    assert TOKEN.encode() not in known
    changed = expand("ghp_{crc62:30}", "another")
    (tmp_path / "a.txt").write_text(f"{changed}\n{TOKEN}")
    report = run(tmp_path, TREE, ScanRequest(known=(known, "baseline.json")))
    assert [one.status for one in report.findings] == [FindingStatus.NEW, FindingStatus.BASELINE]
    with pytest.raises(UsageError, match="another fingerprint key"):
        run(tmp_path, TREE, ScanRequest(known=(known, "baseline.json")), key="another key of a team")


def test_permission_is_for_its_line_and_rule(tmp_path: Path) -> None:
    mark = "pipeline-guard:" + "allow github-token"
    (tmp_path / "a.txt").write_text(f"{TOKEN}  # {mark} revoked long ago\n\n# {mark} revoked too\n{TOKEN}\n{TOKEN}\n{TOKEN} # {mark}\n")
    assert [one.status.value for one in run(tmp_path, TREE).findings] == ["allowed", "allowed", "new", "new"]


def test_own_rules_join_and_may_not_take_a_name_that_exists(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("acme_" + "k3j4h5k3j4h6")
    pack = "kind: own\nrules:\n- {id: %s, title: t, severity: low, keywords: [acme_], pattern: 'acme_[a-z0-9]{12}', source: s, hint: h, examples: ['acme_{lowernum:12}']}\n"
    (tmp_path / "own.yml").write_text(pack % "acme-token")
    packs = PackagedRules([str(tmp_path / "own.yml")])
    report = run(tmp_path, Selection(Scope.TREE, ("a.txt",)), packs=packs)
    assert [one.rule for one in report.findings] == ["acme-token"]
    (tmp_path / "own.yml").write_text(pack % "github-token")
    with pytest.raises(UsageError, match="is there already"):
        run(tmp_path, TREE, packs=PackagedRules([str(tmp_path / "own.yml")]))


def test_parsed_rules_come_from_the_cache_and_a_broken_cache_is_mended() -> None:
    cache = CountingCache()
    rules = every_rule(PackagedRules(), cache)
    (name,) = cache
    whole = cache[name]
    for broken in (whole, b"", b"x", whole[:-3], whole[:50] + b"!" + whole[51:]):
        cache[name] = broken
        assert every_rule(PackagedRules(), cache) == rules
        assert cache[name] == whole


def test_rules_are_explained_and_proved(tmp_path: Path) -> None:
    assert one_rule("github-token", PackagedRules(), CACHE).title == "GitHub token"
    with pytest.raises(UsageError) as caught:
        one_rule("github-tokn", PackagedRules(), CACHE)
    assert caught.value.hint == "did you mean github-token?"
    wrong = "rules:\n- {id: acme-token, title: t, severity: low, pattern: 'acme_[a-z]{12}', source: s, hint: h, examples: ['acme_1'], counterexamples: ['acme_{lower:12}']}\n"
    (tmp_path / "own.yml").write_text(wrong)
    _, found = wrong_rules(PackagedRules([str(tmp_path / "own.yml")]), CACHE, FixedClock().now())
    assert found == ["acme-token: example 1 is not found", "acme-token: counterexample 1 is found"]


def test_range_is_split_into_base_and_head() -> None:
    assert split_range("main..topic") == ("main", "topic")
    assert split_range("main...") == ("main", "HEAD")
    for bad in ("main", "..x", "--all..x", ""):
        with pytest.raises(UsageError):
            split_range(bad)
