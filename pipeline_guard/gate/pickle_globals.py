# SPDX-License-Identifier: Apache-2.0
"""Which globals a pickle may use, and how: the names of ``pickle_names`` exactly, each only in the shape ordinary saves have.

Every allowed name may be fetched, and made without arguments. Those of CALLED take arguments; where an argument is itself called or
decides what is imported or read, its shape is fixed here. The classes of ``pickle_classes`` are never called: they are made empty, and
filled. A few names off the list are lent: they pass only inside one exact call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from pipeline_guard.gate import pickle_classes
from pipeline_guard.gate.pickle_names import ALLOWED, CALLED
from pipeline_guard.gate.pickle_values import Blob, Global, Made, State

# What makes a danger plain to a person; the verdict does not depend on it.
_RUNS_CODE = frozenset(
    (
        "_io", "_posixsubprocess", "_pickle", "_thread", "aifc", "ast", "asyncio", "bdb", "builtins", "__builtin__", "cProfile", "code",
        "codeop", "commands", "ctypes", "dill", "distutils", "doctest", "ensurepip", "fileinput", "ftplib", "functools",
        "getpass", "glob", "http", "httplib", "idlelib", "imaplib", "importlib", "inspect", "io", "linecache", "logging",
        "marshal", "mmap", "multiprocessing", "nt", "ntpath", "operator", "os", "pathlib", "pdb", "pickle", "pip", "pkgutil",
        "platform", "posix", "posixpath", "profile", "pty", "pydoc", "requests", "runpy", "shutil", "site", "smtplib", "socket",
        "sqlite3", "ssl", "subprocess", "sys", "sysconfig", "tarfile", "tempfile", "test", "threading", "timeit", "trace", "types",
        "urllib", "urllib2", "uu", "venv", "webbrowser", "weakref", "xmlrpc", "zipfile", "zipimport",
    )
)  # fmt: skip
_FACTORIES = frozenset(
    (
        "list", "int", "long", "unicode", "float", "dict", "set", "str", "bool", "tuple", "bytes",
        "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "collections.deque",
    )
)  # fmt: skip
_BASES = frozenset(["object", "dict", "list", "tuple", "float", "int", "str", "bytes", "set", "frozenset", "complex"])
# names that an unpickler looks up on an instance, and calls
LOOKED_UP = ("__setstate__", "extend", "append", "add", "update")
_APPENDED = ("array", "builtins", "__builtin__", "collections", "nltk", "omegaconf", "pandas", "UserList")
_KINDS = {
    "plain": pickle_classes.PLAIN,
    "slotted": pickle_classes.SLOTTED,
    "tuple": pickle_classes.TUPLE,
    "container": pickle_classes.CONTAINER,
    "enum": pickle_classes.ENUM,
    "cython": pickle_classes.CYTHON,
}
# methods that SciPy before 1.15 saves, found before the distribution has attributes of its own
_OF_DISTRIBUTIONS = ("_entropy", "_ppf_single", "_mom0_sc", "_mom1_sc")
_DISTRIBUTIONS = ("scipy.stats._discrete_distns", "scipy.stats._distn_infrastructure", "statsmodels.distributions.discrete")
_REACHING = re.compile("load|save|dump|open|read|write|exec|eval|call|run|file|import|pickle|path|compile", re.IGNORECASE)
LENT = frozenset(
    (
        Global("builtins", "getattr"), Global("__builtin__", "getattr"), Global("builtins", "type"), Global("__builtin__", "type"),
        Global("dill._dill", "_load_type"), Global("torch.storage", "_load_from_bytes"),
    )
)  # fmt: skip


@cache
def is_allowed(module: str, name: str) -> bool:
    """Tell whether ordinary models need this global."""
    return name in ALLOWED.get(module, "").split() or ((module + ".").startswith("__torch__.") and "." not in name)


@cache
def kind_of(found: Global) -> str:
    """Return as what kind of class, or maker of classes, a name off the list of ``is_allowed`` may be used; "" for none."""
    if is_allowed(found.module, found.name):
        return ""
    return next((kind for kind, names in _KINDS.items() if found.name in names.get(found.module, "").split()), "")


def misfit(kind: str, arguments: Any, *, is_new: bool) -> str:
    """Return in what way a class of this kind is made that ordinary models do not know. ``is_new``: made by __new__, not called."""
    if kind in ("plain", "slotted", "container"):
        return "" if is_new and arguments == () else "instead of making it empty"
    if kind == "tuple":
        return "" if is_new and isinstance(arguments, tuple) else "instead of making it of its values"
    if not isinstance(arguments, tuple) or is_new:
        return "other than ordinary models do"
    if kind == "enum":
        return "" if len(arguments) == 1 and isinstance(arguments[0], str | int | tuple) else "other than by a value"
    # of Cython: a class, a checksum, the values of its fields
    return "" if len(arguments) == 3 and isinstance(arguments[0], Global) and arguments[0] not in LENT else "other than ordinary models do"


def is_lookup(name: Any, value: Any) -> bool:
    """Tell whether something to be called takes the place of what an unpickler looks up on an instance."""
    return name in LOOKED_UP and isinstance(value, Global | Made) if isinstance(name, str) else False


def takes_items(maker: Global) -> bool:
    """Tell whether what a name of the exact list makes may get items appended: others look the method up on themselves."""
    return maker.module.partition(".")[0] in _APPENDED


def is_mapping(state: Any) -> bool:
    """Tell whether a state goes into attributes and runs no setter: a mapping, or slots (public names may be properties)."""
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], State | None) and isinstance(state[1], State):
        return not state[1].partial and all(name.startswith("_") for name in state[1].items)
    return isinstance(state, State | None)


@cache
def _is_called(module: str, name: str) -> bool:
    return name in CALLED.get(module, "").split()


def runs_code(module: str, name: str) -> bool:
    """Tell whether a global that is not allowed is of a module known to run code or to reach the system."""
    return module.partition(".")[0] in _RUNS_CODE or "." in name


def misuse(found: Global, arguments: Any) -> str:
    """Return in what way an allowed global is called that ordinary models do not know, "" for an ordinary call."""
    if not isinstance(arguments, tuple):
        return "with arguments that were computed"
    if not arguments:
        return ""
    if found.name.startswith("__pyx_unpickle_Cy"):  # of scikit-learn to 1.3: a class, a checksum, a state
        return "" if _of("sklearn", "_loss")(arguments) and len(arguments) == 3 else "other than ordinary models do"
    if found not in LENT and not _is_called(found.module, found.name):
        return "with arguments, which ordinary models only name or make without"
    fits = _SHAPES.get(str(found)) or _SHAPES.get(f".{found.name}")
    return "" if fits is None or fits(arguments) else "other than ordinary models do"


def given_by(found: Global, arguments: Any) -> Any:
    """Return what a call gives back: a class where it only finds one, else what was made."""
    if found in LENT and found.name == "getattr":
        if not misuse(found, arguments) and isinstance(arguments[0], Global):
            return Global(arguments[0].module, f"{arguments[0].name}.{arguments[1]}")
        return Made(found, arguments)
    if found in LENT and found.name == "_load_type" and not misuse(found, arguments) and arguments:
        return Global("builtins", arguments[0])
    if kind_of(found) == "cython" and isinstance(arguments, tuple) and arguments and isinstance(arguments[0], Global):
        return Made(arguments[0], arguments[1:])
    if found.name in ("_reconstructor", "__newobj__") and found.module in ("copyreg", "copy_reg"):
        return Made(arguments[0], arguments[1:]) if arguments and isinstance(arguments[0], Global) else Made(found, arguments)
    return Made(found, arguments)


# --- shapes


def _of(*roots: str) -> Callable[[tuple[Any, ...]], bool]:
    """Return a shape whose first argument is a class of one of these packages."""

    def fits(arguments: tuple[Any, ...]) -> bool:
        return isinstance(arguments[0], Global) and arguments[0].module.partition(".")[0] in roots and arguments[0] not in LENT

    return fits


def _is_plain(name: Any, names: frozenset[str]) -> bool:
    if not isinstance(name, Global):
        return False
    return (name.name if name.module in ("builtins", "__builtin__") else str(name)) in names


def _reconstructor(arguments: tuple[Any, ...]) -> bool:
    of_class = len(arguments) == 3 and isinstance(arguments[0], Global) and arguments[0] not in LENT and _is_plain(arguments[1], _BASES)
    # the items of a dictionary whose keys are attributes
    return of_class and not (isinstance(arguments[2], State) and any(is_lookup(*item) for item in arguments[2].items.items()))


def _newobj(arguments: tuple[Any, ...]) -> bool:
    return len(arguments) == 1 and isinstance(arguments[0], Global) and arguments[0] not in LENT


def _encode(arguments: tuple[Any, ...]) -> bool:
    return arguments[1:] in (("latin1",), ("latin-1",))  # how protocols 0 to 2 write bytes; other codecs unpack


def _factory(arguments: tuple[Any, ...]) -> bool:
    first = arguments[0]
    if first is None or _is_plain(first, _FACTORIES) or (isinstance(first, Made) and str(first.maker) == "functools.partial"):
        return True
    return isinstance(first, Global) and kind_of(first) in ("plain", "slotted", "container")


def _partial(arguments: tuple[Any, ...]) -> bool:
    one = arguments[0]
    if isinstance(one, Made) and one.maker.name == "getattr" and one.maker in LENT:  # a method that was found
        return len(arguments) == 1 and one.state is None
    return len(arguments) == 1 and isinstance(one, Global) and (is_allowed(one.module, one.name) or kind_of(one) != "")


def _generator(arguments: tuple[Any, ...]) -> bool:
    """Tell whether all belong to NumPy: a maker of generators calls its second argument, and looks up or calls its first."""
    return all(
        isinstance(one, str)
        or (isinstance(one, Global | Made) and (one if isinstance(one, Global) else one.maker).module.startswith("numpy."))
        for one in arguments
    )


def _no_globals(arguments: tuple[Any, ...]) -> bool:
    return not any(isinstance(one, Global) for one in arguments)


def _no_objects(arguments: tuple[Any, ...]) -> bool:
    """Tell whether nothing is handed over that the callee, which gives it back, would hide from us."""
    return not any(isinstance(one, Global | Made) for one in arguments)


def _scalar(arguments: tuple[Any, ...]) -> bool:
    """Tell whether a NumPy scalar is made of bytes: one of the type object gives back what it was given."""
    return all(not isinstance(one, Global | Made) or str(getattr(one, "maker", "")) == "_codecs.encode" for one in arguments[1:])


def _getattr(given: tuple[Any, ...]) -> bool:
    """Tell whether a method is found that is on the list with its class: how older protocols and bound methods are saved."""
    if len(given) != 2 or not isinstance(given[1], str) or "." in given[1]:
        return False
    owner = given[0]
    if isinstance(owner, Made):
        if owner.state is not None:  # it may have put something else in the method's place
            return False
        owner = owner.maker
        if given[1] in _OF_DISTRIBUTIONS and owner.module in _DISTRIBUTIONS:
            return True
        if kind_of(owner) == "plain" and not given[1].startswith("__") and not _REACHING.search(given[1]):
            return True  # a method of an object that is still empty
    return isinstance(owner, Global) and is_allowed(owner.module, f"{owner.name}.{given[1]}")


def _epsg(arguments: tuple[Any, ...]) -> bool:
    """Tell whether a reference system is named by its number: longer texts may name files."""
    return len(arguments) == 1 and isinstance(arguments[0], str) and arguments[0].upper().startswith("EPSG:") and arguments[0][5:].isdigit()


def _load_type(arguments: tuple[Any, ...]) -> bool:
    """Tell whether dill names a type of the language that is data."""
    return len(arguments) == 1 and isinstance(arguments[0], str) and arguments[0] in ALLOWED["builtins"].split()


_SHAPES: dict[str, Callable[[tuple[Any, ...]], bool]] = {
    "builtins.getattr": _getattr,
    "__builtin__.getattr": _getattr,
    "builtins.type": lambda given: given == (None,),  # its class has no name to import
    "__builtin__.type": lambda given: given == (None,),
    "pyproj.crs.crs.CRS": _epsg,
    "shapely.io.from_wkb": _no_globals,
    "nltk.probability.FreqDist": lambda given: isinstance(given[0], State),
    "torch.storage._load_from_bytes": lambda given: len(given) == 1 and isinstance(given[0], Blob),
    "_codecs.encode": _encode,
    "copyreg._reconstructor": _reconstructor,
    "copy_reg._reconstructor": _reconstructor,
    "copyreg.__newobj__": _newobj,
    "collections.defaultdict": _factory,
    "functools.partial": _partial,
    "array.array": _no_globals,
    "array._array_reconstructor": lambda given: given[0] == Global("array", "array") and _no_globals(given[1:]),
    "re._compile": _no_globals,
    "dill._dill._load_type": _load_type,
    "dill._dill._create_array": lambda given: isinstance(given[0], Global) and given[0].name == "_reconstruct" and _of("numpy")(given),
    "torch._tensor._rebuild_from_type_v2": lambda given: isinstance(given[0], Global) and given[0].module == "torch._utils",
    "torch.jit._pickle.build_boollist": _no_objects,
    "torch.jit._pickle.build_doublelist": _no_objects,
    "torch.jit._pickle.build_intlist": _no_objects,
    "torch.jit._pickle.restore_type_tag": _no_objects,
    ".scalar": _scalar,
    "._reconstruct": _of("numpy", "pandas"),
    "._mareconstruct": _of("numpy"),
    ".newObj": _of("sklearn", "hdbscan"),
    "._new_Index": _of("pandas"),
    "._new_DatetimeIndex": _of("pandas"),
    "._new_PeriodIndex": _of("pandas"),
    "._new_TimedeltaIndex": _of("pandas"),
    "._new_IntervalIndex": _of("pandas"),
    ".__pyx_unpickle_NDArrayBacked": _of("pandas"),
    ".__pyx_unpickle_SeedSequence": _of("numpy"),
    ".__bit_generator_ctor": _generator,
    ".__generator_ctor": _generator,
    ".__randomstate_ctor": _generator,
    ".__RandomState_ctor": _generator,
}
