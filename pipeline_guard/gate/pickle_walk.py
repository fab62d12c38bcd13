# SPDX-License-Identifier: Apache-2.0
"""One pickle read without loading it: every opcode of protocols 0 to 5 on a model of stack and memo.

Follows Lib/pickle.py and Lib/pickletools.py of CPython. Every global that is fetched or called is held against the
exact allow-list of ``pickle_globals``. What cannot be followed to its STOP is never safe.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline_guard.gate.octets import Octets
from pipeline_guard.gate.pickle_globals import LOOKED_UP
from pipeline_guard.gate.pickle_machine import FIRST, LONGEST_NAME, MOST_KEYS, Machine, Stopped
from pipeline_guard.gate.pickle_runs import LEAST, Batches
from pipeline_guard.gate.pickle_values import MARK, OTHER, TEXT, Blob, Danger, Global, Made, State

MAX_OPERATIONS = 20_000_000  # of one pickle; more in a larger file
_MOST_EVER = 200_000_000
_MOST_MARKS = 1_000_000  # open at once; picklers have as many as their objects are deep
# opcodes of numbers, and long runs of them: BINFLOAT, BININT1, BININT2, BININT, NONE, NEWTRUE, NEWFALSE
_PLAIN = frozenset(b"GKMJN\x88\x89")
_ONE = re.compile(rb"G.{8}|K.|M..|J.{4}|[N\x88\x89]", re.DOTALL)
_RUN = re.compile(rb"(?:G.{8}|K.|M..|J.{4}|[N\x88\x89]){24,8192}", re.DOTALL)
# runs of one kind, whose number follows from their length
_ALIKE = {
    0x47: (re.compile(rb"(?:G.{8}){24,8192}", re.DOTALL), 9),
    0x4A: (re.compile(rb"(?:J.{4}){24,8192}", re.DOTALL), 5),
    0x4B: (re.compile(rb"(?:K.){24,8192}", re.DOTALL), 2),
    0x4D: (re.compile(rb"(?:M..){24,8192}", re.DOTALL), 3),
}
_STOP = ord(".")
_SET_ITEMS = ord("u")
_MOST_SETTLED = 3  # times that batches passed over are read after all: then it is not worth it
_ARRAYS = frozenset(Global(module, "NumpyArrayWrapper") for module in ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"))
_RAW = tuple("biufcSUMm")  # numpy's kinds whose arrays are plain bytes


@dataclass(frozen=True, slots=True)
class Walk:
    """One pickle from its first byte to ``end``. ``why`` is "" where STOP was reached, else what stopped us."""

    dangers: tuple[Danger, ...]
    end: int
    why: str
    operations: int
    calls: int
    value: object = None
    nested: tuple[tuple[int, int], ...] = ()  # where bytes lie that loading would load, too


def is_opcode(code: int) -> bool:
    """Tell whether a byte is an opcode of any protocol."""
    return code in _OPERATIONS


def walk(data: Octets, start: int = 0, *, doubtful: bool = False) -> Walk:
    """Read one pickle beginning at ``start``; never raises, whatever the bytes are.

    ``doubtful`` says that they may be no pickle at all: then a global counts only if its name could be one.
    """
    machine = Machine(data, start, joblib=not doubtful, doubtful=doubtful)
    why = ""
    try:
        _run(machine)
    except Stopped as stop:
        why = str(stop)
    machine.settle()
    dangers, nested = tuple(machine.dangers.values()), tuple(machine.nested)
    return Walk(dangers, machine.position, why, machine.operations, machine.calls, machine.value, nested)


def most_operations(size: int) -> int:
    """Return how many operations a pickle, or all those of a file, of so many bytes may have."""
    return min(MAX_OPERATIONS + size // 4, _MOST_EVER)


def _run(machine: Machine, stop: int = -1) -> None:
    """Go on to STOP, or to the byte ``stop``; raise Stopped where that is not possible."""
    data, size, operations = machine.data, len(machine.data), _OPERATIONS
    most = most_operations(size)
    done = machine.operations
    held = data if isinstance(data, bytes) else b""  # only these can be searched by patterns
    alike = _ALIKE
    quiet = 0 if held else size  # up to where no run is looked for: there was none a few bytes before
    stack, memo, doubtful = machine.stack, machine.memo, machine.doubtful
    batches = Batches(held) if len(held) >= LEAST and not doubtful and stop < 0 else None
    machine.replay = _replay
    try:
        while True:
            at = machine.position
            # the opcodes that ordinary pickles are full of, in the open: each as its entry in the table says
            while at + 6 < size and done < most:
                code = data[at]
                if code == 0x94 and stack and stack[-1] is not MARK:  # MEMOIZE
                    index = machine.memoized
                    if index in memo:
                        break
                    memo[index] = stack[-1]
                    machine.memoized = index + 1
                    at += 1
                elif code == 0x8C:  # SHORT_BINUNICODE
                    end = at + 2 + data[at + 1]
                    if end > size:
                        break
                    try:
                        stack.append(data[at + 2 : end].decode("utf-8", "surrogatepass"))
                    except ValueError:
                        break
                    at = end
                elif code == 0x68:  # BINGET
                    value = memo.get(data[at + 1], MARK)
                    if value is MARK or value.__class__ is Global:
                        break
                    stack.append(value)
                    at += 2
                elif code == 0x71 and stack and stack[-1] is not MARK and not machine.batches:  # BINPUT
                    machine.numbered, machine.is_checked = True, False
                    if data[at + 1] not in memo:
                        machine.memoized += 1
                    memo[data[at + 1]] = stack[-1]
                    at += 2
                elif code == 0x28 and len(machine.marks) < _MOST_MARKS:
                    if batches and stack and (end := _batch(machine, batches, stack[-1], at)):
                        done += 1
                        at = end
                        continue
                    machine.marks.append(len(stack))
                    stack.append(MARK)
                    at += 1
                elif code in _PLAIN:
                    if at >= quiet:
                        # a long run of numbers: none of them can be a name, or matter to a shape
                        quiet = at + 24
                        if code in alike and (run := alike[code][0].match(held, at)):
                            count = (run.end() - at) // alike[code][1]
                        elif run := _RUN.match(held, at):
                            count = len(_ONE.findall(run[0]))
                        if run:
                            stack += [OTHER] * count
                            done += count
                            at = run.end()
                            continue
                    if code == 0x4B:  # BININT1
                        stack.append(data[at + 1])
                        at += 2
                    elif code == 0x4D:  # BININT2
                        stack.append(data[at + 1] | data[at + 2] << 8)
                        at += 3
                    elif code == 0x4E:  # NONE
                        stack.append(None)
                        at += 1
                    elif code == 0x4A:  # BININT
                        stack.append(int.from_bytes(data[at + 1 : at + 5], "little", signed=True))
                        at += 5
                    elif code == 0x47 and at + 9 <= size:  # BINFLOAT
                        stack.append(OTHER)
                        at += 9
                    else:
                        break
                elif code == 0x7D:  # EMPTY_DICT
                    stack.append(State())
                    at += 1
                elif code == 0x5D:  # EMPTY_LIST
                    stack.append(OTHER)
                    at += 1
                elif code == 0x73 and len(stack) > 2 and stack[-3].__class__ is State and stack[-1] is not MARK and not doubtful:  # SETITEM
                    key = stack[-2]
                    if key is MARK:
                        break
                    items = stack[-3].items
                    if key.__class__ is str and (len(items) < MOST_KEYS or key in items or key in LOOKED_UP):
                        items[key] = stack[-1]
                    else:
                        stack[-3].partial = True
                    del stack[-2:]
                    at += 1
                elif code == 0x87 and len(stack) > 2 and MARK not in (tail := stack[-3:]):  # TUPLE3
                    stack[-3:] = [tuple(tail)]
                    at += 1
                elif code == 0x72 and stack and stack[-1] is not MARK and not machine.batches:  # LONG_BINPUT
                    index = int.from_bytes(data[at + 1 : at + 5], "little")
                    if index < FIRST:
                        machine.is_checked = False
                    machine.numbered = True
                    if index not in memo:
                        machine.memoized += 1
                    memo[index] = stack[-1]
                    at += 5
                elif code == 0x86 and len(stack) > 1 and stack[-1] is not MARK and stack[-2] is not MARK:  # TUPLE2
                    stack[-2:] = [(stack[-2], stack[-1])]
                    at += 1
                else:
                    break
                done += 1
            machine.position = at
            if at >= size:
                raise Stopped("it ends before its STOP")
            code = data[at]
            if code not in operations:
                raise Stopped(f"unknown opcode 0x{code:02x} at byte {at}")
            done += 1
            if done > most:
                raise Stopped(f"more than {most:,} operations")
            shape, act = operations[code]
            if shape:
                begin, end, machine.position = machine.argument(shape, at + 1)
            else:
                begin = end = machine.position = at + 1
            machine.begin = at
            act(machine, begin, end)
            if code == _STOP or machine.position == stop:
                return
    finally:
        machine.operations = done


def _batch(machine: Machine, batches: Batches, target: Any, at: int) -> int:
    """Pass over a batch of constants for a list, or for a mapping of which no more keys are kept; return its end, 0 if there is none."""
    is_mapping = target.__class__ is State and (target.partial or len(target.items) >= MOST_KEYS)
    if not (is_mapping or target is OTHER) or machine.settled > _MOST_SETTLED or not machine.may_pass_over():
        return 0
    end = batches.end(at, mapping=is_mapping, new=not machine.numbered)
    if end:
        if is_mapping:
            target.partial = True
        machine.pass_over(at, end)
    return end


def _replay(machine: Machine, end: int) -> None:
    """Read the opcodes of a batch for what they put into the memo."""
    machine.stack.append(OTHER if machine.data[end - 1] != _SET_ITEMS else State())
    _run(machine, end)


# --- joblib: the bytes of an array follow its description, inside the stream


def _skip_array(machine: Machine, wrapper: Made) -> None:
    """Pass over an array's bytes; raise Stopped where their number is unknown."""
    items = wrapper.state.items if isinstance(wrapper.state, State) and not wrapper.state.partial else {}
    shape, kind = items.get("shape"), items.get("dtype")
    code = "O" if _has_objects(kind, 0) else _type_code(kind)
    if not code or not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
        raise Stopped(f"an array of unknown size at byte {machine.begin}")
    # pickle.load would take the same bytes for opcodes, so they are read that way too
    _follow(machine, machine.second_reader())
    if code.startswith("O"):  # an array of objects is one more pickle
        inner = Machine(machine.data, machine.position, joblib=False)
        why = _follow(machine, inner)
        if why:
            raise Stopped(why)
        machine.position = inner.position
        return
    width = code[1:]
    if not _is_raw(kind, 0) or not width.isdecimal() or len(width) > 9:
        raise Stopped(f"an array of unknown type at byte {machine.begin}")
    length = int(width) * (4 if code[0] == "U" else 1)
    for size in shape:
        length = min(length * size, len(machine.data) + 1)
    if type(items.get("numpy_array_alignment_bytes")) is int:
        length += 1 + int.from_bytes(machine.data[machine.position : machine.position + 1], "little")
    machine.position += length
    if machine.position > len(machine.data):
        raise Stopped("it ends within an array")


