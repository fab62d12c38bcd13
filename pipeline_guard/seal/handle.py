# SPDX-License-Identifier: Apache-2.0
"""What undoes an engine's work, sealed as secrets are: useless without the token, and at no other lease."""

from __future__ import annotations

from pipeline_guard.model.event import canonical
from pipeline_guard.model.key import KeyRef
from pipeline_guard.model.lease import Lease


def handle_data(lease: Lease, key: KeyRef, purpose: str) -> bytes:
    """Return what binds a handle, or its data key, to its lease, its engine and the key that wraps it."""
    words = {"purpose": f"pipeline-guard/handle-{purpose}/v1", "lease": lease.id, "engine": lease.engine}
    return canonical({**words, "key": f"{key.name}/{key.version}/{key.id}"})
