# SPDX-License-Identifier: Apache-2.0
"""How subjects and bundles are spelt, so that their paths compare, and how they are printed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline_guard.errors import UsageError


def named(subject: str) -> str:
    """Return ``subject`` spelt so that its last part is a name: ``.`` and ``..`` become the folder they mean."""
    if not subject.strip():
        raise UsageError("an empty subject", "an unset variable? name a file or folder")
    return subject if Path(subject).name not in ("", "..") else str(Path(subject).resolve())


def beside(bundle: str, subjects: Sequence[str]) -> str:
    """Return ``bundle`` absolute where a subject is, relative where the subjects are, so that their spellings compare."""
    if not bundle or not subjects or Path(bundle).is_absolute() == Path(subjects[0]).is_absolute():
        return bundle
    return os.path.relpath(bundle) if Path(bundle).is_absolute() else str(Path.cwd() / bundle)
