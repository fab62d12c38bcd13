# SPDX-License-Identifier: Apache-2.0
"""What can be come to from somewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def reachable(starts: Iterable[str], leads: Mapping[str, Collection[str]]) -> set[str]:
    """Return the starts and all that ``leads`` goes to from them."""
    pending = list(starts)
    reached = set(pending)
    while pending:
        for name in leads.get(pending.pop(), ()):
            if name not in reached:
                reached.add(name)
                pending.append(name)
    return reached