def _follow(machine: Machine, other: Machine) -> str:
    """Run another machine on the same budget, take over what it finds, return what stopped it."""
    other.operations = machine.operations + len(other.stack) // 8  # copying a stack is work too
    why = ""
    try:
        _run(other)
    except Stopped as stop:
        why = str(stop)
    other.settle()
    machine.nested += other.nested
    for key, danger in other.dangers.items():
        machine.dangers.setdefault(key, danger)
    machine.operations, machine.calls = other.operations, machine.calls + (0 if other.doubtful else other.calls)
    return why


def _type_code(kind: Any) -> str:
    """Return NumPy's code of an element type, like ``f8``; "" for anything else."""
    arguments = kind.arguments if isinstance(kind, Made) and str(kind.maker) == "numpy.dtype" else None
    return arguments[0] if isinstance(arguments, tuple) and arguments and isinstance(arguments[0], str) else ""


def _has_objects(kind: Any, depth: int) -> bool:
    """Tell whether elements of this type hold objects, so that an array of them is saved as a pickle: texts of NumPy 2, structures."""
    if isinstance(kind, Made) and kind.maker.name == "_convert_to_stringdtype_kwargs":
        return True
    if not _type_code(kind).startswith("V") or depth > 8 or not isinstance(kind.state, tuple) or len(kind.state) < 5:
        return _type_code(kind).startswith("O")
    fields = list(kind.state[4].items.values()) if isinstance(kind.state[4], State) else []
    return any(isinstance(field, tuple) and field and _has_objects(field[0], depth + 1) for field in fields)


