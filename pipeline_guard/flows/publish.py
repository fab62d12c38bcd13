# SPDX-License-Identifier: Apache-2.0
"""publish: was this head looked at -> is it still the change's head -> status, comment, report; nothing for any other commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.forge import ForgeEvent, Posted, Publication
from pipeline_guard.ports import Checkout, Forge

FORK = "fork pull request: its job has no token that may write, by the forge's design; nothing is published from here"


@dataclass(frozen=True, slots=True)
class PublishDoors:
    """What publishing needs of the world; the forge is opened once it is known that there is something to tell it."""

    forge: Callable[[], Forge]
    checkout: Callable[[], Checkout] | None  # None: nothing was looked at here, a signed verdict speaks


@dataclass(frozen=True, slots=True)
class Published:
    """What was posted; ``note`` is one line for people where nothing was, by design."""

    posted: tuple[Posted, ...] = ()
    note: str = ""


def publish(publication: Publication, *, is_required: bool, doors: PublishDoors) -> Published:
    """Post a verdict for the head of its event. A fork's job may lack the right to; that is a note, unless ``is_required``.

    Raises UsageError where another commit was looked at, Denied where the change has moved on or the token may not post,
    Unavailable where the forge does not answer.
    """
    event = publication.event
    if doors.checkout is not None:
        _check_looked_at(event, doors.checkout())
    try:
        forge = doors.forge()
        if event.change:
            _check_newest(event, forge.head_of(event.change))
        return Published(tuple(forge.post(publication)))
    except (Denied, UsageError) as error:
        if event.is_fork and not is_required and not isinstance(error, Stale):
            return Published(note=FORK)
        raise


class Stale(Denied):
    """The change has got other commits since."""


def _check_looked_at(event: ForgeEvent, checkout: Checkout) -> None:
    examined = checkout.commit("HEAD")
    differing = checkout.differs(examined)
    if differing:
        hint = "publish from a tree that is as it was checked out"
        raise UsageError(f"{differing.encode('utf-8', 'backslashreplace').decode()} is not as committed: a verdict is about commits", hint)
    if examined == event.head:
        return
    # the merge commit that a forge makes of target and change: the change is its second parent
    if event.merge and examined == event.merge and _second_parent(checkout) == event.head:
        return
    what = f"what was checked is {examined[:12]}, and the event is about {event.head[:12]}"
    raise UsageError(f"nothing is published: {what}", "check out the event's own commit, with its parents (fetch-depth: 0)")


def _second_parent(checkout: Checkout) -> str:
    try:
        return checkout.commit("HEAD^2")
    except UsageError:  # no merge, or a clone without the parents
        return ""


def _check_newest(event: ForgeEvent, newest: str) -> None:
    if not newest:
        raise Unavailable("the forge does not say what the change's head is", "try again")
    if newest != event.head:
        what = f"change {event.change} is at {newest[:12]} now, and {event.head[:12]} was checked"
        raise Stale(f"nothing is published: {what}", "the job of the newer commit publishes")
