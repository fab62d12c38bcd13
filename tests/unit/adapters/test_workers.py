# SPDX-License-Identifier: Apache-2.0
"""Workers: the order of one, nothing lost in silence, nobody left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline_guard.adapters.workers import ForkedWorkers
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.entry import Entry, Lost
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.ports import Portion


@dataclass(frozen=True)
class Numbered:
    """A portion with a number for a name."""

    number: int
    total: int = 0
    size: int = 0

    def names(self) -> tuple[str, ...]:
        return (str(self.number),)

    def read(self) -> Iterator[Entry | Unchecked]:
        yield Entry(str(self.number), b"x" * self.number)


def sizes(portion: Portion) -> tuple[str, int]:
    (entry,) = portion.read()
    assert isinstance(entry, Entry)
    return entry.path, len(entry.data)


def portions(count: int) -> Iterator[Portion]:
    return (Numbered(number) for number in range(count))


OTHERS: set[str] = set()  # a server that other tests share may be a child of this process


def children() -> set[str]:
    """Return the processes that this one has begun and not yet waited for."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if path.read_text(errors="replace").rpartition(")")[2].split()[1] == str(os.getpid()):
                found.add(path.parent.name)
    return found


@pytest.fixture(autouse=True)
def others() -> None:
    OTHERS.clear()
    OTHERS.update(children())


def nobody_is_left() -> bool:
    return children() <= OTHERS


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_results_come_in_the_order_of_the_portions(count: int) -> None:
    assert list(ForkedWorkers(count).each(sizes, portions(100))) == [(str(number), number) for number in range(100)]
    assert nobody_is_left()


def test_large_results_do_not_block_anyone() -> None:
    found = list(ForkedWorkers(2).each(lambda portion: portion.names()[0] * 300_000, portions(20)))
    assert [len(one) for one in found if isinstance(one, str)] == [300_000] * 10 + [600_000] * 10


def test_no_portion_starts_no_process() -> None:
    assert list(ForkedWorkers(2).each(sizes, portions(0))) == []


def kill_at_seven(portion: Portion) -> str:
    if portion.names() == ("7",):
        os.kill(os.getpid(), signal.SIGKILL)
    return portion.names()[0]


def test_portion_of_a_killed_worker_is_told_and_the_others_go_on() -> None:
    found = list(ForkedWorkers(2).each(kill_at_seven, portions(20)))
    assert found[7] == Lost(("7",), "the process that read it was killed (signal 9): short of memory?")
    assert [one for one in found if isinstance(one, str)] == [str(number) for number in range(20) if number != 7]
    assert nobody_is_left()


def test_workers_that_keep_being_killed_end_the_scan() -> None:
    def die(_portion: Portion) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(Unavailable, match="keep being killed"):
        list(ForkedWorkers(2).each(die, portions(50)))
    assert nobody_is_left()


def test_purposeful_error_of_a_worker_is_raised_here_with_its_hint() -> None:
    def refuse(_portion: Portion) -> None:
        raise UsageError("no", "say yes")

    with pytest.raises(UsageError, match="no") as caught:
        list(ForkedWorkers(2).each(refuse, portions(5)))
    assert caught.value.hint == "say yes"
    assert nobody_is_left()


def test_bug_of_a_worker_is_a_bug_and_not_a_skipped_file(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="ended with 70"):
        list(ForkedWorkers(2).each(lambda _portion: 1 // 0, portions(5)))
    assert nobody_is_left()
    assert capfd.readouterr().err == ""


def test_giving_up_in_the_middle_leaves_nobody() -> None:
    results = ForkedWorkers(3).each(sizes, portions(1000))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert nobody_is_left()
