# SPDX-License-Identifier: Apache-2.0
"""A text read in parts has the findings, and the places, that it has in one piece."""

import io
from datetime import UTC, datetime

import pytest

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.adapters.sources import parts
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Finding
from pipeline_guard.scan.detect import Detector
from pipeline_guard.scan.prefilter import Prefilter
from pipeline_guard.scan.report import Judgement, findings
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.sample import expand
from tests.fakes.cache import MemoryCache

RULES = load(PackagedRules(), MemoryCache())
DETECTOR = Detector(RULES.rules, Prefilter(RULES.rules, RULES.digest, MemoryCache(), engine=False))
JUDGEMENT = Judgement(datetime(2026, 1, 1, tzinfo=UTC), lambda rule, value: f"{rule}:{len(value)}")


def _found(entry: Entry) -> list[Finding]:
    found, unchecked = findings(entry, DETECTOR, JUDGEMENT)
    assert not unchecked
    return found


def _lines() -> str:
    filler = "".join(f"a line of the log, number {number}\n" for number in range(30))
    tokens = [expand("token: ghp_{crc62:30}\n", str(number)) for number in range(70)]
    keys = [expand("{make:private-key}", str(number)) + "\n" for number in range(2)]
    pieces = [*tokens[:20], keys[0], *tokens[20:45], keys[1], *tokens[45:]]
    return "".join(f"{filler[: 37 * at]}{piece}{filler}" for at, piece in enumerate(pieces))


def _one_line() -> str:
    words = "w\u00f6rd " * 170
    return "".join(f"{words[: 5 * at]}{expand('npm_{crc62:30}', str(at))} {words}" for at in range(60))


@pytest.mark.parametrize("text", [_lines(), _one_line()], ids=["lines", "one line"])
def test_parts_have_the_findings_of_the_whole(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 16 * 1024)
    monkeypatch.setattr(parts, "AROUND", 4 * 1024)
    stored = text.encode()
    stream = io.BytesIO(stored)
    divided = list(parts.divided(Entry("big.log", b""), stream.read))
    whole = _found(Entry("big.log", stored))
    assert len(divided) > 3
    assert len(whole) >= 60
    assert [one for entry in divided for one in _found(entry)] == whole
