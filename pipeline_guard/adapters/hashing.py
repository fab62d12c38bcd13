# SPDX-License-Identifier: Apache-2.0
"""Digests of open files, read in pieces that stay in the processor's cache; and work spread over its cores.

read(), not mmap: a mapped file that is cut short meanwhile kills the process with SIGBUS. It is not slower: with 256 KiB at a time it
takes less processor time than mmap, whose page faults cost more than the copy (bench/sign.py shows both).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from pipeline_guard.errors import UsageError

T = TypeVar("T")
PIECE = 256 * 1024  # bytes a read: fits into the second-level cache, measured best from 64 KiB to 4 MiB
_HASHLIB = ("sha256", "sha384", "sha512", "blake2b")
_ONE_READ = 64 * 1024  # bytes that are read at once: of small files the calls cost more than the copy
_TICK = 0.1  # seconds between two looks at how far the others are


class Hash(Protocol):
    """What hashlib and blake3 have in common."""

    def update(self, data: memoryview, /) -> Any:
        """Take in more."""
        ...

    def hexdigest(self) -> str:
        """Return the digest in hexadecimal digits."""
        ...


def maker(algorithm: str) -> Callable[..., Hash]:
    """Return what begins a digest; raise UsageError for an unknown algorithm, or BLAKE3 where it is not installed."""
    if algorithm in _HASHLIB:
        known: Callable[..., Hash] = getattr(hashlib, algorithm)
        return known
    if algorithm != "blake3":
        raise UsageError(f"unknown digest algorithm {algorithm}", f"one of: {', '.join(_HASHLIB)}, blake3")
    try:
        import blake3
    except ImportError:
        raise UsageError("BLAKE3 is not installed", 'pip install "pipeline-guard[models]"') from None
    begin: Callable[..., Hash] = blake3.blake3
    return begin


def digest_of(
    descriptor: int,
    begin: Callable[..., Hash],
    buffer: bytearray,
    start: int,
    end: int,
    told: Callable[[int], None],
    *,
    whole: bool = False,
) -> tuple[str, int]:
    """Return the digest of a file's bytes from ``start`` to ``end``, or to where it ends before that, and how many there were.

    ``whole``: the file should end there; where it goes on, there is one more. (Files of /proc say that they are empty, and are not.)
    ``told`` hears of each read. Raises OSError. Reading and hashing let other threads run.
    """
    if end - start <= _ONE_READ:
        content = os.pread(descriptor, end - start + whole, start)
        if len(content) >= end - start:
            return begin(content).hexdigest(), len(content)
    state, position, view = begin(), start, memoryview(buffer)
    while position < end:
        count = os.preadv(descriptor, [view[: min(len(view), end - position)]], position)
        if count == 0:
            break
        state.update(view[:count])
        position += count
        told(count)
    more = len(os.pread(descriptor, 1, end)) if whole and position == end else 0
    return state.hexdigest(), position - start + more


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[T], None], tasks: Sequence[T], threads: int) -> Iterator[None]:
    """Do every task on some threads; give control back ten times a second at least.

    Raises what a task raises; tasks that have not begun by then never do.
    """
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    with ThreadPoolExecutor(threads) as pool:
        waiting = {pool.submit(work, task) for task in tasks}
        try:
            while waiting:
                done, waiting = wait(waiting, _TICK, FIRST_EXCEPTION)
                for one in done:
                    one.result()
                yield
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
