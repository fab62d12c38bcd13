# SPDX-License-Identifier: Apache-2.0
"""Which classes of installed packages run nothing of their own when a pickle makes them empty and fills their attributes.

    python bench/model_classes.py PACKAGE...      # with the interpreter of an environment that has them; JSON on stdout

Imports every module of the packages, so run it where nothing is at stake. A class is plain if everything that unpickling runs or looks
up on it - making it without calling it, taking a state, attributes that do not exist, hashing, dying, and for containers taking items -
is inherited from object or a container of the language, or was read (_READ). What is found is data for
pipeline_guard/gate/pickle_classes.py; nothing here is part of the product.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import enum
import importlib
import inspect
import io
import json
import pkgutil
import sys
import textwrap
import types
import warnings

# own code that was read: it copies the state or compares, and calls nothing that a state names
_READ = {
    ("sklearn.base", "BaseEstimator", "__setstate__"),  # warns of another version, then updates __dict__
    ("sklearn.base", "BaseEstimator", "__getattr__"),
    ("statsmodels.base.wrapper", "ResultsWrapper", "__setstate__"),
    ("statsmodels.base.wrapper", "ResultsWrapper", "__getattribute__"),  # an unpickler finds what it asks for before it delegates
    ("scipy.stats._distn_infrastructure", "rv_generic", "__setstate__"),  # runs a text: pickle_states.py looks at it
    ("scipy.spatial._qhull", "_QhullUser", "__del__"),  # closes what its state names: pickle_states.py looks at it
    ("scipy._lib._util", "_RichResult", "__getattr__"),  # a dictionary whose keys are attributes
    ("scipy._lib._util", "_RichResult", "__setattr__"),
    ("scipy.sparse.linalg._interface", "LinearOperator", "__new__"),
    ("scipy.stats._distn_infrastructure", "rv_discrete", "__new__"),
    ("scipy.interpolate._interpolate", "PPoly", "__setstate__"),  # asks a namespace what it is
    ("scipy.interpolate._interpolate", "BPoly", "__setstate__"),
    ("scipy.interpolate._bsplines", "BSpline", "__setstate__"),
    ("scipy.signal._ltisys", "StateSpace", "__new__"),  # another class for other arguments
    ("scipy.signal._ltisys", "TransferFunction", "__new__"),
    ("scipy.signal._ltisys", "ZerosPolesGain", "__new__"),
    ("scipy.optimize._optimize", "OptimizeResult", "__getattr__"),
    ("scipy.optimize._optimize", "OptimizeResult", "__setattr__"),
    ("networkx.classes.graph", "Graph", "__new__"),
    ("networkx.classes.digraph", "DiGraph", "__new__"),
    ("networkx.classes.multigraph", "MultiGraph", "__new__"),
    ("networkx.classes.multidigraph", "MultiDiGraph", "__new__"),
    *(("networkx.classes.coreviews", name, "__setstate__") for name in ("AtlasView", "UnionAtlas", "UnionAdjacency")),
    *(("networkx.classes.reportviews", name, "__setstate__") for name in (
        # not the views of edges with data: these call a method of what their state names
        "NodeView", "NodeDataView", "OutEdgeView", "InEdgeView", "InMultiEdgeView",
    )),
    ("optuna.study.study", "Study", "__setstate__"),
    ("optuna.storages._in_memory", "InMemoryStorage", "__setstate__"),
    ("optuna.trial._frozen", "FrozenTrial", "__hash__"),
    ("gensim.models.rpmodel", "RpModel", "__setstate__"),
    # what an attribute that is missing delegates to is not there while the object is empty, and it gets a state once
    ("lifelines.fitters.coxph_fitter", "CoxPHFitter", "__getattr__"),
    ("pygam.terms", "MetaTermMixin", "__getattr__"),
    ("pygam.terms", "MetaTermMixin", "__setattr__"),
}  # fmt: skip
# what a hash may call
_PURE = frozenset(("hash", "tuple", "frozenset", "sorted", "id", "type", "str", "repr", "len", "int"))
_HOOKS = ("__setstate__", "__getattr__", "__getattribute__", "__setattr__", "__del__", "__hash__")
_ITEMS = ("__setitem__", "append", "extend", "add", "__eq__")
_CONTAINERS = (dict, list, set)
_SAFE_BASES = (object, *_CONTAINERS, tuple, frozenset, str, int, float, bytes)
_TESTS = ("tests", "test", "conftest", "testing", "benchmarks", "externals", "plotting", "datasets", "_vendor", "doc")


def modules(package: str) -> list[types.ModuleType]:
    """Import all modules of a package; leave out what does not import."""
    found = [importlib.import_module(package)]
    for info in pkgutil.walk_packages(getattr(found[0], "__path__", []), package + ".", onerror=lambda _name: None):
        if any(part in _TESTS or part.startswith(("test_", "__main__", "setup")) for part in info.name.split(".")):
            continue
        with contextlib.suppress(BaseException):
            found.append(importlib.import_module(info.name))
    return found


def owner(kind: type, name: str) -> type | None:
    """Return the class of the method resolution order that defines an attribute."""
    return next((base for base in kind.__mro__ if name in vars(base)), None)


def is_harmless(kind: type, name: str) -> bool:
    """Tell whether a special method is the language's own, written by it (dataclasses, namedtuple), or was read."""
    where = owner(kind, name)
    if where is None or where in _SAFE_BASES or vars(where)[name] is None:
        return True
    method = vars(where)[name]
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    if code is not None and (code.co_filename.startswith(("<string>", "<attrs")) or code.co_filename == dataclasses.__file__):
        return True
    if name in ("__hash__", "__eq__") and is_pure(method):
        return True
    return where.__module__ in ("typing", "abc", "collections") or (where.__module__, where.__qualname__, name) in _READ


