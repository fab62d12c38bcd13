# SPDX-License-Identifier: Apache-2.0
"""Stands beside ``run`` and waits for its end: what a killed ``run`` left behind ends, too.

Started as a program of its own, before the command. It reads a pipe whose other end only ``run`` holds: ``child PID GROUP`` tells of the
command, ``done`` of an orderly end. A pipe that closes without it means kill -9, or memory that ran out: then the command is killed, its
files are removed, and its leases are revoked.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys


def main(pipe: int, folder: str, holder: str) -> None:
    """Wait, then end what was left; the revocation replaces this program."""
    told = b""
    while piece := os.read(pipe, 256):
        told += piece
    lines = told.splitlines()
    if b"done" in lines:
        return
    for line in lines:
        word, number, group = line.split()
        if word == b"child":
            _end(int(number), whole_group=group == b"1")
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    if holder:
        # -P: what lies in the current folder is not ours to import
        os.execv(sys.executable, [sys.executable, "-P", "-m", "pipeline_guard", "revoke", "--quiet", "--holder", holder])  # noqa: S606


def _end(number: int, *, whole_group: bool) -> None:
    try:
        if whole_group:
            os.killpg(number, signal.SIGKILL)
        else:
            os.kill(number, signal.SIGKILL)
    except OSError:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
