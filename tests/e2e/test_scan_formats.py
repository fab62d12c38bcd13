# SPDX-License-Identifier: Apache-2.0
"""``scan`` as a process over a folder with a secret in every format that is read; and its limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_guard.scan.sample import expand
from tests.conftest import Outcome
from tests.fakes.stored import FORMATS, tarred

TOKEN = expand("ghp_{crc62:30}")
Guard = Callable[..., Outcome]


def test_every_format_is_found_and_no_value_is_shown(guard: Guard, tmp_path: Path) -> None:
    expected = set()
    for name, (path, make, chain) in FORMATS.items():
        folder = re.sub(r"\W+", "-", name)
        (tmp_path / "tree" / folder).mkdir(parents=True)
        (tmp_path / "tree" / folder / path).write_bytes(make(TOKEN))
        expected.add((f"{folder}/{path}", chain))
    done = guard("scan", "--format", "json", "tree")
    assert done.code == 1, done.err
    report = json.loads(done.out)
    found = {
        (one["path"].removeprefix("tree/"), one.get("decoded_from", "")) for one in report["findings"] if one["rule"] == "github-token"
    }
    assert expected - found == set()
    assert report["unchecked"] == []
    assert TOKEN[4:] not in done.out + done.err


@pytest.mark.parametrize(
    ("flag", "value", "code"),
    [
        ("--max-archive-depth", "1", 1),  # a compressed tar is one archive
        ("--max-archive-depth", "0", 6),
        ("--max-archive-size", "100", 6),
        ("--max-archive-members", "1", 6),
        ("--max-archive-members", "0", 2),
        ("--max-decode-depth", "0", 1),
        ("--max-archive-size", "1e9", 2),
        ("--max-archive-depth", "-1", 2),
    ],
)
def test_limits_are_flags_and_what_they_leave_out_is_incomplete(guard: Guard, tmp_path: Path, flag: str, value: str, code: int) -> None:
    (tmp_path / "a.tgz").write_bytes(tarred({"a": b"x", "b": TOKEN.encode()}, "w:gz"))
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\n")
    done = guard("scan", flag, value, "a.tgz")
    assert done.code == code, done.out + done.err


def test_limit_of_zero_in_the_configuration_counts(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(tarred({"a": b"x"}, "w:gz"))
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nscan:\n  max-archive-depth: 0\n")
    done = guard("scan", "a.tgz")
    assert (done.code, "a.tgz" in done.out) == (6, True), done.out + done.err
