# SPDX-License-Identifier: Apache-2.0
"""Writes the actions and templates into the package, for the dry-run of an installed command: `make templates`; a test compares."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline_guard.adapters.shells import PACKED, gather

if __name__ == "__main__":
    PACKED.write_text(json.dumps(gather(Path(__file__).parents[1]), indent=0, ensure_ascii=False) + "\n", "utf-8")
