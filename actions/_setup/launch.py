# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: INP001 a script, not a package
"""Starts the command from this checkout: ``python3 -I -S launch.py WHEELS ARGUMENTS...``.

Isolated, so that neither PYTHON* variables nor modules lying in the repository under test are ever imported.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), sys.argv.pop(1)]

from pipeline_guard.cli.main import main  # noqa: E402 the path comes first

sys.exit(main())
