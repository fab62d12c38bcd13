# SPDX-License-Identifier: Apache-2.0
"""What a rehearsed pipeline runs for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rehearsed pipeline runs for.

    ``event`` is "" where every workflow is rehearsed in its own event. ``ref`` is what is checked out, in full; ``base`` the merge
    target as given and ``base_sha`` its commit, both "" where there is none; ``target`` is the merge target's branch.
    """

    event: str
    sha: str
    ref: str
    base: str
    repository: str
    base_sha: str = ""
    target: str = "main"
    message: str = "rehearsal"  # of the commit
    action: str = "synchronize"  # what happened to the pull request
    is_named: bool = True  # whether a remote tells the repository's name

    @property
    def branch(self) -> str:
        """The branch or tag without its prefix."""
        for prefix in ("refs/heads/", "refs/tags/"):
            if self.ref.startswith(prefix):
                return self.ref.removeprefix(prefix)
        return self.ref

    @property
    def owner(self) -> str:
        """The first part of the repository's path."""
        return self.repository.partition("/")[0]
