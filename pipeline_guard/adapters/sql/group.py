# SPDX-License-Identifier: Apache-2.0
"""Group commit: threads that write at the same moment share one transaction, and so one sync of the disk.

Whoever comes first leads: it takes what is queued, its own work included, writes it in one transaction, and goes on
as long as more has queued up meanwhile. Nobody is told of success before the commit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy import Connection

from pipeline_guard.errors import GuardError, Unavailable

Result = TypeVar("Result")
_MOST = 256  # pieces of work in one transaction


class GroupCommit:
    """Runs pieces of work in shared transactions; ``change`` opens one."""

    def __init__(self, change: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._change = change
        self._lock = threading.Lock()
        self._queue: list[tuple[Callable[[Connection], Any], Future[Any]]] = []
        self._led = False

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Return what ``work`` returned once it is durable; raise what it raised, or what the commit raised."""
        future: Future[Any] = Future()
        with self._lock:
            self._queue.append((work, future))
            leads, self._led = not self._led, True
        if leads:
            self._lead()
        result: Result = future.result()
        return result

    def _lead(self) -> None:
        while True:
            with self._lock:
                batch, self._queue = self._queue[:_MOST], self._queue[_MOST:]
                if not batch:
                    self._led = False
                    return
            self._write(batch)

    def _write(self, batch: list[tuple[Callable[[Connection], Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        failed: list[tuple[Future[Any], GuardError]] = []
        try:
            with self._change() as connection:
                for work, future in batch:
                    try:
                        with connection.begin_nested():  # one that fails takes back its own work only
                            done.append((future, work(connection)))
                    except GuardError as error:
                        failed.append((future, error))
        except GuardError as broken:
            for _, future in batch:
                future.set_exception(broken)
            return
        except BaseException:  # an interrupt, or a bug, belongs to the thread that leads; who waits is told
            self._abandon(batch)
            raise
        for future, result in done:
            future.set_result(result)
        for future, refusal in failed:
            future.set_exception(refusal)

    def _abandon(self, batch: list[tuple[Callable[[Connection], Any], Future[Any]]]) -> None:
        with self._lock:
            batch, self._queue, self._led = batch + self._queue, [], False
        for _, future in batch:
            future.set_exception(Unavailable("the store was interrupted", "try again"))
