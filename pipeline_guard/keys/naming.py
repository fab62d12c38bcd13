# SPDX-License-Identifier: Apache-2.0
"""What keys and secrets may be called, and which usage a type has."""

from __future__ import annotations

import re

from pipeline_guard.errors import UsageError
from pipeline_guard.model.key import USAGE_OF, KeyType, KeyUsage

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,126}[A-Za-z0-9]|[A-Za-z0-9]")
STORE_KEY = "store"  # the wrapping key of the store; made with the token
AUDIT_KEY = "audit"  # signs the checkpoints of the audit log; made at first need


def checked_name(name: str, kind: str) -> str:
    """Return ``name`` if it is a plain one; raise UsageError otherwise."""
    if not _NAME.fullmatch(name) or ".." in name or "//" in name:
        raise UsageError(f"not a name for a {kind}: {name[:60]!r}", "use letters, digits, . _ - / (at most 128, no .. inside)")
    return name


def usage_for(key_type: KeyType, wanted: str) -> KeyUsage:
    """Return the usage of a new key; raise UsageError where type and usage do not go together."""
    usage = KeyUsage(wanted) if wanted else USAGE_OF[key_type]
    if usage is not USAGE_OF[key_type]:
        raise UsageError(f"a key of type {key_type.value} cannot be used to {usage.value}", "aes-256 wraps, every other type signs")
    return usage
