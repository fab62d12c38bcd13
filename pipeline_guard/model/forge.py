# SPDX-License-Identifier: Apache-2.0
"""What a forge is told of a verdict, what an event of a forge says, and how a forge is set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

MARKER = "<!-- pipeline-guard:gate -->"  # the first line of everything that is posted once and updated later


@dataclass(frozen=True, slots=True)
class ForgeEvent:
    """What a job or a webhook is about. ``repository`` is ``owner/name`` (GitHub) or a project's number (GitLab).

    ``head`` is the commit that a status belongs to, ``merge`` the merge commit that the forge checked out, "" where it made none.
    ``change`` is the number of the pull or merge request, "" where there is none; ``target`` the branch it goes to.
    ``check_id`` is the number of an external status check, where a webhook asks for one.
    """

    forge: str
    kind: str
    repository: str
    head: str
    repository_id: str = ""
    base: str = ""
    merge: str = ""
    change: str = ""
    target: str = ""
    ref: str = ""
    is_fork: bool = False
    url: str = ""
    check_id: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One annotation beside a line; ``level`` is ``failure`` or ``warning``, ``line`` counts from 1."""

    path: str
    line: int
    level: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A verdict for people at the forge. ``is_good`` decides its colour; ``summary`` is Markdown.

    ``sarif`` b"" uploads none; ``has_comment`` asks for the comment (GitHub) or the discussion that blocks (GitLab).
    """

    name: str
    event: ForgeEvent
    is_good: bool
    title: str
    summary: str
    notices: tuple[Notice, ...] = ()
    sarif: bytes = b""
    has_comment: bool = True


@dataclass(frozen=True, slots=True)
class Posted:
    """One thing that was to be posted. ``done`` says what became of it: made, changed, kept, left out."""

    what: str
    done: str
    why: str = ""


class SettingState(Enum):
    """How one setting of a forge stands."""

    OK = "ok"
    FIX = "fix"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of an examination: ``id`` is stable, ``what`` a sentence, ``fix`` a command or the settings' path."""

    id: str
    state: SettingState
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ForgeFacts:
    """Answers of a forge by the name of the question; ``silent`` tells why a question has none."""

    forge: str
    repository: str
    branch: str
    answers: Mapping[str, object] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
