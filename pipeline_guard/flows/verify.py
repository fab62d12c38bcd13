# SPDX-License-Identifier: Apache-2.0
"""verify: bundle -> statement -> is it about this subject, and is the subject still what was signed."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline_guard.errors import IntegrityError, NothingToDo, UsageError
from pipeline_guard.flows.evidence import Evidence, is_there, look_at_image, no_images
from pipeline_guard.flows.images import OpenImages
from pipeline_guard.flows.key_report import timeline as timeline_document
from pipeline_guard.flows.payloads import BUNDLE_SUFFIX
from pipeline_guard.flows.subjects import Folders, Said, compare_said
from pipeline_guard.flows.trust import Trust, asked_for
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.image import is_image
from pipeline_guard.model.model_terms import STRICT, ModelTerms
from pipeline_guard.model.signature import Judgement, NotVerified, SignatureVerdict
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.model.timeline import KeyTimeline
from pipeline_guard.model.verification import Attested, Verification
from pipeline_guard.ports import Clock, Files, KeyLedger, Keystore
from pipeline_guard.sign.model_manifest import SIGNATURE
from pipeline_guard.sign.predicate import facts_of
from pipeline_guard.sign.timeline import MAX_TIMELINE, bare, from_document, read_timeline

_FILE_NAMES = (".pem", ".pub", ".json")


@dataclass(frozen=True, slots=True)
class VerifyDoors:
    """What verifying needs of the world, and how strictly folders are compared with what was signed."""

    files: Files
    tree: Folders
    clock: Clock
    terms: ModelTerms = STRICT
    images: OpenImages = no_images


@dataclass(frozen=True, slots=True)
class KeyDoors:
    """Where a named key is looked up; opened only where the key is no file."""

    register: Callable[[], KeyLedger]
    token: Callable[[], Keystore]


def verify(subjects: Sequence[str], bundle: str, trust: Trust, *, doors: VerifyDoors) -> list[Verification]:
    """Verify every subject, going on after failures. Raises NothingToDo where none exists, UsageError for a bad digest."""
    check_present(subjects, bundle, doors)
    evidence = Evidence(trust, doors)
    return [_answer(subject, bundle, evidence, doors) for subject in subjects]


def attested(statement: VerifiedStatement) -> Attested:
    """Return a verified statement as it is told."""
    facts = facts_of(statement.predicate_type, statement.predicate)
    return Attested(statement.payload_digest, statement.predicate_type, statement.subjects, facts, statement.media_type)


def caveats(subject: str, judgement: Judgement, doors: VerifyDoors) -> tuple[str, ...]:
    """Return what an answer that holds does not say: sentences."""
    found, terms = [], doors.terms
    if judgement.by.key_type and not judgement.by.key_name and not judgement.by.identity:
        found.append("a bare key: if it was revoked or has ended, nothing here tells")
    if not is_image(subject) and not is_digest(subject) and doors.files.kind(subject) == "folder":
        found += [f"not looked at: {path}" for path in terms.ignored]
        if terms.lenient:
            found.append("compared leniently: executable bits, empty folders and what git keeps were not looked at")
        if terms.remembered:
            found.append("files that nobody has written to since, as far as times tell, were not read")
    return tuple(found)


def check_present(subjects: Sequence[str], bundle: str, doors: VerifyDoors) -> None:
    """Raise NothingToDo where no subject exists, UsageError for a digest that is none or whose ``bundle`` nobody named."""
    if not any(_present(subject, bundle, doors) for subject in subjects):
        raise NothingToDo(
            f"no such file or folder: {', '.join(subjects)[:200]}", "name what is to be verified, or a pattern that matches it"
        )


def _answer(subject: str, bundle: str, evidence: Evidence, doors: VerifyDoors) -> Verification:
    asked = asked_for(evidence.trust)
    bundle = bundle or default_bundle(subject, doors)
    try:
        said, (digest, signed_as) = _verified(subject, bundle, evidence, doors)
    except NotVerified as error:
        return Verification(subject, error.verdict, bundle, asked, error.what, error.hint)
    except IntegrityError as error:
        return Verification(subject, SignatureVerdict.TAMPERED, bundle, asked, error.what, error.hint)
    except UsageError as error:
        return Verification(subject, SignatureVerdict.UNREADABLE, bundle, asked, error.what, error.hint)
    statement, judgement = said.statement, said.statement.judgement
    return Verification(
        subject,
        judgement.verdict,
        said.bundle,
        asked,
        judgement.why,
        digest=str(digest),
        signed_as=signed_as,
        predicate_type=statement.predicate_type,
        judgement=judgement,
        attested=attested(statement),
        warnings=caveats(subject, judgement, doors),
    )


def verify_one(subject: str, bundle_path: str, trust: Trust, *, doors: VerifyDoors) -> VerifiedStatement:
    """Return what the key says about one file, model folder or ``sha256:HEX``; ``bundle_path`` "" means beside the subject.

    Raises IntegrityError where it does not hold (a missing bundle included), UsageError where something cannot be read.
    """
    bundle = bundle_path or default_bundle(subject, doors)
    return _verified(subject, bundle, Evidence(trust, doors), doors)[0].statement


def default_bundle(subject: str, doors: VerifyDoors) -> str:
    """Return where the bundle of a subject lies if nobody says otherwise; that of an image lies beside it."""
    if is_image(subject):
        return subject
    if doors.files.kind(subject) == "folder":
        folder = posixpath.normpath(subject)
        inside, beside = posixpath.join(folder, SIGNATURE), folder + BUNDLE_SUFFIX
        return beside if doors.files.kind(inside) == "missing" and doors.files.kind(beside) == "file" else inside
    return subject + BUNDLE_SUFFIX


def find_key(named: str, *, files: Files, keys: KeyDoors, clock: Clock) -> KeyTimeline:
    """Return a key with its life: of a file (PEM, or an exported timeline) if ``named`` looks like a path, else by name or pkcs11: URI.

    A name never falls back to a file, so that no file of a change under review can take a key's place.
    Raises UsageError where there is no such key.
    """
    if named.startswith("pkcs11:"):
        record = keys.token().describe(named)
        if not record.public_pem:
            raise UsageError(f"key {record.ref.name} has no public half", "name a signing key")
        return bare(record.public_pem, record.ref.name)
    if is_key_file(named):
        return key_in(files.read(named, MAX_TIMELINE), named)
    ledger = keys.register()
    if not ledger.versions(named):
        hint = f"for a file write ./{named}" if files.kind(named) == "file" else "pipeline-guard keys list shows the keys"
        raise UsageError(f"no key called {named}", hint)
    return from_document(timeline_document(named, clock.now(), ledger), named)


def is_key_file(named: str) -> bool:
    """Tell whether a key is named by a file."""
    return "/" in named or named.endswith(_FILE_NAMES)


def key_in(content: bytes, name: str) -> KeyTimeline:
    """Read a key file: a public key as PEM, or an exported timeline. Raises UsageError for anything else."""
    if name.endswith(".json") or content.lstrip()[:1] == b"{":
        return read_timeline(content, name)
    return bare(content.decode("utf-8", "surrogateescape"))


def _present(subject: str, bundle: str, doors: VerifyDoors) -> bool:
    if is_image(subject):
        return True  # it is looked up when its turn comes
    if not is_digest(subject):
        return doors.files.kind(subject) != "missing"
    Digest.parse(subject)
    if not bundle:
        raise UsageError(f"{subject[:80]}: a digest says nothing of where its bundle lies", "name it with --bundle FILE")
    return True


def is_digest(subject: str) -> bool:
    """Tell whether a subject is meant as a digest."""
    return subject.startswith(("sha256:", "sha384:", "sha512:"))


def _verified(subject: str, bundle: str, evidence: Evidence, doors: VerifyDoors) -> tuple[Said, tuple[Digest, str]]:
    kind = kind_of(subject, doors)
    if kind == "image":
        return _verified_image(subject, "" if bundle == subject else bundle, evidence, doors)
    _check_there(subject, bundle, doors)
    said = evidence.said(bundle)
    return said, compare_said(subject, kind, said, doors.tree, doors.terms)


def _verified_image(text: str, bundle: str, evidence: Evidence, doors: VerifyDoors) -> tuple[Said, tuple[Digest, str]]:
    """Take the first bundle of an image that holds; raise what says most where none does."""
    image, places = look_at_image(text, doors)
    refusals: list[IntegrityError | UsageError] = []
    for place in [bundle] if bundle else places:
        _check_there(text, place, doors)
        try:
            said = evidence.said(place)
            digest, name = compare_said(str(image.digest), "digest", said, doors.tree, doors.terms)
        except (IntegrityError, UsageError) as error:
            refusals.append(error)
        else:
            return said, (digest, "" if name == image.name else name)
    if not refusals:
        raise NotVerified(SignatureVerdict.NO_SIGNATURE, f"{text}: nothing refers to it that is a signature", f"pipeline-guard sign {text}")
    raise next((error for error in refusals if not _is_anothers(error)), refusals[0])


def _is_anothers(error: IntegrityError | UsageError) -> bool:
    """Tell whether a bundle is only somebody else's, as any image may have many."""
    return isinstance(error, NotVerified) and error.verdict in (SignatureVerdict.UNKNOWN_KEY, SignatureVerdict.NOT_BY_POLICY)


def _check_there(subject: str, bundle: str, doors: VerifyDoors) -> None:
    if not is_there(bundle, doors):
        hint = f"pipeline-guard sign {subject} makes it; --bundle names another place"
        raise NotVerified(SignatureVerdict.NO_SIGNATURE, f"{bundle}: no signature there", hint)


def kind_of(subject: str, doors: VerifyDoors) -> str:
    """Return "digest", "image", "file" or "folder". Raises NotVerified or UsageError for what cannot be verified."""
    if is_image(subject):
        return "image"
    kind = "digest" if is_digest(subject) else doors.files.kind(subject)
    if kind == "missing":
        raise NotVerified(SignatureVerdict.UNREADABLE, f"{subject}: no such file or folder", "check the path")
    if kind not in ("digest", "file", "folder"):
        raise UsageError(f"{subject}: neither a file nor a folder", "name the file itself, not a link to it")
    return kind
