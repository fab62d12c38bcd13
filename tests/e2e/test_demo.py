# SPDX-License-Identifier: Apache-2.0
"""The demo as `make demo` plays it; and that no secret value is anywhere afterwards."""

from __future__ import annotations

import base64
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    specification = importlib.util.spec_from_file_location("demo", ROOT / "docs" / "demo.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def forms(value: bytes) -> list[bytes]:
    return [value, base64.b64encode(value).rstrip(b"="), base64.b64encode(b"x" + value)[4:-4], value.hex().encode(), value[::-1]]


def test_demo_ends_as_it_should_and_leaves_no_secret_anywhere(demo: ModuleType, tmp_path: Path) -> None:
    folder, temporary = tmp_path / "demo", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    done = subprocess.run([sys.executable, str(ROOT / "docs" / "demo.py"), str(folder)], env=environment, capture_output=True, cwd=tmp_path)
    shown = done.stdout + done.stderr
    assert done.returncode == 0, shown.decode()[-3000:]
    assert shown.count(b"0 writes made") == 2
    assert shown.count(b"blocked  ") == len(demo.REASONS)

    sealed = demo.demo_value(str(folder))
    leaked = [demo.sample_github_token(number).encode() for number in (1, 2)]
    for value in (sealed, *leaked):
        assert not [form for form in forms(value) if form in shown]
    assert list(temporary.iterdir()) == []
    assert [path for path in Path("/dev/shm").glob("pipeline-guard-run-*") if path.stat().st_uid == os.getuid()] == []
    looked_at = 0
    for root in (folder, Path(os.environ["HOME"])):
        for path in root.rglob("*"):
            if not path.is_file():
                continue
            content = path.read_bytes()
            looked_at += 1
            assert not [form for form in forms(sealed) if form in content], path
            # the sample itself holds the two keys, on purpose: one in its notebook, one in its history
            if path.name != "notebook.ipynb":
                assert not [form for value in leaked for form in forms(value) if form in content], path
    assert looked_at > 30
    assert (folder / "home" / "store.db").is_file()


def test_sample_tokens_are_of_nobody_and_of_the_right_shape(demo: ModuleType) -> None:
    one, two = demo.sample_github_token(1), demo.sample_github_token(2)
    assert one != two
    assert len(one) == len(two) == 40
