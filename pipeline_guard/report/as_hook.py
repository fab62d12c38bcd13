# SPDX-License-Identifier: Apache-2.0
"""Hooks of git as shell scripts: the same rules before a commit and before a push as in the pipeline."""

from __future__ import annotations

HOOKS = ("pre-commit", "pre-push")
MARK = "Written by pipeline-guard: "  # by which a hook of ours is known again

_WORDS = {"pre-commit": "scan --staged", "pre-push": "dry-run --allow-nothing"}
_WHAT = {"pre-commit": "looks for keys in what is staged", "pre-push": "rehearses this repository's pipelines, writing nothing"}
_HEAD = """\
#!/bin/sh
# {mark}{what}. `git commit` and `git push` take --no-verify.
code=0
"""
_SCRIPTS = {
    "pre-commit": """\
pipeline-guard {words} || code=$?
# 3: there is nothing to look at, which stops a pipeline but no commit
[ "$code" = 3 ] || exit "$code"
""",
    "pre-push": """\
pipeline-guard {words} || code=$?
exit "$code"
""",
}


def hook(name: str) -> str:
    """Return the script of one of ``HOOKS``."""
    return (_HEAD + _SCRIPTS[name]).format(mark=MARK, what=_WHAT[name], words=_WORDS[name])
