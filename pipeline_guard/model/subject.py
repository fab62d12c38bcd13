# SPDX-License-Identifier: Apache-2.0
"""What a statement speaks about (in-toto Statement v1, ResourceDescriptor)."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline_guard.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Subject:
    """A named artifact and its digest."""

    name: str
    digest: Digest
