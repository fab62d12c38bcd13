# SPDX-License-Identifier: Apache-2.0
"""Chat templates: Jinja that tokenizers render. Whoever renders without a sandbox gives a template the interpreter (CVE-2024-34359)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.model_hazard import Doubt, Hazard, code

_LONGEST = 1024 * 1024
_BLOCK = re.compile(r"\{[{%](.*?)(?:[}%]\}|\Z)", re.DOTALL)
_FIX = "use the template of the model's maker, read it, and render it in a sandbox (jinja2.sandbox.ImmutableSandboxedEnvironment)"
_STARTS = "lipsum|cycler|joiner|self|url_for|get_flashed_messages|request|config"
_INSIDE = "mro|gi_frame|gi_code|f_globals|f_locals|f_builtins|func_globals|co_code|tb_frame|cr_frame|im_func"
_SYSTEM = r"popen|subprocess|importlib|os\s*\.\s*system|eval|exec|__import__|builtins|load_module"
_WALKS = (
    (re.compile(r"__\s*\w+\s*__"), "walks to Python's internals by a name with underscores"),
    (re.compile(r"\\x5f|\\u005f|\\137|\\N\{LOW LINE\}", re.IGNORECASE), "spells an underscore by its number"),
    (re.compile(r"(['\"])_{1,2}\1|(['\"])__\w+\2|(['\"])\w+__\3"), "puts a name with underscores together"),
    (re.compile(r"\|\s*(?:attr\b|map\s*\(\s*['\"]attr)|\bgetattr\b"), "takes an attribute by a computed name"),
    (re.compile(r"\.\s*_|\[\s*['\"]_"), "takes an attribute that begins with an underscore"),
    (re.compile(rf"\.\s*(?:{_INSIDE})\b"), "reaches Python's internals"),
    (re.compile(rf"\b(?:{_STARTS})\s*[.\[|]"), "starts from an object that leads to the interpreter"),
    (re.compile(rf"\b(?:{_SYSTEM})\s*[(.\[]"), "calls the system"),
    (re.compile(r"^[-+\s]*(?:include|import|extends|from)\s"), "loads another template"),
)


def inspect(template: str) -> Iterator[Hazard | Doubt]:
    """Give each kind of walk once; texts outside of Jinja's brackets say nothing."""
    if len(template) > _LONGEST:
        yield Doubt(f"a template of more than {_LONGEST} characters")
        return
    seen: set[str] = set()
    for block in _BLOCK.finditer(template):
        for pattern, what in _WALKS:
            if what not in seen and pattern.search(block[1]):
                seen.add(what)
                yield code(f"a chat template that {what}", fix=_FIX)
