# SPDX-License-Identifier: Apache-2.0
"""A file that takes the place of another whole: who reads sees the old content or the new, and who is killed leaves no half."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(target: Path, content: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Write ``content`` beside ``target`` and rename it; ``durable``: it is on the disk before this returns. Raises OSError.

    What a killed process leaves has a name of its own, so it is in nobody's way.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        Path(name).chmod(mode)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if durable:
        folder = os.open(target.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
