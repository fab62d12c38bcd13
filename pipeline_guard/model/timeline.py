# SPDX-License-Identifier: Apache-2.0
"""All versions of a signing key with the dates that decide about their signatures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline_guard.model.key import KeyState


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """One version's public half and life; None for a date: never. A key nothing is known of has no dates and no version.

    ``fingerprint``: hexadecimal SHA-256 of the DER SubjectPublicKeyInfo. ``begins``: from when on it signed. ``ends``: from when on
    it signs no more, whatever the reason. ``revoked``: why it was revoked, "" if it was not. ``compromised``: since when.
    """

    fingerprint: str
    type: str
    public_pem: str
    version: int | None = None
    state: KeyState = KeyState.ACTIVE
    begins: datetime | None = None
    ends: datetime | None = None
    revoked: str = ""
    compromised: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyTimeline:
    """A key's versions, ascending. ``name`` is "" for a bare public key; ``exported`` is when a file was written, None if just now."""

    name: str
    versions: tuple[KeyVersion, ...]
    exported: datetime | None = None

    @property
    def newest(self) -> KeyVersion:
        """The newest version; there is always one."""
        return self.versions[-1]
