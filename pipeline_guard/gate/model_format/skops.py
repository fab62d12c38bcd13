# SPDX-License-Identifier: Apache-2.0
"""skops: scikit-learn objects as a JSON tree that names every class; the same exact list as for pickles decides.

CVE-2025-54412, -54413, -54886: operators and methods reached attributes that the trusted types did not show.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline_guard.gate.model_format.strict_json import Pairs, objects
from pipeline_guard.gate.model_hazard import Doubt, Hazard, code
from pipeline_guard.gate.pickle_globals import is_allowed

_LOADERS = {
    "DictNode", "ListNode", "SetNode", "TupleNode", "FunctionNode", "PartialNode", "TypeNode", "SliceNode", "ObjectNode", "MethodNode",
    "JsonNode", "NdArrayNode", "MaskedArrayNode", "RandomStateNode", "RandomGeneratorNode", "DtypeNode", "SparseMatrixNode", "TreeNode",
    "DefaultDictNode", "ReduceNode", "SGDNode", "LossNode", "_DictWithDeprecatedKeysNode", "QuantileForestNode", "CachedNode", "BytesNode",
    "BytearrayNode", "UfuncNode", "OperatorFuncNode", "DatetimeNode", "FileNode", "BunchNode", "DateTimeNode", "KDTreeNode", "EnumNode",
    "ArrayNode", "ObjectDtypeNode", "FrozenSetNode", "ComplexNode", "DTypeNode", "BitGeneratorNode", "XGBNode",
}  # fmt: skip
_TRICKS = {"OperatorFuncNode", "MethodNode", "PartialNode"}
_PLAIN = {("builtins", name) for name in ("str", "int", "float", "bool", "NoneType", "type", "method", "function")}
_FIX = "have the estimator saved again by a maker you trust, look at skops.io.get_untrusted_types(file=FILE), and demand a signature"


def is_schema(document: Any) -> bool:
    """Tell whether a JSON document is a skops tree."""
    return isinstance(document, Pairs) and bool(document.all("__loader__")) and bool(document.all("__module__"))


def inspect(document: Any) -> Iterator[Hazard | Doubt]:
    """Give every class that is not on the list, and the nodes that reach attributes."""
    seen: set[str] = set()
    for node in objects(document):
        module, name, loader = node.get("__module__"), node.get("__class__"), node.get("__loader__")
        if module is None and name is None:
            continue
        for double in node.doubles():
            yield code(f"a node that says {double[:40]!r} twice", fix=_FIX)
            return
        shown = f"{module}.{name}"[:120]
        if not isinstance(module, str) or not isinstance(name, str):
            yield code("a node whose class is no text", fix=_FIX)
        elif loader in _TRICKS and not (loader == "PartialNode" and (module, name) == ("functools", "partial")):
            key = f"{loader} {shown}"
            if key not in seen:
                seen.add(key)
                yield code(f"a {loader} that reaches {shown}, which hides what it calls", shown, fix=_FIX)
        elif shown not in seen and (module, name) not in _PLAIN and not is_allowed(module, name):
            seen.add(shown)
            yield code(f"names {shown}, which is not on the allow-list", shown, fix=_FIX)
        if isinstance(loader, str) and loader not in _LOADERS and loader not in seen:
            seen.add(loader)
            yield Doubt(f"a skops node of the unknown kind {loader[:60]!r}")
        if len(seen) > 200:
            return
