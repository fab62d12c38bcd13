# SPDX-License-Identifier: Apache-2.0
"""What a verdict of the gate was made for; anything else it proves nothing about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Occasion:
    """``repository`` is an id that is never given twice where there is one; commits are full ids; digests are hexadecimal SHA-256.

    ``tree`` is the git tree that was looked at, ``tool`` is over the installed package, ``advisories`` over the database;
    "" stands for what there was none of.
    """

    repository: str
    change: str
    head: str
    base: str
    merge: str
    tree: str
    policy: str
    tool: str
    tool_version: str
    advisories: str
