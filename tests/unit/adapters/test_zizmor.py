# SPDX-License-Identifier: Apache-2.0
"""zizmor, the real one: what it finds, and what comes where it is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pipeline_guard.adapters.zizmor import Zizmor
from pipeline_guard.errors import Unavailable

WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.head_ref }}\n"


def test_findings_have_path_line_and_documentation(tmp_path: Path) -> None:
    place = tmp_path / ".github" / "workflows" / "w.yml"
    place.parent.mkdir(parents=True)
    place.write_text(WORKFLOW)
    found = {(path, line, rule) for path, line, rule, _, _ in Zizmor(os.environ).look(str(tmp_path))}
    assert (".github/workflows/w.yml", 6, "template-injection") in found
    assert all(address.startswith("https://docs.zizmor.sh/") for *_, address in Zizmor(os.environ).look(str(tmp_path)))


def test_a_tree_without_workflows_has_none(tmp_path: Path) -> None:
    assert list(Zizmor(os.environ).look(str(tmp_path))) == []


def test_missing_it_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(Unavailable, match="not installed"):
        Zizmor({"PATH": str(tmp_path)}).look(str(tmp_path))


@pytest.mark.parametrize("answer", ["echo no", "echo '{}'", "echo '[{}]'", "exit 7"])
def test_an_answer_of_another_form_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "zizmor").write_text(f"#!/bin/sh\n{answer}\n")
    (tmp_path / "zizmor").chmod(0o755)
    with pytest.raises(Unavailable):
        Zizmor({"PATH": os.environ["PATH"]}).look(str(tmp_path))
