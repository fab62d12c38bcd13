# SPDX-License-Identifier: Apache-2.0
"""Work on several processors: forked processes that share what was prepared before, one portion at a time each.

Results come in the order of the portions, whatever the number of workers. A worker that is killed (memory, a signal)
costs the portion it was at, and that is told; one that fails ends the whole. None outlives its parent: it reads from it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline_guard.errors import GuardError, Unavailable
from pipeline_guard.model.entry import Lost
from pipeline_guard.ports import Portion

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
_AHEAD = 8  # portions a worker that results may run ahead of the one that is waited for: memory stays bounded
_PATIENCE = 5  # workers that may be killed before the scan is given up


@dataclass(slots=True)
class _Worker:
    process: int
    connection: Connection[Any, Any]
    portion: Portion | None = None
    number: int = 0


class ForkedWorkers:
    """As many workers as this process may use processors; with fewer than two, everything happens here."""

    def __init__(self, count: int | None = None) -> None:
        self._count = len(os.sched_getaffinity(0)) if count is None and hasattr(os, "sched_getaffinity") else count or 1

    def each(self, work: Callable[[Portion], T], portions: Iterator[Portion]) -> Iterator[T | Lost]:
        """Do the work for each portion; raise what it raises, Unavailable where workers keep being killed."""
        if self._count < 2 or not hasattr(os, "fork"):
            yield from map(work, portions)
            return
        workers: list[_Worker] = []
        try:
            yield from self._run(work, portions, workers)
        finally:
            for worker in workers:
                worker.connection.close()
                os.kill(worker.process, signal.SIGKILL)
                os.waitpid(worker.process, 0)

    def _run(self, work: Callable[[Portion], T], portions: Iterator[Portion], workers: list[_Worker]) -> Iterator[T | Lost]:
        from multiprocessing.connection import wait

        done: dict[int, T | Lost] = {}
        begun = wanted = killed = 0
        more = True
        while True:
            while more and begun - wanted < _AHEAD * self._count:
                worker = next((one for one in workers if one.portion is None), None)
                if worker is None and len(workers) == self._count:
                    break
                portion = next(portions, None)
                if portion is None:
                    more = False
                    break
                if worker is None:
                    worker = _start(work, workers)
                    workers.append(worker)
                worker.portion, worker.number = portion, begun
                begun += 1
                _send(worker, portion)
            busy = [one for one in workers if one.portion is not None]
            ready = set(wait([one.connection for one in busy])) if busy else set()
            for worker in busy:
                if worker.connection not in ready or worker.portion is None:
                    continue
                try:
                    done[worker.number] = _received(worker.connection.recv())
                except (EOFError, OSError):
                    killed += 1
                    done[worker.number] = _buried(worker, workers, worker.portion, killed)
                worker.portion = None
            while wanted in done:
                yield done.pop(wanted)
                wanted += 1
            if not more and wanted == begun:
                return


def _start(work: Callable[[Portion], T], others: list[_Worker]) -> _Worker:
    from multiprocessing.connection import Pipe

    ours, theirs = Pipe()
    process = os.fork()
    if process:
        theirs.close()
        return _Worker(process, ours)
    code = 70
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and closes the pipe
        for other in others:
            other.connection.close()
        ours.close()
        _serve(work, theirs)
        code = 0
    finally:
        os._exit(code)


def _serve(work: Callable[[Portion], T], connection: Connection[Any, Any]) -> None:
    while True:
        try:
            portion = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer: object = work(portion)
        except GuardError as error:
            answer = error
        try:
            connection.send(answer)
        except OSError:
            return


def _send(worker: _Worker, portion: Portion) -> None:
    try:
        worker.connection.send(portion)
    except OSError:  # killed while it waited: its end of the pipe tells so in a moment
        return


def _received(answer: Any) -> Any:
    if isinstance(answer, GuardError):
        raise answer
    return answer


def _buried(worker: _Worker, workers: list[_Worker], portion: Portion, killed: int) -> Lost:
    """Take away a worker that ended; raise RuntimeError where it was its own fault, Unavailable where it was one too many."""
    workers.remove(worker)
    worker.connection.close()
    status = os.waitstatus_to_exitcode(os.waitpid(worker.process, 0)[1])
    if status >= 0:
        raise RuntimeError(f"a worker ended with {status}")
    if killed > _PATIENCE:
        raise Unavailable("the processes that scan keep being killed", "give them more memory, or lower --max-file-size")
    return Lost(tuple(portion.names()), f"the process that read it was killed (signal {-status}): short of memory?")
