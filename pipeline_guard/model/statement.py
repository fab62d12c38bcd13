# SPDX-License-Identifier: Apache-2.0
"""A statement whose signature held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_guard.model.digest import Digest
from pipeline_guard.model.signature import UNJUDGED, Judgement
from pipeline_guard.model.subject import Subject


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """What somebody has said about ``subjects``; made in ``sign.verify`` and nowhere else.

    ``predicate`` is plain JSON as it was signed; ``payload_digest`` is over the signed bytes;
    ``key_fingerprint`` is the hexadecimal SHA-256 of the DER SubjectPublicKeyInfo. ``judgement`` tells who signed,
    when that was proven, and why it counts. ``media_type`` is that of the bundle it came in, which no signature covers.
    """

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, Any]
    payload_digest: Digest
    key_fingerprint: str
    judgement: Judgement = UNJUDGED
    media_type: str = ""