def _is_raw(kind: Any, depth: int) -> bool:
    """Tell whether elements of this type are plain bytes; a structure is if all its fields are."""
    code = _type_code(kind)
    if not code.startswith("V"):
        return code[:1] in _RAW
    state = kind.state
    if depth > 8 or not isinstance(state, tuple) or len(state) < 5:
        return False
    if state[4] is None:
        return True
    fields = list(state[4].items.values()) if isinstance(state[4], State) and not state[4].partial else []
    return 0 < len(fields) < MOST_KEYS and all(isinstance(field, tuple) and field and _is_raw(field[0], depth + 1) for field in fields)


_Act = Callable[[Machine, int, int], None]


def _other(machine: Machine, _begin: int, _end: int) -> None:
    machine.stack.append(OTHER)


def _bytes(machine: Machine, begin: int, end: int) -> None:
    machine.stack.append(Blob(begin, end))


def _nothing(_machine: Machine, _begin: int, _end: int) -> None:
    """FRAME and READONLY_BUFFER change no value we follow."""


def _proto(machine: Machine, begin: int, _end: int) -> None:
    if machine.data[begin] > 5:
        raise Stopped(f"protocol {machine.data[begin]} is unknown")


def _constant(value: object) -> _Act:
    def act(machine: Machine, _begin: int, _end: int) -> None:
        machine.stack.append(value)

    return act


