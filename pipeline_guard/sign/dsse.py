# SPDX-License-Identifier: Apache-2.0
"""What a signature is really over: the pre-authentication encoding of DSSE 1.0."""

from __future__ import annotations

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return PAE(type, body), lengths in bytes (DSSE protocol 1.0.0, "Signature Definition")."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
