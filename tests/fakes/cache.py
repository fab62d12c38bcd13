# SPDX-License-Identifier: Apache-2.0
"""A cache in memory."""

from __future__ import annotations


class MemoryCache(dict[str, bytes]):
    """Keeps everything."""

    def put(self, name: str, content: bytes) -> None:
        """Keep the content."""
        self[name] = content
