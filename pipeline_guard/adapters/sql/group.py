# SPDX-License-Identifier: Apache-2.0
"""Group commit: threads that write at the same moment share one transaction, and so one sync of the disk.

Whoever comes first leads: it takes what is queued, its own work included, writes it in one transaction, and goes on
as long as more has queued up meanwhile. Nobody is told of success before the commit.

Most of what is written are records and leases: these are joined, and written by one function for all of a transaction, so that a
server far away is asked as often for a hundred of them as for one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from pipeline_guard.errors import GuardError, Unavailable

Result = TypeVar("Result")
_MOST = 256  # pieces of work in one transaction


@dataclass(slots=True)
class _Piece:
    """Work of its own kind, or None with a part of what is joined."""

    work: Callable[[Connection], Any] | None
    part: Any = None
    future: Future[Any] = field(default_factory=Future)


def _nothing(_connection: Connection, _parts: Sequence[Any]) -> Sequence[Any]:
    return ()


class GroupCommit:
    """Runs pieces of work in shared transactions; ``change`` opens one, ``joined`` does all that ``join`` was given at once."""

    def __init__(
        self,
        change: Callable[[], AbstractContextManager[Connection]],
        joined: Callable[[Connection, Sequence[Any]], Sequence[Any]] = _nothing,
    ) -> None:
        self._change, self._joined = change, joined
        self._lock = threading.Lock()
        self._queue: list[_Piece] = []
        self._led = False

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Return what ``work`` returned once it is durable; raise what it raised, or what the commit raised."""
        result: Result = self._done(_Piece(work))
        return result

    def join(self, part: Any) -> Any:
        """Return what ``joined`` made of ``part`` once it is durable; raise what the commit raised."""
        return self._done(_Piece(None, part))

    def _done(self, piece: _Piece) -> Any:
        with self._lock:
            self._queue.append(piece)
            leads, self._led = not self._led, True
        if leads:
            self._lead()
        return piece.future.result()

    def _lead(self) -> None:
        while True:
            with self._lock:
                batch, self._queue = self._queue[:_MOST], self._queue[_MOST:]
                if not batch:
                    self._led = False
                    return
            self._write(batch)

    def _write(self, batch: list[_Piece]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        failed: list[tuple[Future[Any], GuardError]] = []
        joining = [piece for piece in batch if piece.work is None]
        try:
            with self._change() as connection:
                if joining:
                    made = self._joined(connection, [piece.part for piece in joining])
                    done += zip((piece.future for piece in joining), made, strict=True)
                for piece in batch:
                    if piece.work is None:
                        continue
                    try:
                        # one that fails takes back its own work only; alone it takes back the transaction
                        with connection.begin_nested() if len(batch) > 1 else nullcontext():
                            done.append((piece.future, piece.work(connection)))
                    except GuardError as error:
                        if len(batch) == 1:
                            raise
                        failed.append((piece.future, error))
        except GuardError as broken:
            for piece in batch:
                piece.future.set_exception(broken)
            return
        except BaseException:  # an interrupt, or a bug, belongs to the thread that leads; who waits is told
            self._abandon(batch)
            raise
        for future, result in done:
            future.set_result(result)
        for future, refusal in failed:
            future.set_exception(refusal)

    def _abandon(self, batch: list[_Piece]) -> None:
        with self._lock:
            batch, self._queue, self._led = batch + self._queue, [], False
        for piece in batch:
            piece.future.set_exception(Unavailable("the store was interrupted", "try again"))
