# SPDX-License-Identifier: Apache-2.0
"""Is a folder what its manifest says? First by names and modes, then by digests, which somebody else makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline_guard.errors import IntegrityError, NothingToDo
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.model_terms import ModelTerms
from pipeline_guard.model.subject import Subject
from pipeline_guard.model.tree_entry import Piece, TreeEntry
from pipeline_guard.sign.model_manifest import IGNORED, Manifest, files_to_sign, is_safe
from pipeline_guard.sign.model_strict import (
    GIT,
    Strict,
    below,
    check_entries,
    check_links,
    empty_folders,
    executables,
    is_below,
)

_SHOWN = 3  # names in one message
_HINT = "fetch the model again from where it was published, or have it signed again"
_ADDED = "remove what was added, or have the model signed again"
_GIT_HINT = "remove .git, which no signature covers, or accept what is in it with --ignore-path .git"


def pieces_to_sign(entries: Sequence[TreeEntry], signature: str, label: str) -> tuple[list[Piece], list[Piece]]:
    """Choose the files that the format covers, and those that only our part of the list does.

    Raises NothingToDo where there are none, IntegrityError for a folder that other systems could not hold.
    """
    in_git, left_out = below((GIT,)), below(IGNORED)
    check_entries([entry for entry in entries if not in_git(entry.name)], label)
    files = {entry.name: entry for entry in entries if not entry.is_folder}
    chosen = files_to_sign(list(files), signature, label)
    more = [name for name in files if left_out(name) and not in_git(name) and name != signature]
    return [Piece(name, files[name].stamp) for name in chosen], [Piece(name, files[name].stamp) for name in more]


def files_of_tree(entries: Sequence[TreeEntry], signature: str, label: str) -> list[Piece]:
    """Return every file of a folder that is signed as plain files. Raises NothingToDo where there is none, else as pieces_to_sign."""
    check_entries(entries, label)
    pieces = [Piece(entry.name, entry.stamp) for entry in entries if not entry.is_folder and entry.name != signature]
    if not pieces:
        raise NothingToDo(f"{label}: no file to sign in this folder", "name the folder that holds the files")
    return pieces


def strict_part(entries: Sequence[TreeEntry], signature: str, left_out: Mapping[str, Digest]) -> Strict:
    """Return what our part of the list says about a folder; ``left_out`` has the digests of what the format does not cover."""
    in_git = below((GIT,))
    inside = [entry for entry in entries if not in_git(entry.name) and entry.name != signature]
    files = [entry.name for entry in entries if not entry.is_folder]
    return Strict(executables(inside), empty_folders(inside, files), left_out)


def pieces_to_check(
    manifest: Manifest, entries: Sequence[TreeEntry], signature: str, terms: ModelTerms, label: str
) -> list[tuple[Piece, Digest]]:
    """Compare everything but the content; return which bytes must have which digests.

    ``signature`` is the bundle's own path in the folder. Raises IntegrityError naming what is missing or not covered.
    """
    files = {entry.name: entry for entry in entries if not entry.is_folder}
    listed = manifest.names
    strict = None if terms.lenient else manifest.strict
    expected = {resource.name for resource in manifest.resources} | set(strict.left_out if strict else ())
    extra = [name for name in files.keys() - expected if name != signature and not _tolerated(files[name], manifest, terms)]
    if extra:
        raise IntegrityError(
            f"{label}: not covered by the signature: {_some(extra)}", _GIT_HINT if is_below(min(extra), (GIT,)) else _ADDED
        )
    missing = {name for name in expected - files.keys() if name in listed or not is_below(name, terms.ignored)}
    if missing:
        raise IntegrityError(f"{label}: signed but missing: {_some(missing)}", _HINT)
    if not terms.lenient:
        passed_over = below((*terms.ignored, GIT))
        covered = [entry for entry in entries if not passed_over(entry.name) and entry.name != signature]
        check_entries(covered, label)
        check_links(covered, label)
        if strict is not None:
            _check_strict(strict, covered, [*files], label)
    return _expected(manifest, strict, files, label)


def files_to_check(
    subjects: Sequence[Subject], entries: Sequence[TreeEntry], signature: str, terms: ModelTerms, label: str
) -> list[tuple[Piece, Digest]]:
    """Compare the names of a folder's files with those of a statement; return which file must have which digest.

    Raises IntegrityError for a file that is missing, not covered, or signed twice under one name.
    """
    files = {entry.name: entry for entry in entries if not entry.is_folder}
    signed = {subject.name: subject.digest for subject in subjects}
    if len(signed) != len(subjects):
        raise IntegrityError(f"{label}: two signed files have the same name", "verify each file by itself")
    unsafe = [name for name in signed if not is_safe(name)]
    if unsafe:
        raise IntegrityError(f"{label}: the statement names a file outside the folder", "do not unpack or load this folder")
    extra = {name for name in files.keys() - signed.keys() if name != signature and not is_below(name, terms.ignored)}
    _compare(extra, f"{label}: not covered by the signature", _ADDED)
    _compare(signed.keys() - files.keys(), f"{label}: signed but missing", _HINT)
    if not terms.lenient:
        passed_over = below(terms.ignored)
        covered = [entry for entry in entries if not passed_over(entry.name)]
        check_entries(covered, label)
        check_links(covered, label)
    return [(Piece(name, files[name].stamp), digest) for name, digest in signed.items()]


def _tolerated(entry: TreeEntry, manifest: Manifest, terms: ModelTerms) -> bool:
    """Tell whether a file that nothing covers may be there."""
    if is_below(entry.name, terms.ignored):
        return True
    if manifest.strict is not None and not terms.lenient:
        return False
    # Other tools cover nothing of these. The text files and .github are inert to whoever loads a model; .git can hold anything.
    ignored = [path for path in manifest.left_out if path in IGNORED and (terms.lenient or path != GIT)]
    return is_below(entry.name, ignored) or (terms.lenient and manifest.sharded and entry.size == 0)


def _check_strict(strict: Strict, entries: Sequence[TreeEntry], files: Sequence[str], label: str) -> None:
    found = executables(entries)
    _compare(found - strict.executables, f"{label}: made executable after signing", "chmod -x takes that away")
    _compare(strict.executables - found, f"{label}: no longer executable, as it was when signed", "chmod +x gives it back")
    folders = empty_folders(entries, files)
    _compare(folders - strict.empty_folders, f"{label}: folders that the signature does not cover", _ADDED)
    present = {entry.name for entry in entries if entry.is_folder}
    _compare(strict.empty_folders - present, f"{label}: signed but missing folders", _HINT)


def _compare(wrong: Iterable[str], what: str, hint: str) -> None:
    names = list(wrong)
    if names:
        raise IntegrityError(f"{what}: {_some(names)}", hint)


def _expected(manifest: Manifest, strict: Strict | None, files: Mapping[str, TreeEntry], label: str) -> list[tuple[Piece, Digest]]:
    ends: dict[str, int] = {}
    expected: list[tuple[Piece, Digest]] = []
    for resource in manifest.resources:
        piece = Piece(resource.name, files[resource.name].stamp, resource.start, resource.end)
        expected.append((piece, Digest(manifest.algorithm, resource.hex)))
        if manifest.sharded:
            ends[resource.name] = max(resource.end, ends.get(resource.name, 0))
    wrong = [name for name, end in ends.items() if files[name].size != end]
    if wrong:
        raise IntegrityError(f"{label}: not as long as what was signed: {_some(wrong)}", _HINT)
    for name, digest in strict.left_out.items() if strict else ():
        if name in files:
            expected.append((Piece(name, files[name].stamp), digest))
    return expected


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more