def _int_line(machine: Machine, begin: int, end: int) -> None:
    line = machine.data[begin:end]
    machine.push(line == b"01" if line in (b"00", b"01") else machine.number(begin, end))


def _long_line(machine: Machine, begin: int, end: int) -> None:
    machine.push(machine.number(begin, end - 1 if machine.data[end - 1 : end] == b"L" else end))


def _small_int(machine: Machine, begin: int, end: int) -> None:
    machine.stack.append(int.from_bytes(machine.data[begin:end], "little"))


def _signed_int(machine: Machine, begin: int, end: int) -> None:
    # beyond 64 bytes the value cannot matter, and converting it would cost
    machine.push(int.from_bytes(machine.data[begin:end], "little", signed=True) if end - begin <= 64 else OTHER)


def _string_line(machine: Machine, begin: int, end: int) -> None:
    quoted = machine.data[begin:end].strip()
    if len(quoted) < 2 or quoted[:1] not in b"'\"" or quoted[:1] != quoted[-1:]:
        raise Stopped(f"a text without its quotes at byte {begin}")
    if len(quoted) > LONGEST_NAME or not quoted.isascii():
        machine.push(TEXT)
        return
    try:
        # the loaders decode escapes, so that b"o\\x73" is a name too
        machine.push(codecs.escape_decode(quoted[1:-1])[0].decode("ascii"))
    except ValueError:  # some loaders are told another encoding, and go on
        machine.push(TEXT)


def _unicode_line(machine: Machine, begin: int, end: int) -> None:
    machine.push(machine.text(begin, end, "raw-unicode-escape"))


def _bytes_string(machine: Machine, begin: int, end: int) -> None:
    content = machine.data[begin:end] if end - begin <= LONGEST_NAME else b"\xff"
    machine.push(content.decode("ascii") if content.isascii() else TEXT)


def _unicode(machine: Machine, begin: int, end: int) -> None:
    machine.push(machine.text(begin, end))


def _empty_mapping(machine: Machine, _begin: int, _end: int) -> None:
    machine.push(State())


def _mapping(machine: Machine, _begin: int, _end: int) -> None:
    found = machine.pop_to_mark()
    made = State()
    _fill(machine, made, found)
    machine.push(made)


def _fill(machine: Machine, target: Any, found: list[Any]) -> None:
    if len(found) % 2:
        raise Stopped(f"a key without a value at byte {machine.begin}")
    machine.change(target)
    if isinstance(target, Made) and not machine.doubtful:
        for key, value in zip(found[::2], found[1::2], strict=True):
            machine.put(target, key, value)
    if isinstance(target, State) and not machine.doubtful:
        items = target.items
        for key, value in zip(found[::2], found[1::2], strict=True):
            if isinstance(key, str) and (len(items) < MOST_KEYS or key in items or key in LOOKED_UP):
                items[key] = value
            else:
                target.partial = True


