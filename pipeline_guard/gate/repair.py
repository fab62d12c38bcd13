# SPDX-License-Identifier: Apache-2.0
"""Edits that pin what a file names, made in the text itself: comments, layout and line ends stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.actions_lock import normal
from pipeline_guard.gate.build_file import hooks
from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.ci_file import action, github
from pipeline_guard.model.repair import Proof, Repair

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_VERSION = re.compile(r"(?:tag=)?v?\d+(?:\.\d+)*(?:[-+.]\w[\w.+-]*)?")
_COMMENT = re.compile(rb"\s#")


Prover = Callable[[str, str, str], Proof | str]  # path, owner/name, ref to a proof, or why there is none


def pin_actions(content: bytes, path: str, prove: Prover, *, is_action: bool = False) -> tuple[bytes, list[Repair]]:
    """Pin the actions and workflows that a file uses by tag or branch; what cannot be proven stays and is told."""
    parse = action if is_action else github
    wanted = [use for use in parse(content, path).uses if use.kind in ("action", "workflow")]
    done: list[Repair] = []
    result = content
    for use in wanted:
        named, _, ref = use.target.rpartition("@")
        if not named or _COMMIT.fullmatch(ref):
            continue
        proof = prove(path, normal(use.target).partition("@")[0], ref)
        if isinstance(proof, str):
            done.append(Repair(path, use.line, use.target, why=proof))
            continue
        edited = _edit(result, use.line, use.target, f"{named}@{proof.commit}", ref)
        if edited is None or not _is_same(parse(content, path), parse, edited, path):
            done.append(Repair(path, use.line, use.target, why="this line is written in a way that is not edited by machine"))
            continue
        result = edited
        done.append(Repair(path, use.line, use.target, proof))
    return result, done


def pin_hooks(content: bytes, path: str, prove: Prover) -> tuple[bytes, list[Repair]]:
    """Pin the revisions of a pre-commit configuration, as ``pre-commit autoupdate --freeze`` writes them."""
    done: list[Repair] = []
    result = content
    for hook in hooks(content, path).hooks:
        found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", hook.repository)
        if not hook.revision or _COMMIT.fullmatch(hook.revision) or hook.repository in ("local", "meta"):
            continue
        target = f"{hook.repository}@{hook.revision}"
        proof = prove(path, found[1].lower(), hook.revision) if found else "only repositories of github.com are looked up"
        edited = None if isinstance(proof, str) else _edit(result, hook.line, hook.revision, proof.commit, f"frozen: {hook.revision}")
        if isinstance(proof, str) or edited is None:
            done.append(Repair(path, hook.line, target, why=proof if isinstance(proof, str) else "this line is not edited by machine"))
            continue
        result = edited
        done.append(Repair(path, hook.line, target, proof))
    return result, done


def _edit(content: bytes, line: int, old: str, new: str, comment: str) -> bytes | None:
    """Return the content with ``old`` replaced on one line, and a comment behind it; None where it is not there exactly once."""
    lines = content.splitlines(keepends=True)
    if not 0 < line <= len(lines):
        return None
    text = lines[line - 1]
    body = text.rstrip(b"\r\n")
    end = text[len(body) :]
    found = _COMMENT.search(body)
    code = body[: found.start()].rstrip() if found else body
    if len(re.findall(rb"(?<![\w./@-])" + re.escape(old.encode()) + rb"(?![\w./@-])", code)) != 1:
        return None
    kept = body[len(code) :].strip().removeprefix(b"#").strip().decode("utf-8", "replace")
    if _VERSION.fullmatch(kept) or kept == comment:
        kept = ""
    behind = f"  # {comment}" if comment.startswith("frozen:") else f" # {comment}"
    behind += f" ({kept})" if kept else ""
    lines[line - 1] = code.replace(old.encode(), new.encode()).rstrip() + behind.encode() + end
    return b"".join(lines)


def _is_same(before: WorkflowFacts, parse: Callable[[bytes, str], WorkflowFacts], edited: bytes, path: str) -> bool:
    """Tell whether an edited text still says the same, pins and their comments aside."""
    try:
        after = parse(edited, path)
    except UsageError:
        return False
    return _bare(before) == _bare(after)


def _bare(facts: WorkflowFacts) -> WorkflowFacts:
    return replace(
        facts,
        uses=tuple(replace(use, target=use.target.rpartition("@")[0] or use.target, comment="") for use in facts.uses),
        steps=tuple(replace(step, uses=step.uses.rpartition("@")[0] or step.uses) for step in facts.steps),
        jobs=tuple(replace(job, uses=job.uses.rpartition("@")[0] or job.uses) for job in facts.jobs),
    )
