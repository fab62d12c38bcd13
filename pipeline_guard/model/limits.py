# SPDX-License-Identifier: Apache-2.0
"""How much of one stored file is unpacked and decoded before the rest is reported as unchecked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one stored file, all its containers together. Sizes are bytes.

    ``depth`` counts containers in containers, ``layers`` decodings in decodings. ``member`` is the largest member held in
    memory, ``ratio`` how many times larger than its stored form a member over 16 MiB may become.
    """

    depth: int = 6
    members: int = 100_000
    unpacked: int = 512 * 1024 * 1024
    member: int = 64 * 1024 * 1024
    ratio: int = 250
    layers: int = 3
    decoded: int = 32 * 1024 * 1024