def _set_item(machine: Machine, _begin: int, _end: int) -> None:
    value, key = machine.pop(), machine.pop()
    _fill(machine, machine.top(), [key, value])


def _set_items(machine: Machine, _begin: int, _end: int) -> None:
    found = machine.pop_to_mark()
    _fill(machine, machine.top(), found)


def _append(machine: Machine, _begin: int, _end: int) -> None:
    machine.pop()
    machine.change(machine.top())
    machine.put(machine.top(), None, None)


def _append_all(machine: Machine, _begin: int, _end: int) -> None:
    machine.pop_to_mark()
    machine.change(machine.top())
    machine.put(machine.top(), None, None)


def _from_mark(machine: Machine, _begin: int, _end: int) -> None:
    machine.pop_to_mark()
    machine.push(OTHER)


def _tuple(machine: Machine, _begin: int, _end: int) -> None:
    machine.push(tuple(machine.pop_to_mark()))


def _tuple_of(count: int) -> _Act:
    def act(machine: Machine, _begin: int, _end: int) -> None:
        machine.push(tuple([machine.pop() for _ in range(count)][::-1]))

    return act


def _mark(machine: Machine, _begin: int, _end: int) -> None:
    if len(machine.marks) >= _MOST_MARKS:
        raise Stopped(f"more than {_MOST_MARKS:,} marks open at once")
    machine.marks.append(len(machine.stack))
    machine.push(MARK)


def _pop(machine: Machine, _begin: int, _end: int) -> None:
    if not machine.stack:
        raise Stopped(f"the stack is empty at byte {machine.begin}")
    if machine.stack.pop() is MARK:
        machine.marks.pop()


def _pop_mark(machine: Machine, _begin: int, _end: int) -> None:
    machine.pop_to_mark()


def _dup(machine: Machine, _begin: int, _end: int) -> None:
    machine.push(machine.top())
    machine.lend(machine.top())


def _put_line(machine: Machine, begin: int, end: int) -> None:
    machine.put_memo(machine.number(begin, end))


def _put(machine: Machine, begin: int, end: int) -> None:
    machine.put_memo(machine.little(begin, end))


def _memoize(machine: Machine, _begin: int, _end: int) -> None:
    machine.remember(machine.memoized)


def _get_line(machine: Machine, begin: int, end: int) -> None:
    machine.recall(machine.number(begin, end))


def _get(machine: Machine, begin: int, end: int) -> None:
    machine.recall(machine.little(begin, end))


def _two_lines(machine: Machine, begin: int, end: int) -> tuple[Any, Any]:
    middle = machine.data.find(b"\n", begin)
    return machine.text(begin, middle), machine.text(middle + 1, end)


def _global(machine: Machine, begin: int, end: int) -> None:
    machine.push(machine.fetch(*_two_lines(machine, begin, end)))


def _stack_global(machine: Machine, _begin: int, _end: int) -> None:
    name, module = machine.pop(), machine.pop()
    machine.push(machine.fetch(module, name))


def _inst(machine: Machine, begin: int, end: int) -> None:
    callee = machine.fetch(*_two_lines(machine, begin, end))
    machine.push(machine.call(callee, tuple(machine.pop_to_mark())))


def _obj(machine: Machine, _begin: int, _end: int) -> None:
    found = machine.pop_to_mark()
    if not found:
        raise Stopped(f"an object without a class at byte {machine.begin}")
    machine.push(machine.call(found[0], tuple(found[1:])))


def _reduce(machine: Machine, _begin: int, _end: int) -> None:
    arguments, callee = machine.pop(), machine.pop()
    machine.push(machine.call(callee, arguments))


def _newobj(machine: Machine, _begin: int, _end: int) -> None:
    arguments, callee = machine.pop(), machine.pop()
    machine.push(machine.call(callee, arguments, is_new=True))


def _newobj_ex(machine: Machine, _begin: int, _end: int) -> None:
    named, arguments, callee = machine.pop(), machine.pop(), machine.pop()
    if isinstance(arguments, tuple) and (not isinstance(named, State) or named.items or named.partial):
        arguments = (*arguments, named)  # arguments by name are arguments
    machine.push(machine.call(callee, arguments, is_new=True))


def _build(machine: Machine, _begin: int, _end: int) -> None:
    state, target = machine.pop(), machine.top()
    machine.change(target)
    if isinstance(target, Made) and not machine.doubtful:
        machine.settle_state(target, state)
        target.state = state
        if target.maker in _ARRAYS and machine.joblib:
            _skip_array(machine, target)


