# SPDX-License-Identifier: Apache-2.0
"""Expressions at random, most of them valid, for the comparison with GitHub's own evaluator."""

from __future__ import annotations

import random
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.expression import evaluate, parse
from pipeline_guard.rehearse.values import text

CONTEXTS: dict[str, Any] = {
    "github": {
        "ref": "refs/heads/main",
        "Event_Name": "push",
        "sha": "c0ffee",
        "run_number": 7,
        "event": {
            "number": 3,
            "draft": False,
            "labels": [{"name": "bug", "id": 1}, {"name": "Security", "id": 2}, {"id": 3}],
            "commits": [{"files": ["a.py", "b.py"]}, {"files": ["c.py"]}],
            "pull_request": {"base": {"ref": "main"}, "head": {"repo": {"fork": True, "full_name": "else/app"}}},
            "empty": None,
        },
    },
    "inputs": {"paths": "", "history": "true", "depth": 0, "text": "it's {0}", "json": '{"a": [1, 2, {"B": null}], "A": 4}', "hex": "0x1F"},
    "matrix": {"python": ["3.11", "3.12"], "os": "Ubuntu", "float": 1.5, "empty": [], "none": {}},
    "env": {"A-B": "dash", "n": "12", "İ": "dotted"},
}
_ATOMS = (
    "true", "false", "null", "0", "1", "-1", "+2", "1.5", ".5", "1e3", "0x1F", "0o17", "NaN", "Infinity", "-Infinity", "''", "'a'", "'MAIN'", "'0'",
    "'12'", "' 7 '", "'1e3'", "'it''s'", "'refs/heads/main'", "'true'", "'{0} and {1}'", "'{{0}}'", "'[1,2]'", "'ß'", "'ı'", "'é'", "''''", "'a,b'",
    "github.ref", "GitHub.Ref", "github['ref']", "github.event_name", "github.run_number", "github.event", "github.event.number",
    "github.event.draft", "github.event.labels", "github.event.labels.*.name", "github.event.labels[*].id", "github.event.labels[0].name",
    "github.event.labels[9].name", "github.event.commits.*.files", "github.event.commits.*.files.*", "github.event.commits.*.files[0]",
    "github.event.pull_request.head.repo.fork", "github.event.nothing.at.all", "github.event.*", "github.*.head", "github.event.empty",
    "inputs.paths", "inputs.history", "inputs.depth", "inputs.text", "inputs.json", "inputs.hex", "matrix.python", "matrix.python[1]",
    "matrix.python['1']", "matrix.python[1.9]", "matrix.python[-1]", "matrix.python.*", "matrix.float", "matrix.empty", "matrix.none", "env.A-B", "env.n",
    "matrix", "env['A-B']", "github.event.labels.*", "github[github.sha]", "fromJSON(inputs.json)", "fromJSON(inputs.json).a[2].b", "fromJSON('[]')",
)  # fmt: skip
_SPOILT = ("'", "1..2", "-", "a.b", "github.", "github.1", "(", ")", "github[", "&", "=", "1a", "'a' 'b'", "foo()", "contains('a')", "github .ref", "@", "True")  # fmt: skip
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "&&", "||")
_BLANKS = ("", " ", "  ", "\n", "\t")


def expressions(seed: int, count: int) -> list[str]:
    """Return ``count`` expressions."""
    source = random.Random(seed)
    return [_expression(source, source.randint(0, 4)) for _ in range(count)]


def _expression(source: random.Random, depth: int) -> str:
    if source.random() < 0.01:
        return source.choice(_SPOILT)
    if depth == 0 or source.random() < 0.15:
        return source.choice(_ATOMS)

    def inner() -> str:
        return _expression(source, depth - 1)

    kind = source.randrange(8)
    blank = source.choice(_BLANKS)
    if kind < 3:
        return f"{inner()}{blank or ' '}{source.choice(_OPERATORS)}{blank}{inner()}"
    if kind == 3:
        return f"!{blank}{inner()}"
    if kind == 4:
        return f"({blank}{inner()})"
    if kind == 5:
        return f"({inner()}){source.choice(('.ref', '[0]', '.*', '[*]', '.name', '[1].name', '.*.id'))}"
    if kind == 6:
        name = source.choice(("contains", "startsWith", "endsWith", "Contains"))
        return f"{name}({inner()},{blank}{inner()})"
    name, most = source.choice((("format", 3), ("join", 2), ("toJSON", 1), ("fromJSON", 1), ("tojson", 1), ("case", 3)))
    if name == "format":
        pattern = source.choice(("'{0}'", "'{1}-{0}'", "'{{{0}}}'", "'{0:x}'", "'{9}'", "'}'", "'a{0}b{0}'", "inputs.text"))
        return f"format({pattern}, {inner()}, {inner()})"
    return f"{name}({', '.join(inner() for _ in range(most))})"


def answer(source: str) -> dict[str, Any]:
    """Return what our evaluator says, in the form of the oracle's answers."""
    try:
        return {"value": _plain(evaluate(parse(source, list(CONTEXTS), {}), CONTEXTS, {}))}
    except UsageError:
        return {"error": True}


def _plain(value: Any) -> list[Any]:
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["boolean", value]
    if isinstance(value, (int, float)):
        return ["number", text(value)]
    if isinstance(value, str):
        return ["text", value]
    if isinstance(value, list):
        return ["list", [_plain(each) for each in value]]
    return ["object", [[key, _plain(each)] for key, each in value.items()]]
