# SPDX-License-Identifier: Apache-2.0
"""States with which an allowed class runs code of the file's choosing while it takes them.

Found by reading ``__setstate__`` of every allowed class: SciPy's distributions run a text of their state by ``exec``, statsmodels' data
evaluates a formula, Qhull's objects call something when they end. And an unpickler asks the *instance* for ``__setstate__``, ``extend``
and the like, so that a state may put another callable there.
"""

from __future__ import annotations

import re
from typing import Any

from pipeline_guard.gate.pickle_globals import LOOKED_UP, is_lookup
from pipeline_guard.gate.pickle_values import Global, Made, State

# scipy.stats.rv_generic, parse_arg_template, filled in with the names of shapes
_TEMPLATE = re.compile(
    r"\ndef _parse_args\(self, ((?:\w+, )*) ?loc=0(?:, scale=1)?\):\n    return \(\1\), loc, (?:scale|1)\n"
    r"\ndef _parse_args_rvs\(self, \1 ?loc=0(?:, scale=1)?, size=None\):\n"
    r"    return self\._argcheck_rvs\(\1 ?loc, (?:scale|1), size=size\)\n"
    r"\ndef _parse_args_stats\(self, \1 ?loc=0(?:, scale=1)?, moments='mv'\):\n    return \(\1\), loc, (?:scale|1), moments\n"
)
# what patsy and formulaic evaluate: names, numbers, operators, and the functions that ordinary formulas call
_FORMULA = re.compile(
    r"(?:[\s~+*/:,()|^-]|\d++(?:\.\d++)?|'[\w .-]*'|\"[\w .-]*\""
    r"|(?:C|I|Q|bs|cr|cc|te|center|standardize|scale)\(|(?:Treatment|Sum|Poly|Helmert|Diff)\("
    r"|np\.(?:log|log1p|log2|log10|exp|sqrt|abs|sin|cos|square|power)\(|(?:reference|df|degree)\s?=|[A-Za-z_]\w*+(?!\s*[.(\[])){1,10000}"
)
_METHODS = ("_attach_methods", "_attach_argparser_methods", "_construct_argparser")


def wrong_state(maker: Global, state: Any) -> str:
    """Return what is wrong with the state that an object of ``maker`` is given, "" for one of an ordinary save."""
    for mapping in state if isinstance(state, tuple) else (state,):
        if isinstance(mapping, State):
            for name in LOOKED_UP:
                if is_lookup(name, mapping.items.get(name)):
                    return f"that puts something to be called in the place of {name}"
    if maker.module.startswith(("scipy.stats.", "statsmodels.distributions.")):
        return _distribution(maker, state)
    if maker.module == "statsmodels.base.data":
        return _data(state)
    if maker.module in ("scipy.spatial._qhull", "scipy.spatial.qhull"):
        return _hull(state)
    return ""


def _hull(state: Any) -> str:
    """NOTE: at its end such an object calls its own ``close``, and that of its ``_qhull``; a saved one has neither."""
    if not isinstance(state, State) or state.partial:
        return "that is no plain mapping"
    return "with something to be called at its end" if "close" in state.items or state.items.get("_qhull") is not None else ""


def _distribution(maker: Global, state: Any) -> str:
    if not maker.name.endswith("_gen") and maker.name not in ("rv_continuous", "rv_discrete", "rv_generic", "rv_sample", "rv_histogram"):
        return ""
    if maker.module == "scipy.stats._multivariate":  # of another family, which has no template
        return ""
    if isinstance(state, tuple) and len(state) == 2 and _is_before_1_6(*state):
        return ""
    if not isinstance(state, State) or state.partial:
        return "that is no plain mapping"
    template = state.items.get("_parse_arg_template")
    if not isinstance(template, str) or not _TEMPLATE.fullmatch(template) or any(name in state.items for name in _METHODS):
        return "with code to run"
    return ""


def _is_before_1_6(parameters: Any, chance: Any) -> bool:
    """Tell whether a state is the pair that SciPy wrote before 1.6. As an update of attributes, which is tried first, it fails.

    NOTE: a mapping of two keys would be taken for one of the update's pairs.
    """
    plain = isinstance(parameters, State) and not parameters.partial and len(parameters.items) != 2
    return plain and (chance is None or (isinstance(chance, Made) and chance.maker.module.startswith("numpy.random")))


def _data(state: Any) -> str:
    if not isinstance(state, State) or state.partial:
        return "that is no plain mapping"
    if "restore_design_info" not in state.items and "model_spec" not in state.items:
        return ""
    formula, frame = state.items.get("formula"), state.items.get("frame")
    is_table = isinstance(frame, Made) and frame.maker.module.partition(".")[0] == "pandas" and frame.maker.name == "DataFrame"
    return (
        ""
        if isinstance(formula, str) and is_table and _FORMULA.fullmatch(formula)
        else "with a formula to evaluate that is more than names"
    )
