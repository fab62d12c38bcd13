# SPDX-License-Identifier: Apache-2.0
"""A command under attack: whatever it is given, it answers in its own words."""

from __future__ import annotations

import pytest

from pipeline_guard.cli.main import main


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run one command; return its exit code and what it wrote to standard output and standard error."""
    code = main(words)
    found = capsys.readouterr()
    assert "Traceback" not in found.err, found.err
    assert "bug:" not in found.err, found.err
    return code, found.out, found.err
