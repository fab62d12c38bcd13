# SPDX-License-Identifier: Apache-2.0
"""Severity of an advisory: CVSS vectors of every version to a number, numbers to words (FIRST's qualitative scale)."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline_guard.errors import Unavailable

_WORDS = {"critical": "critical", "high": "high", "moderate": "medium", "medium": "medium", "low": "low", "none": "none"}
_NEWEST = ("CVSS_V4", "CVSS_V3", "CVSS_V2")
_LONGEST = 512  # characters of a vector


def level_of_word(word: str) -> str:
    """Return our word for a database's own; "" for one that nobody knows."""
    return _WORDS.get(word.lower(), "")


def level_of(score: float) -> str:
    """Return the word for a CVSS score (CVSS 3.1 section 5, 4.0 section 6)."""
    for floor, word in ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low")):
        if score >= floor:
            return word
    return "none"


def rate(vectors: Iterable[tuple[str, str]]) -> tuple[str, float]:
    """Return level and score of the newest kind of vector, the worst where there are several; ("", -1) without a readable one."""
    given = [(kind, vector) for kind, vector in vectors if vector]
    for kind in _NEWEST:
        scores = [score for score in (_score(kind, vector) for own, vector in given if own == kind) if score >= 0]
        if scores:
            return level_of(max(scores)), max(scores)
    return "", -1.0


def _score(kind: str, vector: str) -> float:
    """Return a vector's base score with whatever metrics it has; -1 for one that is none."""
    if len(vector) > _LONGEST:
        return -1.0
    try:
        import cvss
        from cvss.exceptions import CVSSError
    except ImportError:
        raise Unavailable("cvss is not installed", 'pip install "pipeline-guard[advisories]"') from None
    makers = {"CVSS_V4": cvss.CVSS4, "CVSS_V3": cvss.CVSS3, "CVSS_V2": cvss.CVSS2}
    try:
        made = makers[kind](vector.strip("/") if kind != "CVSS_V2" else vector.strip("()"))
        return float(made.scores()[0] if kind != "CVSS_V4" else made.base_score)
    except (CVSSError, ValueError, KeyError, IndexError, ArithmeticError):
        return -1.0
