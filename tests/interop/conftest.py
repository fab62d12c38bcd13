# SPDX-License-Identifier: Apache-2.0
"""The foreign programs that ``make interop`` fetched, as judges: True for accepted, False for refused, anything else fails."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).parents[2] / ".venv" / "interop"
HERE = Path(__file__).parent


class Tools:
    """Runs foreign programs in a folder; what they say is kept for messages of failures."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, ""
        assert (TOOLS / "usr/bin/cosign").is_file(), "make interop fetches the programs"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "COSIGN_PASSWORD": "", "INTEROP_NPM": str(TOOLS / "npm")}

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(words, cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True, timeout=120)
        self.said = f"{words} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "panic" not in done.stderr, self.said
        return done

    def cosign(self, *words: str) -> bool:
        return self.run(str(TOOLS / "usr/bin/cosign"), *words).returncode == 0

    def sigstore_go(self, *words: str) -> bool:
        return self.run(str(TOOLS / "usr/bin/sigstore-go-verification"), *words).returncode == 0

    def node(self, question: dict[str, Any]) -> str:
        done = self.run("node", str(HERE / "judge.mjs"), stdin=json.dumps(question))
        assert done.returncode in (0, 1), self.said
        return done.stdout.strip()


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """The programs, in a folder of their own that is also the current one."""
    monkeypatch.chdir(tmp_path)
    return Tools(tmp_path)


Judge = Callable[..., bool]
