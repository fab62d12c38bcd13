# SPDX-License-Identifier: Apache-2.0
"""Who is inside a PKCS#11 module: many that use it, or one that starts it anew, or nobody while this process forks.

C_Finalize while another thread is inside the module frees memory under its feet, and a fork copies whatever lock
another thread holds at that moment, for ever: both have to wait until everybody is out.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Protocol

_FORK_PATIENCE = 10.0  # seconds; a module that hangs must not keep a program from forking


class Gate:
    """Lets in many at once with ``enter`` and ``leave``, or one with ``alone``, who goes first. Not re-entrant."""

    def __init__(self) -> None:
        self.begin_anew()
        watch(self)

    def begin_anew(self) -> None:
        """Let nobody be inside: in a child of this process there is nobody yet."""
        self._lock = threading.Lock()  # taken by itself, for a condition enters it by way of Python
        self._condition = threading.Condition(self._lock)
        self._inside = 0
        self._waiting = 0
        self._closed = False

    def enter(self) -> None:
        """Be inside together with others, until ``leave``."""
        with self._lock:
            while self._closed or self._waiting:
                self._condition.wait()
            self._inside += 1

    def leave(self) -> None:
        """Go out again."""
        with self._lock:
            self._inside -= 1
            if not self._inside and (self._waiting or self._closed):
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be inside with nobody else."""
        self.close(None)
        try:
            yield
        finally:
            self.open()

    def close(self, patience: float | None) -> bool:
        """Wait until nobody is inside, ``None`` for ever, and keep everybody out; tell whether that was reached in time."""
        deadline = None if patience is None else time.monotonic() + patience
        with self._condition:
            self._waiting += 1
            try:
                while self._closed or self._inside:
                    left = None if deadline is None else deadline - time.monotonic()
                    if left is not None and left <= 0:
                        return False
                    self._condition.wait(left)
                self._closed = True
                return True
            finally:
                self._waiting -= 1
                self._condition.notify_all()

    def open(self) -> None:
        """Let others in again."""
        with self._condition:
            self._closed = False
            self._condition.notify_all()


class Member(Protocol):
    """What has to know of a fork. A gate is also closed before it, so that nobody is inside."""

    def begin_anew(self) -> None:
        """Forget, in a child, what belongs to its parent."""
        ...


def watch(member: Member) -> None:
    """Tell ``member`` of forks as long as it lives."""
    _members().add(member)


@cache
def _members() -> weakref.WeakSet[Member]:
    members: weakref.WeakSet[Member] = weakref.WeakSet()
    closed: list[Gate] = []

    def before() -> None:
        closed.extend(member for member in list(members) if isinstance(member, Gate) and member.close(_FORK_PATIENCE))

    def in_parent() -> None:
        while closed:
            closed.pop().open()

    def in_child() -> None:
        closed.clear()
        for member in list(members):
            member.begin_anew()

    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
    return members
