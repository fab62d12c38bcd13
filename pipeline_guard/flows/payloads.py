# SPDX-License-Identifier: Apache-2.0
"""What is signed: which bundle is made of what, and the statement over it."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows.images import OpenImages, image_subject
from pipeline_guard.flows.subjects import Folders, path_inside
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.image import Descriptor, is_image
from pipeline_guard.model.subject import Subject
from pipeline_guard.model.tree_entry import Piece
from pipeline_guard.ports import Files, Patterns
from pipeline_guard.sign.bom import check_bom
from pipeline_guard.sign.model_check import files_of_tree, pieces_to_sign, strict_part
from pipeline_guard.sign.model_manifest import ITSELF, MODEL, SIGNATURE, model_payload
from pipeline_guard.sign.predicate import MAX_PREDICATE, read_predicate, type_uri, word_for
from pipeline_guard.sign.statement import BLOB, PROVENANCE, blob_payload, local_provenance_payload, statement_payload
from pipeline_guard.sign.subject import MAX_LIST, read_list

BUNDLE_SUFFIX = ".sigstore.json"
PREDICATES = {"blob": BLOB, "provenance": PROVENANCE}
_WILDCARDS = "*?["


@dataclass(frozen=True, slots=True)
class Predicate:
    """What somebody has to say: its type as a URI, the content, and the file it came from."""

    type: str
    content: Mapping[str, Any]
    name: str


class SubjectFiles(Files, Patterns, Protocol):
    """Files by path and by pattern."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked to have signed.

    ``type`` is "blob", "provenance", "model" or "" for by kind; ``bundle`` "" means beside each subject; ``listed`` is a file that lists
    subjects, "" for none. ``algorithm`` is for the files of a model. ``remembered`` takes over digests of an earlier run.
    ``predicate`` is what to say of the subjects, "" for what ``type`` says by itself.
    """

    subjects: tuple[str, ...]
    type: str
    bundle: str
    listed: str = ""
    algorithm: str = "sha256"
    remembered: bool = False
    predicate: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One bundle in the making; ``given`` are subjects whose digests were told, not made. The bundle of an ``image`` goes beside it."""

    subjects: tuple[str, ...]
    type: str
    bundle: str
    given: tuple[Subject, ...] = ()
    image: Descriptor | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What people call the subjects."""
        return self.subjects if self.image else (*self.subjects, *(subject.name for subject in self.given))


def plan(wanted: Wanted, files: SubjectFiles, images: OpenImages) -> list[Job]:
    """Decide which bundle is made of what, before anything is hashed.

    Raises NothingToDo where a subject is missing or a pattern matches nothing, UsageError for what cannot be signed like that.
    """
    jobs = [_image_job(subject, wanted, images) for subject in wanted.subjects if is_image(subject)]
    if jobs and wanted.bundle and len(wanted.subjects) > 1:
        raise UsageError("a bundle of its own for each image", "sign each image by itself, or leave --bundle out")
    paths = [subject for subject in wanted.subjects if not is_image(subject)]
    return [*jobs, *(_file_jobs(paths, wanted, files) if paths or wanted.listed else [])]


def _image_job(subject: str, wanted: Wanted, images: OpenImages) -> Job:
    if wanted.type == "model" or wanted.algorithm != "sha256":
        raise UsageError(f"{subject}: an image cannot be signed as a model", "leave --type and --digest out")
    found, descriptor = image_subject(subject, images)
    return Job((subject,), wanted.type or "blob", wanted.bundle, (found,), descriptor)


def _file_jobs(paths: list[str], wanted: Wanted, files: SubjectFiles) -> list[Job]:
    given = list[Subject]()
    if wanted.listed:
        more, given = read_list(files.read(wanted.listed, MAX_LIST), wanted.listed)
        paths += more
        if not wanted.bundle:
            raise UsageError("subjects of a list share one statement", "name where it goes with --bundle FILE")
    subjects = expand(paths, files)
    kinds = {subject: files.kind(subject) for subject in subjects}
    missing = [subject for subject, kind in kinds.items() if kind == "missing"]
    if missing:
        raise NothingToDo(f"no such file or folder: {', '.join(missing)[:200]}", "name what is to be signed, or a pattern that matches it")
    types = {subject: _type_of(subject, kind, wanted.type) for subject, kind in kinds.items()}
    if wanted.algorithm != "sha256" and set(types.values()) != {"model"}:
        raise UsageError(f"only the files of a model can be listed with {wanted.algorithm}", "leave --digest out: subjects have SHA-256")
    if not wanted.bundle:
        jobs = [Job((subject,), kind, _beside(subject, kind, kinds[subject], wanted.predicate)) for subject, kind in types.items()]
        check_places((job.bundle for job in jobs), files)
        return jobs
    if (len(types) > 1 or given) and "model" in (*types.values(), wanted.type):
        raise UsageError("one bundle holds one model", "sign each model on its own, or leave --bundle out")
    if wanted.bundle in types:
        raise UsageError(f"{wanted.bundle}: the signature would replace what it signs", "name another file with --bundle")
    return [Job(tuple(types), next(iter(types.values()), wanted.type or "blob"), wanted.bundle, tuple(given))]


def check_places(bundles: Iterable[str], files: Files) -> None:
    """Raise UsageError where something else lies at a place that nobody named: a link there would lead the signature elsewhere."""
    for bundle in bundles:
        if files.kind(bundle) not in ("missing", "file"):
            raise UsageError(f"{bundle}: the signature's place is taken by what is no file", "remove it, or name another with --bundle")


def expand(subjects: Sequence[str], files: SubjectFiles) -> list[str]:
    """Replace patterns by what they match, signatures left out; each subject once. Raises NothingToDo where one matches nothing."""
    found: dict[str, None] = {}
    for subject in subjects:
        if not any(character in subject for character in _WILDCARDS) or files.kind(subject) != "missing":
            found[subject] = None
            continue
        matches = [path for path in files.matching(subject) if not path.endswith(BUNDLE_SUFFIX)]
        if not matches:
            raise NothingToDo(f"nothing matches {subject[:200]}", "check the pattern: * stays in a folder, ** goes through them")
        found.update(dict.fromkeys(matches))
    return list(found)


def to_verify(subjects: Sequence[str], listed: str, files: SubjectFiles) -> list[str]:
    """Return what is to be verified: patterns replaced by what they match, and what a list names ("" for none).

    Where the list gives a digest, that is the subject, and no file is looked at. Raises UsageError, NothingToDo.
    """
    paths, given = read_list(files.read(listed, MAX_LIST), listed) if listed else ([], [])
    if not subjects and not listed:
        raise UsageError("nothing to verify was named", "pipeline-guard verify SUBJECT..., or --subjects-from FILE")
    return [*expand([*subjects, *paths], files), *dict.fromkeys(str(subject.digest) for subject in given)]


def _type_of(subject: str, kind: str, wanted: str) -> str:
    try:
        subject.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("the name of a subject is not UTF-8", "rename it; other machines could not name it either") from None
    if kind not in ("file", "folder"):
        raise UsageError(f"{subject}: neither a file nor a folder", "name the file itself, not a link to it")
    return wanted or ("model" if kind == "folder" else "blob")


def _beside(subject: str, kind: str, place: str, predicate: Predicate | None) -> str:
    if predicate is not None:
        return f"{posixpath.normpath(subject)}.{word_for(predicate.type)}{BUNDLE_SUFFIX}"
    if place == "file":
        return subject + BUNDLE_SUFFIX
    folder = posixpath.normpath(subject)
    return posixpath.join(folder, SIGNATURE) if kind == "model" else folder + BUNDLE_SUFFIX


def payload_of(job: Job, wanted: Wanted, files: Files, tree: Folders) -> bytes:
    """Hash what a job names and return the statement. Raises IntegrityError where something changes meanwhile, NothingToDo, UsageError."""
    if job.type == "model" and files.kind(job.subjects[0]) == "folder":
        return _about_model(job, wanted, tree, wanted.predicate) if wanted.predicate else _model(job, wanted, tree)
    if wanted.predicate and job.type == "model":
        raise UsageError(f"{job.subjects[0]}: a file is no model here", "leave --type out: the predicate is about the file")
    if job.type == "model":
        folder, name = posixpath.split(job.subjects[0])
        digest = tree.digests(folder, [Piece(name)], wanted.algorithm, remembered=False)[0]
        return model_payload(name, {ITSELF: digest}, "", algorithm=wanted.algorithm)
    subjects = [*([] if job.image else _subjects(job, wanted, files, tree)), *job.given]
    if wanted.predicate:
        return statement_payload(subjects, wanted.predicate.type, wanted.predicate.content)
    return blob_payload(subjects) if job.type == "blob" else local_provenance_payload(subjects)


def _about_model(job: Job, wanted: Wanted, tree: Folders, predicate: Predicate) -> bytes:
    """Return what is said of a model as a whole: the subject is the root digest that its own signature has."""
    root = posixpath.normpath(job.subjects[0])
    model = json.loads(_model(replace(job, bundle=posixpath.join(root, SIGNATURE)), replace(wanted, algorithm="sha256"), tree))
    name, digest = model["subject"][0]["name"], model["subject"][0]["digest"]["sha256"]
    files = {resource["name"]: resource["digest"] for resource in model["predicate"]["resources"]}
    check_bom(predicate.content, predicate.type, files, digest, predicate.name)
    return statement_payload([Subject(name, Digest("sha256", digest))], predicate.type, predicate.content)


def predicate_from(path: str, word: str, kind: str, files: Files) -> Predicate | None:
    """Read what to say of the subjects; None where nobody gave a file. Raises UsageError for what its type does not permit."""
    if not path:
        if word:
            raise UsageError("a type of predicate without a predicate", "give the file with --predicate FILE")
        return None
    if kind not in ("", "model"):
        raise UsageError(f"--predicate and --type {kind} are both there", "the predicate says it all: leave --type out")
    if not word:
        raise UsageError(f"{path}: of which type is this predicate?", "name it with --predicate-type, such as cyclonedx or a URI")
    uri = type_uri(word)
    if uri in (BLOB, MODEL):
        raise UsageError(f"a predicate of type {word} is not given but made", f"leave --predicate out: --type {word}")
    return Predicate(uri, read_predicate(files.read(path, MAX_PREDICATE), uri, path), path)


def _subjects(job: Job, wanted: Wanted, files: Files, tree: Folders) -> list[Subject]:
    """Hash files folder by folder, in the order they were named; a folder stands for every file in it."""
    groups: dict[str, list[str]] = {}
    found: dict[str, list[Subject]] = {}
    for path in job.subjects:
        if files.kind(path) == "folder":
            found[path] = _files_of(path, job, wanted, tree)
        else:
            folder, name = posixpath.split(path)
            groups.setdefault(folder, []).append(name)
    for folder, names in groups.items():
        digests = tree.digests(folder, [Piece(name) for name in names], "sha256")
        for name, digest in zip(names, digests, strict=True):
            found[posixpath.join(folder, name)] = [Subject(name, Digest("sha256", digest))]
    return [subject for path in job.subjects for subject in found[path]]


def _files_of(root: str, job: Job, wanted: Wanted, tree: Folders) -> list[Subject]:
    before = tree.entries(root)
    pieces = files_of_tree(before, path_inside(root, job.bundle), root)
    digests = tree.digests(root, pieces, "sha256", remembered=wanted.remembered, listed=before)
    return [Subject(piece.name, Digest("sha256", digest)) for piece, digest in zip(pieces, digests, strict=True)]


def _model(job: Job, wanted: Wanted, tree: Folders) -> bytes:
    root = job.subjects[0]
    signature = path_inside(root, job.bundle)
    before = tree.entries(root)
    chosen, more = pieces_to_sign(before, signature, root)
    digests = tree.digests(root, [*chosen, *more], wanted.algorithm, remembered=wanted.remembered, listed=before)
    values: Mapping[str, str] = {piece.name: value for piece, value in zip([*chosen, *more], digests, strict=True)}
    strict = strict_part(before, signature, {piece.name: Digest(wanted.algorithm, values[piece.name]) for piece in more})
    return model_payload(
        posixpath.basename(posixpath.normpath(root)),
        {piece.name: values[piece.name] for piece in chosen},
        signature,
        algorithm=wanted.algorithm,
        strict=strict,
    )
