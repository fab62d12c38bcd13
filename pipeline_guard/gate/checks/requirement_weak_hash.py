# SPDX-License-Identifier: Apache-2.0
"""Hashes that can be forged, or that are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.requirements import Hash, Pins
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}


def check(facts: Pins, _settings: GateSettings) -> Iterator[Problem]:
    """Give every requirement with a weak or malformed hash: one that matches suffices, so the weakest counts."""
    for pin in facts.pins:
        weak = next((expected for expected in pin.hashes if not _is_strong(expected)), None)
        if weak is not None:
            shown = f"{pin.name} ({weak.algorithm[:20]}{', malformed' if weak.algorithm in _DIGITS else ''})"
            yield Problem(Location(facts.path, pin.line), shown, f"pip hash -a sha256 FILE, and put its --hash behind {pin.name}")


def _is_strong(expected: Hash) -> bool:
    digits = _DIGITS.get(expected.algorithm, 0)
    return re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", expected.value) is not None and digits > 0


RULE = Rule(
    "requirement-weak-hash",
    Kind.REQUIREMENTS,
    "with a weak or malformed hash",
    "another file with the same MD5 or SHA-1 can be made",
    check,
)
