# SPDX-License-Identifier: Apache-2.0
"""``python -m pipeline_guard``: the same entrance as the installed command."""

import sys

from pipeline_guard.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
