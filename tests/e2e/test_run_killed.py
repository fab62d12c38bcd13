# SPDX-License-Identifier: Apache-2.0
"""What is left of ``run`` after kill -9: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Guard = Callable[..., Any]
ROOT = Path(__file__).parents[2]
VALUE = "correct-horse-" + "battery-staple-42"
CONFIGURATION = "version: 1\nsecrets:\n  DB_PASSWORD: {from: db/password, ttl: 5h, as: file}\n"


def actions(guard: Guard, project: Path) -> list[str]:
    return [record["action"] for record in json.loads(guard("audit", "list", "--format", "json", cwd=project).out)["audit-records"]]


def is_alive(number: str) -> bool:
    """Tell whether a process runs; one that ended and that nobody has asked about yet does not."""
    try:
        return (Path("/proc") / number / "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def test_leases_of_a_killed_run_are_revoked_its_command_is_dead_and_its_files_are_gone(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".pipeline-guard.yml").write_text(CONFIGURATION)
    assert guard("secrets", "put", "db/password", stdin=VALUE, cwd=tmp_path).code == 0
    words = [sys.executable, "-P", "-m", "pipeline_guard", "run", "--", "sh", "-c", 'echo "$DB_PASSWORD $$"; exec sleep 97']
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    ours = subprocess.Popen(words, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, start_new_session=True)
    assert ours.stdout is not None
    with ours.stdout as output:
        path, child = output.readline().decode().split()
    assert Path(path).read_text() == VALUE
    assert "secret.revoke" not in actions(guard, tmp_path)
    ours.send_signal(signal.SIGKILL)
    ours.wait(20)
    deadline = time.monotonic() + 60
    while "secret.revoke" not in actions(guard, tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert actions(guard, tmp_path)[-2:] == ["secret.lease", "secret.revoke"]
    assert not Path(path).parent.exists()
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def test_what_a_command_printed_of_a_value_is_counted_in_the_log(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".pipeline-guard.yml").write_text(CONFIGURATION)
    assert guard("secrets", "put", "db/password", stdin=VALUE, cwd=tmp_path).code == 0
    ran = guard("run", "--", "sh", "-c", 'cat "$DB_PASSWORD"; echo; base64 "$DB_PASSWORD" >&2', cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "***\n")
    records = json.loads(guard("audit", "list", "--format", "json", cwd=tmp_path).out)["audit-records"]
    hidden = [record for record in records if record["action"] == "secret.hidden"]
    assert [(record["object"], record["why"]) for record in hidden] == [("db/password", "2 times in the command's output")]
