# SPDX-License-Identifier: Apache-2.0
"""What a condition says where some of its values are not known: that it holds, that it does not, or that nobody here can tell."""

from __future__ import annotations

from collections.abc import Callable

from pipeline_guard.rehearse.expression import Tree, paths
from pipeline_guard.rehearse.values import Value, truthy


def decided(tree: Tree, is_known: Callable[[tuple[str, ...], bool], bool], value_of: Callable[[Tree], Value]) -> bool | None:
    """Return whether an expression counts as true whatever the unknown values are; None where it depends on them (Kleene's logic).

    ``is_known`` is asked for a path, and whether a text that is written out stands beside it: a name that was guessed fits other
    guesses, and no text.
    """
    if tree.kind == "not":
        inner = decided(tree.parts[0], is_known, value_of)
        return None if inner is None else not inner
    if tree.kind in ("||", "&&"):
        answers = [decided(part, is_known, value_of) for part in tree.parts]
        settles = tree.kind == "||"
        if settles in answers:
            return settles
        return None if None in answers else not settles
    beside_text = any(isinstance(part.value, str) for part in tree.parts if part.kind == "literal")
    return truthy(value_of(tree)) if all(is_known(path, beside_text) for path in paths(tree)) else None
