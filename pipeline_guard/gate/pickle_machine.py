# SPDX-License-Identifier: Apache-2.0
"""An unpickler's stack and memo with values reduced to what we must know of them; nothing is imported or called."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from pipeline_guard.gate.octets import Octets
from pipeline_guard.gate.pickle_globals import (
    LENT,
    given_by,
    is_allowed,
    is_lookup,
    is_mapping,
    kind_of,
    misfit,
    misuse,
    runs_code,
    takes_items,
)
from pipeline_guard.gate.pickle_states import wrong_state
from pipeline_guard.gate.pickle_values import MARK, OTHER, TEXT, Blob, Danger, Global, Made, Text

LONGEST_NAME = 512  # characters of a text that is kept as a possible name
MOST_KEYS = 64  # of a mapping that are kept
FIRST = 256  # values of the memo that BINGET finds
_MOST_CHECKS = 100  # of these
LATER = 1 << 40  # an index that no memo reaches
_MOST_DANGERS = 200


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


class Stopped(Exception):
    """Carries why the walk cannot go on."""


@dataclass(frozen=True, slots=True)
class Put:
    """A value that goes into the memo at its turn."""

    value: Any


def _never(_machine: Machine, _end: int) -> None:
    """Nothing was passed over."""


class Machine:
    """The unpickler's state, with values replaced by what we need to know of them.

    ``joblib``: whether the bytes of arrays lie inside the stream, as joblib writes them. ``doubtful``: whether
    these bytes may be something else than opcodes, so that only what names a foreign global counts.
    """

    def __init__(self, data: Octets, start: int, *, joblib: bool = True, doubtful: bool = False) -> None:
        self.data = data
        self.joblib = joblib
        self.doubtful = doubtful
        self.position = start
        self.begin = start
        self.stack: list[Any] = []
        self.marks: list[int] = []  # where MARKs lie on the stack
        self.memo: MutableMapping[int, Any] = {}
        self.memoized = 0
        self.numbered = False  # whether the pickle chooses the memo's indexes
        # passed over: what memoized was then, and a batch's bytes; or an index that was chosen meanwhile, and its value in a Put
        self.batches: list[tuple[int, int, Any]] = []
        self.known = 0  # what memoized was before the first of them
        self.settled = 0  # times that somebody asked for what was passed over
        self.is_checked, self.checks, self._is_plain = False, 0, False  # of the memo's first values
        self.replay: Callable[[Machine, int], None] = _never
        self.dangers: dict[tuple[str, str], Danger] = {}
        self.operations = 0
        self.calls = 0
        self.value: object = None
        self.lent: dict[Global, list[int]] = {}  # name: times on the stack and in a permitted call, where first
        self.nested: list[tuple[int, int]] = []  # bytes that a call would load

    def argument(self, shape: int, at: int) -> tuple[int, int, int]:
        """Return where an argument begins and ends, and where the next opcode is.

        ``shape`` is a number of bytes, -1 or -2 for so many lines, or below -10 for a length of (-10 - shape) bytes.
        """
        if shape >= 0:
            end = following = at + shape
        elif shape < -10:
            begin = at - 10 - shape
            end = following = begin + int.from_bytes(self.data[at:begin], "little")
            at = begin
        else:
            end = at - 1
            for _ in range(-shape):
                end = self.data.find(b"\n", end + 1)
                if end < 0:
                    raise Stopped("it ends before its STOP")
            following = end + 1
        if following > len(self.data):
            raise Stopped("it ends before its STOP")
        return at, end, following

    # --- the stack

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the top of the stack; raise Stopped where there is none."""
        if not self.stack or self.stack[-1] is MARK:
            raise Stopped(f"the stack is empty at byte {self.begin}")
        return self.stack.pop()

    def top(self) -> Any:
        """Return the top of the stack; raise Stopped where there is none."""
        if not self.stack or self.stack[-1] is MARK:
            raise Stopped(f"the stack is empty at byte {self.begin}")
        return self.stack[-1]

    def pop_to_mark(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        if not self.marks:
            raise Stopped(f"no mark on the stack at byte {self.begin}")
        index = self.marks.pop()
        found = self.stack[index + 1 :]
        del self.stack[index:]
        return found

    def number(self, begin: int, end: int) -> int:
        """Read digits, in any base that a literal may name: INT and LONG are read so."""
        digits = self.data[begin:end]
        try:
            return int(digits) if digits.strip().lstrip(b"+-").isdigit() else int(digits, 0)
        except ValueError:
            raise Stopped(f"not a number at byte {begin}") from None

    def little(self, begin: int, end: int) -> int:
        """Read an unsigned little-endian number."""
        return int.from_bytes(self.data[begin:end], "little")

    def text(self, begin: int, end: int, encoding: str = "utf-8") -> str | Text:
        """Return a text that could be a name; longer ones do not matter."""
        if end - begin > LONGEST_NAME:
            return TEXT
        try:
            return self.data[begin:end].decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")
        except ValueError:
            raise Stopped(f"text that does not decode at byte {begin}") from None

    def remember(self, index: int) -> None:
        """Note the top of the stack under ``index``."""
        if not self.stack or self.stack[-1] is MARK:
            raise Stopped(f"the stack is empty at byte {self.begin}")
        if index not in self.memo:
            self.memoized += 1
        self.memo[index] = self.stack[-1]

    def put_memo(self, index: int) -> None:
        """Note the top of the stack under an index that the pickle chose."""
        if self.batches and index < FIRST:
            self.settle_memo()
        if index < FIRST:
            self.is_checked = False
        self.numbered = True
        if self.batches and self.stack and self.stack[-1] is not MARK:
            self.batches.append((self.memoized, index, Put(self.stack[-1])))
        else:
            self.remember(index)

    def recall(self, index: int) -> None:
        """Put on the stack what was noted under ``index``."""
        if self.batches and (index not in self.memo or (self.numbered and index >= FIRST)):
            self.settle_memo()
        if index not in self.memo:
            raise Stopped(f"memo {index} is not set at byte {self.begin}")
        self.push(self.memo[index])
        self.lend(self.memo[index])

    def may_pass_over(self) -> bool:
        """Tell whether what BINGET finds is surely there, and lent to nobody."""
        if not self.is_checked and self.memoized >= FIRST and self.checks < _MOST_CHECKS:
            self.is_checked = True
            self.checks += 1
            found = [self.memo.get(index, MARK) for index in range(FIRST)]
            self._is_plain = not any(value is MARK or (value.__class__ is Global and value in LENT) for value in found)
        return self.is_checked and self._is_plain

    def pass_over(self, begin: int, end: int) -> None:
        """Note a batch of constants that nobody has looked into: from here on the memo's indexes are counted from LATER."""
        if not self.batches:
            self.known, self.memoized = self.memoized, LATER
        self.batches.append((self.memoized, begin, end))

    def settle_memo(self) -> None:
        """Read what was passed over, and give everything in the memo its true index, in the order of the file."""
        batches, later, self.memoized = self.batches, self.memoized, self.known
        self.batches, self.settled = [], self.settled + 1
        moved = LATER
        for first, begin, end in [*batches, (later, 0, 0)]:
            for index in range(moved, first):
                self._set(self.memoized, self.memo.pop(index))
            moved = first
            if isinstance(end, Put):
                self._set(begin, end.value)
            elif end:
                inner = Machine(self.data, begin, joblib=False)
                inner.memo, inner.memoized = self.memo, self.memoized
                self.replay(inner, end)
                self.memoized = inner.memoized

    def _set(self, index: int, value: Any) -> None:
        if index not in self.memo:
            self.memoized += 1
        self.memo[index] = value

    # --- what matters

    def danger(self, what: str, name: str = "") -> None:
        """Note something no ordinary model does; without a name it only counts where the bytes are surely opcodes."""
        if self.doubtful and not name:
            raise Stopped(f"no ordinary pickle at byte {self.begin}")
        if len(self.dangers) < _MOST_DANGERS:
            self.dangers.setdefault((what, name), Danger(what, name, self.begin))

    def fetch(self, module: Any, name: Any) -> Any:
        """Resolve a global; one that is not on the list is a danger even if nothing calls it."""
        if not isinstance(module, str) or not isinstance(name, str):
            if any(not isinstance(word, (str, Text, Made)) for word in (module, name)):
                raise Stopped(f"a global whose name is no text at byte {self.begin}")
            self.danger("fetches a global whose name is computed")
            return OTHER
        found = Global(module, name)
        if self.doubtful and not (_NAME.fullmatch(module) and _NAME.fullmatch(name)):
            raise Stopped("no global")
        if found in LENT and not self.doubtful:
            self.lend(found)
        else:
            self._hold_against_list(found, "fetches")
        return found

    def lend(self, value: Any) -> None:
        """Count a global that passes only inside one exact call: at the end each must have been used so."""
        if value.__class__ is Global and value in LENT:
            self.lent.setdefault(value, [0, 0, self.begin])[0] += 1

    def settle(self) -> None:
        """Hold what was lent and not used in the permitted way against the list."""
        for found, (taken, used, begin) in self.lent.items():
            if taken != used:
                self.begin = begin
                self._hold_against_list(found, "fetches")
        self.lent.clear()

    def _hold_against_list(self, found: Global, verb: str) -> None:
        if is_allowed(found.module, found.name) or kind_of(found):
            return
        known = runs_code(found.module, found.name)
        kind = "is known to run code or reach the system" if known else "is not on the allow-list"
        key = ("global", str(found))
        if key in self.dangers or len(self.dangers) < _MOST_DANGERS:
            offset = self.dangers[key].offset if key in self.dangers else self.begin
            self.dangers[key] = Danger(f"{verb} {found}, which {kind}", str(found), offset, known)

    def call(self, callee: Any, arguments: Any, *, is_new: bool = False) -> Any:
        """Model a call, or with ``is_new`` one of the class's __new__. What a call gave back is never called by an ordinary pickle."""
        self.calls += 1
        if not isinstance(callee, Global):
            if not isinstance(callee, Made):
                raise Stopped(f"a call of something that cannot be called at byte {self.begin}")
            self.danger("calls something that it has computed")
            return OTHER
        if kind := kind_of(callee):
            wrong = misfit(kind, arguments, is_new=is_new)
            if wrong:
                self.danger(f"calls {callee} {wrong}", str(callee))
            return given_by(callee, arguments)
        wrong = misuse(callee, arguments)
        if callee in self.lent and not wrong and arguments:
            self.lent[callee][1] += 1
            if isinstance(arguments[0], Blob):
                self.nested.append((arguments[0].begin, arguments[0].end))
        else:
            self._hold_against_list(callee, "calls")
            if wrong and is_allowed(callee.module, callee.name):
                self.danger(f"calls {callee} {wrong}", str(callee))
        return given_by(callee, arguments)

    def change(self, target: Any) -> None:
        """Note a change to ``target``: an allowed global must stay what it is."""
        if isinstance(target, Global):
            self.danger(f"changes {target} itself", str(target))

    def put(self, target: Any, key: Any, value: Any) -> None:
        """Note an item put, or without a key appended, to what a call gave back: only a container takes it without code of its own."""
        if isinstance(target, Made):
            kind = kind_of(target.maker)
            appended = key is None and value is None and not kind and not takes_items(target.maker)
            if appended or (kind and kind != "container") or is_lookup(key, value):
                self.danger(f"puts an item into {target.maker}, which takes none in ordinary models", str(target.maker))

    def settle_state(self, target: Made, state: Any) -> None:
        """Hold the state of an object against what its class runs while it takes it."""
        kind = kind_of(target.maker)
        wrong = wrong_state(target.maker, state)
        if not wrong and target.state is not None:
            wrong = "for the second time"
        if not wrong and kind in ("plain", "container") and not is_mapping(state):
            wrong = "that is no plain mapping"
        if wrong:
            self.danger(f"gives {target.maker} a state {wrong}", str(target.maker))

    def second_reader(self) -> Machine:
        """Return a machine in the same state that will take the next byte for an opcode."""
        if self.batches:
            self.settle_memo()
        other = Machine(self.data, self.position, joblib=False, doubtful=True)
        other.stack, other.marks, other.memoized = list(self.stack), list(self.marks), self.memoized
        other.memo = ChainMap({}, self.memo)  # only its first mapping is written
        return other