def _extension(machine: Machine, _begin: int, _end: int) -> None:
    machine.danger("fetches a global by a number of the extension registry")
    machine.push(OTHER)


def _persistent_line(machine: Machine, _begin: int, _end: int) -> None:
    raise Stopped(f"an unknown persistent id at byte {machine.begin}")


def _persistent(machine: Machine, _begin: int, _end: int) -> None:
    """PyTorch names storages ("storage", type, key, location, length) and, in its legacy form, classes ("module", class, file, source)."""
    named = machine.pop()
    if isinstance(named, tuple) and len(named) == 4 and named[0] == "module" and isinstance(named[1], Global):
        machine.push(named[1])  # the source text is compared, never run
        return
    if not isinstance(named, tuple) or not named or named[0] != "storage":
        raise Stopped(f"an unknown persistent id at byte {machine.begin}")
    machine.push(OTHER)


def _stop(machine: Machine, _begin: int, _end: int) -> None:
    machine.value = machine.pop()


# opcode: (shape of the argument, what it does); names as in pickletools
_OPERATIONS: dict[int, tuple[int, _Act]] = {
    ord("("): (0, _mark),
    ord("."): (0, _stop),
    ord("0"): (0, _pop),
    ord("1"): (0, _pop_mark),
    ord("2"): (0, _dup),
    ord("F"): (-1, _other),  # FLOAT
    ord("I"): (-1, _int_line),
    ord("J"): (4, _signed_int),
    ord("K"): (1, _small_int),
    ord("L"): (-1, _long_line),
    ord("M"): (2, _small_int),
    ord("N"): (0, _constant(None)),
    ord("P"): (-1, _persistent_line),
    ord("Q"): (0, _persistent),
    ord("R"): (0, _reduce),
    ord("S"): (-1, _string_line),
    ord("T"): (-14, _bytes_string),
    ord("U"): (-11, _bytes_string),
    ord("V"): (-1, _unicode_line),
    ord("X"): (-14, _unicode),
    ord("a"): (0, _append),
    ord("b"): (0, _build),
    ord("c"): (-2, _global),
    ord("d"): (0, _mapping),
    ord("e"): (0, _append_all),
    ord("g"): (-1, _get_line),
    ord("h"): (1, _get),
    ord("i"): (-2, _inst),
    ord("j"): (4, _get),
    ord("l"): (0, _from_mark),  # LIST
    ord("o"): (0, _obj),
    ord("p"): (-1, _put_line),
    ord("q"): (1, _put),
    ord("r"): (4, _put),
    ord("s"): (0, _set_item),
    ord("t"): (0, _tuple),
    ord("u"): (0, _set_items),
    ord(")"): (0, _constant(())),
    ord("]"): (0, _other),  # EMPTY_LIST
    ord("}"): (0, _empty_mapping),
    ord("G"): (8, _other),  # BINFLOAT
    ord("B"): (-14, _bytes),  # BINBYTES
    ord("C"): (-11, _bytes),  # SHORT_BINBYTES
    0x80: (1, _proto),
    0x81: (0, _newobj),
    0x82: (1, _extension),
    0x83: (2, _extension),
    0x84: (4, _extension),
    0x85: (0, _tuple_of(1)),
    0x86: (0, _tuple_of(2)),
    0x87: (0, _tuple_of(3)),
    0x88: (0, _constant(value=True)),
    0x89: (0, _constant(value=False)),
    0x8A: (-11, _signed_int),
    0x8B: (-14, _signed_int),
    0x8C: (-11, _unicode),
    0x8D: (-18, _unicode),
    0x8E: (-18, _bytes),  # BINBYTES8
    0x8F: (0, _other),  # EMPTY_SET
    0x90: (0, _append_all),  # ADDITEMS
    0x91: (0, _from_mark),  # FROZENSET
    0x92: (0, _newobj_ex),
    0x93: (0, _stack_global),
    0x94: (0, _memoize),
    0x95: (8, _nothing),  # FRAME
    0x96: (-18, _bytes),  # BYTEARRAY8
    0x97: (0, _other),  # NEXT_BUFFER
    0x98: (0, _nothing),  # READONLY_BUFFER
}
