# SPDX-License-Identifier: Apache-2.0
"""Rule packs from the package, files and folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.errors import UsageError


def test_shipped_packs_come_first_then_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/b.yaml").write_text("rules: []")
    (tmp_path / "own/a.yml").write_text("rules: []")
    (tmp_path / "own/README.md").write_text("no pack")
    names = [name for name, _ in PackagedRules([str(tmp_path / "own"), str(tmp_path / "own/a.yml")]).texts()]
    assert names[0] == "rulepacks/ai-media.yml"
    assert names[-3:] == [str(tmp_path / "own/a.yml"), str(tmp_path / "own/b.yaml"), str(tmp_path / "own/a.yml")]


def test_users_pack_cannot_pass_for_a_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rulepacks").mkdir()
    (tmp_path / "rulepacks/x.yml").write_text("rules: []")
    monkeypatch.chdir(tmp_path)
    assert [name for name, _ in PackagedRules(["rulepacks"]).texts()][-1] == "./rulepacks/x.yml"


def test_missing_and_empty_paths_are_usage_errors(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError):
            list(PackagedRules([str(path)]).texts())
