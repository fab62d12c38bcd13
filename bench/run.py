# SPDX-License-Identifier: Apache-2.0
"""``make bench``: every measurement beside its peers, one after the other. Figures, not verdicts: nothing here can fail a build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run each script of this folder in a process of its own."""
    here = Path(__file__).parent
    for script in sorted(here.glob("*.py")):
        if script.name != Path(__file__).name:
            print(f"\n== {script.stem}", flush=True)
            subprocess.run([sys.executable, str(script)], check=False)


if __name__ == "__main__":
    main()
