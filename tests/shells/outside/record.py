# SPDX-License-Identifier: Apache-2.0
"""Records what GitHub's own evaluator answers, for tests without it: ``python -m tests.shells.outside.record``, after `make shells`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.shells.outside.asking import github

SEED, COUNT = 20261124, 6000

if __name__ == "__main__":
    content = json.dumps({"seed": SEED, "answers": github(SEED, COUNT)}, separators=(",", ":"), ensure_ascii=False)
    (Path(__file__).parents[2] / "vectors" / "expressions.json.gz").write_bytes(gzip.compress(content.encode(), 9, mtime=0))