def is_pure(method: object) -> bool:
    """Tell whether a method calls nothing but pure functions of the language."""
    with contextlib.suppress(OSError, TypeError, SyntaxError):
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))  # type: ignore[arg-type]
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        return all(
            (isinstance(call, ast.Name) and call.id in _PURE)
            or (isinstance(call, ast.Attribute) and call.attr in ("items", "values", "keys"))
            for call in calls
        )
    return False


def has_setter(kind: type) -> bool:
    """Tell whether setting an attribute from a state of slots could run code."""
    return any(isinstance(value, property) and value.fset for base in kind.__mro__ for value in vars(base).values())


def judge(kind: type) -> str:
    """Return in what way a class is plain; an explanation after a question mark if it is in none."""
    if (
        inspect.isabstract(kind)
        or issubclass(kind, BaseException)
        or any(base.__module__ in ("ctypes", "_ctypes") for base in kind.__mro__)
    ):
        return "?of no use"
    if issubclass(kind, enum.Enum):
        return "enum" if owner(kind, "_missing_").__module__ == "enum" else "?an enumeration with code"  # type: ignore[union-attr]
    if owner(type(kind), "__getattribute__") is not type or owner(type(kind), "__getattr__"):
        return "?its metaclass"
    for name in ("__new__", *_HOOKS):
        if not is_harmless(kind, name):
            return f"?{name} of {owner(kind, name)}"
    if issubclass(kind, tuple):
        return "tuple" if hasattr(kind, "_fields") or owner(kind, "__new__") is tuple else "?a tuple with code"
    if issubclass(kind, _CONTAINERS):
        wrong = [name for name in _ITEMS if hasattr(kind, name) and not is_harmless(kind, name)]
        return f"?{wrong[0]}" if wrong else "container"
    slots = any("__slots__" in vars(base) for base in kind.__mro__)
    return "slotted" if slots and not has_setter(kind) else "plain"


def main() -> None:
    """Print what was found."""
    warnings.simplefilter("ignore")
    found: dict[str, dict[str, str]] = {}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for package in sys.argv[1:]:
            with contextlib.suppress(ImportError):
                for module in modules(package):
                    for name, kind in list(vars(module).items()):
                        if name.startswith("__pyx_unpickle_"):
                            found.setdefault(module.__name__, {})[name] = "cython"
                        if inspect.isclass(kind) and (kind.__module__, kind.__qualname__) == (module.__name__, name):
                            found.setdefault(module.__name__, {})[name] = judge(kind)
    json.dump(found, sys.stdout, indent=0, sort_keys=True)


if __name__ == "__main__":
    main()
