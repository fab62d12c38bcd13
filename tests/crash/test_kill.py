# SPDX-License-Identifier: Apache-2.0
"""A store that is killed again and again, on a real token; thousands of times by hand: python tests/crash/driver.py --kills 5000."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

DRIVER = Path(__file__).with_name("driver.py")


def test_nothing_acknowledged_is_lost_half_written_or_readable_after_hundreds_of_kills() -> None:
    seconds = os.environ.get("CRASH_SECONDS", "75")
    words = [sys.executable, str(DRIVER), "--seconds", seconds, "--kills", "400" if seconds == "75" else "1000000"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=float(seconds) + 240)
    assert done.returncode == 0, done.stderr[-3000:]
    facts = json.loads(done.stdout)
    assert facts["kills"] >= 50
    assert facts["acknowledged"] > 20
    assert all(facts["killed-during"][act] for act in ("put", "migrate", "create"))  # the others by chance: a slow machine gets to few


def test_no_kill_leaves_a_key_in_the_token_that_tidying_does_not_find() -> None:
    seconds = os.environ.get("CRASH_SECONDS", "40")
    words = [sys.executable, str(DRIVER), "--making", "--seconds", seconds, "--kills", "60" if seconds == "40" else "1000000"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=float(seconds) + 240)
    assert done.returncode == 0, done.stderr[-3000:]
    facts = json.loads(done.stdout)
    assert facts["kills"] >= 15
    assert facts["left-a-key"] + facts["left-a-note"] > 0
