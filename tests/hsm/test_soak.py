# SPDX-License-Identifier: Apache-2.0
"""Sixteen threads in each of four processes on one token, processes killed and started all along: no error, no crash.

``python bench/soak.py --seconds 300`` runs it for longer, and with plain python-pkcs11 beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hsm.soak import ROOT, external, soak

SECONDS = 15.0


@pytest.mark.parametrize("kind", ["embedded", "external"])
def test_many_threads_in_many_processes_that_are_killed_all_along_see_no_error(tmp_path: Path, kind: str) -> None:
    place = str(tmp_path / "home") if kind == "embedded" else external(tmp_path / "token")
    found = soak("ours", place, SECONDS, pause=(0.5, 1.5))
    assert (found["failed"], found["crashes"], found["hangs"]) == ({}, [], 0)
    assert found["kills"] >= 3
    assert min(found["done"][name] for name in ("sign ec-p256", "sign rsa-3072", "wrap, unwrap", "describe", "create, use, destroy")) > 0


def test_many_processes_that_start_at_once_share_one_new_embedded_token(tmp_path: Path) -> None:
    source = "import sys; from pipeline_guard.adapters.hsm.embedded import open_token as o; print(o(sys.argv[1], uri='', module='', pin='', environ={}).facts()['serial'])"
    words = [sys.executable, "-c", source, str(tmp_path / "home")]
    runs = [subprocess.Popen(words, cwd=ROOT, stdout=-1, stderr=-1, text=True, env={**os.environ}) for _ in range(12)]
    said = [(*run.communicate(timeout=120), run.returncode) for run in runs]
    assert {(err, code) for _, err, code in said} == {("", 0)}
    assert len({out for out, _, _ in said}) == 1
