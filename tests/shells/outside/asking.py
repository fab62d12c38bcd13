# SPDX-License-Identifier: Apache-2.0
"""Asks GitHub's own evaluator, and gitlab-ci-local; both come from npm by the lock of these tests (`make shells`)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.shells.generating import CONTEXTS, expressions

HERE = Path(__file__).parent
TOOLS = Path(__file__).parents[3] / ".venv" / "shells" / "npm"


def github(seed: int, count: int) -> list[Any]:
    """Return the oracle's answers to generated expressions."""
    asked = json.dumps({"contexts": CONTEXTS, "expressions": expressions(seed, count)})
    done = subprocess.run(["node", str(HERE / "expressions.mjs"), str(TOOLS)], input=asked, capture_output=True, text=True, check=True)
    found: list[Any] = json.loads(done.stdout)
    return found


def gitlab_ci_local(*words: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run gitlab-ci-local on Node 24, with a home of its own."""
    (node,) = (TOOLS / "node_modules").glob("node-linux-*/bin/node")
    script = TOOLS / "node_modules" / "gitlab-ci-local" / "dist" / "index.js"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "NO_COLOR": "1"}
    return subprocess.run([str(node), str(script), *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
