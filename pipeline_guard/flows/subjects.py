# SPDX-License-Identifier: Apache-2.0
"""Is a subject what a verified statement speaks about: a digest, a file, a model, a folder of files."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.model_terms import STRICT, ModelTerms
from pipeline_guard.model.signature import NotVerified, SignatureVerdict
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.tree_entry import Piece, TreeEntry
from pipeline_guard.ports import Contents, Tree
from pipeline_guard.sign.model_check import files_to_check, pieces_to_check
from pipeline_guard.sign.model_manifest import MODEL, SIGNATURE, Manifest, read_manifest
from pipeline_guard.sign.subject import SubjectIndex

PQ_SUFFIX = ".pq.sigstore.json"  # the same payload, signed with ML-DSA
_CHANGED = "it was changed after signing; fetch it again, or have it signed again if the change is meant"
_SHOWN = 3


class Folders(Tree, Contents, Protocol):
    """Folders, one file at a time or all at once."""


@dataclass(frozen=True, slots=True)
class Said:
    """A verified statement with its subjects in reach; ``bundle`` is where it was read."""

    statement: VerifiedStatement
    index: SubjectIndex
    bundle: str

    @staticmethod
    def by(statement: VerifiedStatement, bundle: str) -> Said:
        """Index a statement."""
        return Said(statement, SubjectIndex(statement.subjects), bundle)


def compare(
    subject: str, kind: str, statement: VerifiedStatement, bundle: str, tree: Folders, terms: ModelTerms = STRICT
) -> tuple[Digest, str]:
    """Return the digest under which a subject was signed, and its name there if that is another one.

    ``kind`` is "digest", "file" or "folder". Raises IntegrityError where it is not what was signed, UsageError where it cannot be read.
    """
    return compare_said(subject, kind, Said.by(statement, bundle), tree, terms)


def compare_said(subject: str, kind: str, said: Said, tree: Folders, terms: ModelTerms = STRICT) -> tuple[Digest, str]:
    """Do the same with a statement that is asked about many subjects."""
    if kind == "digest":
        return _check_digest(Digest.parse(subject), said)
    if kind == "folder" and said.statement.predicate_type == MODEL:
        return _check_model(subject, said, tree, terms)
    if kind == "folder":
        return _check_tree(subject, said, tree, terms)
    if said.statement.predicate_type == MODEL:
        return _check_model_file(subject, said, tree)
    return _check_file(subject, said, tree)


def path_inside(root: str, path: str) -> str:
    """Return ``path`` relative to ``root`` where it lies below it, "" elsewhere; both by their spelling alone."""
    prefix = posixpath.normpath(root) + "/"
    path = posixpath.normpath(path)
    return path[len(prefix) :] if path.startswith(prefix) else ""


def _check_digest(digest: Digest, said: Said) -> tuple[Digest, str]:
    for subject in said.index.with_digest(digest):
        return digest, subject.name
    raise _wrong_subject(f"{said.bundle}: the signature is about something else than {digest}", "give the bundle that was made for it")


def _check_file(path: str, said: Said, tree: Folders) -> tuple[Digest, str]:
    folder, name = posixpath.split(path)
    own = [Digest(algorithm, tree.digest(folder, name, algorithm)) for algorithm in said.index.algorithms]
    found = [subject for digest in own for subject in said.index.with_digest(digest)]
    namesakes = said.index.named(name)
    for subject in found:
        if subject in namesakes:
            return subject.digest, ""
    if namesakes:
        raise IntegrityError(f"{path}: not the content that was signed under this name", _CHANGED)
    if not found:
        names = ", ".join(subject.name for subject in said.statement.subjects[:_SHOWN] if subject.name) or "something without a name"
        raise _wrong_subject(f"{path}: not what was signed ({names[:100]})", _CHANGED)
    alike = said.index.alike(name)
    if alike and not any(subject in alike for subject in found):
        what = f"{path}: not the content that was signed as {alike[0].name}, which is the same name on other systems"
        raise IntegrityError(what, _CHANGED)
    return found[0].digest, found[0].name


def _check_model_file(path: str, said: Said, tree: Folders) -> tuple[Digest, str]:
    manifest = read_manifest(said.statement, said.bundle)
    if not manifest.is_file:
        # A file made of a model's raw digests has the model's root digest.
        raise _wrong_subject(f"{said.bundle}: this signature is for a model folder, not for a file", "verify the folder")
    folder, name = posixpath.split(path)
    pieces = [Piece(name, None, resource.start, resource.end) for resource in manifest.resources]
    if list(tree.digests(folder, pieces, manifest.algorithm)) != [resource.hex for resource in manifest.resources]:
        raise IntegrityError(f"{path}: not the content that was signed", _CHANGED)
    return _signed_as(said, name)


def _check_model(root: str, said: Said, tree: Folders, terms: ModelTerms) -> tuple[Digest, str]:
    manifest = read_manifest(said.statement, said.bundle)
    if manifest.is_file:
        raise _wrong_subject(f"{said.bundle}: this signature is for a file, not for a folder", "verify the file")
    _check_content(root, manifest, said, tree, terms)
    return _signed_as(said, posixpath.basename(posixpath.normpath(root)))


def _check_content(root: str, manifest: Manifest, said: Said, tree: Folders, terms: ModelTerms) -> None:
    before = tree.entries(root)
    own = path_inside(root, said.bundle)
    if said.bundle.endswith(PQ_SUFFIX) and SIGNATURE in manifest.left_out:
        own = SIGNATURE  # the other half of a hybrid signature, over this very payload
    expected = pieces_to_check(manifest, before, own, terms, root)
    _check_digests(root, expected, before, tree, terms)


def _check_tree(root: str, said: Said, tree: Folders, terms: ModelTerms) -> tuple[Digest, str]:
    """Compare a folder with a statement about files: all of them, nothing else."""
    before = tree.entries(root)
    expected = files_to_check(said.statement.subjects, before, path_inside(root, said.bundle), terms, root)
    _check_digests(root, expected, before, tree, terms)
    return said.statement.payload_digest, ""


def _check_digests(
    root: str, expected: Sequence[tuple[Piece, Digest]], listed: Sequence[TreeEntry], tree: Folders, terms: ModelTerms
) -> None:
    for algorithm in sorted({digest.algorithm for _, digest in expected}):
        pieces = [(piece, digest.hex) for piece, digest in expected if digest.algorithm == algorithm]
        found = tree.digests(root, [piece for piece, _ in pieces], algorithm, remembered=terms.remembered, listed=listed)
        wrong = sorted({piece.name for (piece, signed), value in zip(pieces, found, strict=True) if value != signed})
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise IntegrityError(f"{posixpath.join(root, wrong[0])}: not the content that was signed{more}", _CHANGED)


def _signed_as(said: Said, name: str) -> tuple[Digest, str]:
    signed = said.statement.subjects[0]
    return signed.digest, signed.name if signed.name != name else ""


def _wrong_subject(what: str, hint: str) -> NotVerified:
    return NotVerified(SignatureVerdict.WRONG_SUBJECT, what, hint)
