# SPDX-License-Identifier: Apache-2.0
"""verify: bundle -> statement -> is it about this subject, and is the subject still what was signed."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline_guard.errors import Denied, IntegrityError, NothingToDo, UsageError
from pipeline_guard.flows.payloads import BUNDLE_SUFFIX
from pipeline_guard.flows.subjects import Folders, Said, compare
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.key import KeyState
from pipeline_guard.model.model_terms import STRICT, ModelTerms
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.ports import Files, KeyRegister, Keystore
from pipeline_guard.sign.bundle import MAX_BUNDLE
from pipeline_guard.sign.model_manifest import SIGNATURE
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.verify import verify_bundle

_PEM_LIMIT = 64 * 1024
_PEM_NAMES = (".pem", ".pub")
# A key that was never active cannot have signed; one that is compromised proves nothing (SP 800-57 Part 1, section 7).
_MISTRUSTED = (KeyState.PRE_ACTIVATION, KeyState.COMPROMISED)


@dataclass(frozen=True, slots=True)
class VerifyDoors:
    """What verifying needs of the world."""

    files: Files
    tree: Folders


@dataclass(frozen=True, slots=True)
class KeyDoors:
    """Where a named key is looked up; opened only where the key is no PEM file."""

    register: Callable[[], KeyRegister]
    token: Callable[[], Keystore]


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer for one subject: ``why`` and ``hint`` are empty where it is verified; ``key`` is the fingerprint asked for."""

    subject: str
    verified: bool
    bundle: str
    key: str
    why: str = ""
    hint: str = ""
    digest: str = ""
    predicate_type: str = ""


def verify(subjects: Sequence[str], bundle: str, public_pem: str, *, doors: VerifyDoors, terms: ModelTerms = STRICT) -> list[Verification]:
    """Verify every subject, going on after failures. Raises NothingToDo where none exists, UsageError for a bad key or digest."""
    key = load(public_pem).fingerprint
    if not any(_present(subject, bundle, doors) for subject in subjects):
        raise NothingToDo(f"no such file or folder: {', '.join(subjects)[:200]}", "name what is to be verified; patterns are for the shell")
    answers = []
    for subject in subjects:
        place = bundle or default_bundle(subject, doors)
        try:
            statement, digest = _verified(subject, place, public_pem, doors, terms)
        except (IntegrityError, UsageError) as error:
            answers.append(Verification(subject, False, place, key, error.what, error.hint))
        else:
            answers.append(Verification(subject, True, place, key, digest=str(digest), predicate_type=statement.predicate_type))
    return answers


def verify_one(subject: str, bundle_path: str, public_pem: str, *, doors: VerifyDoors, terms: ModelTerms = STRICT) -> VerifiedStatement:
    """Return what the key says about one file, model folder or ``sha256:HEX``; ``bundle_path`` "" means beside the subject.

    Raises IntegrityError where it does not hold (a missing bundle included), UsageError where something cannot be read.
    """
    return _verified(subject, bundle_path or default_bundle(subject, doors), public_pem, doors, terms)[0]


def default_bundle(subject: str, doors: VerifyDoors) -> str:
    """Return where the bundle of a subject lies if nobody says otherwise."""
    if doors.files.kind(subject) == "folder":
        folder = posixpath.normpath(subject)
        inside, beside = posixpath.join(folder, SIGNATURE), folder + BUNDLE_SUFFIX
        return beside if doors.files.kind(inside) == "missing" and doors.files.kind(beside) == "file" else inside
    return subject + BUNDLE_SUFFIX


def find_public_key(named: str, *, files: Files, keys: KeyDoors) -> str:
    """Return a public key as PEM: of a file if ``named`` looks like a path, else of a key by its name or pkcs11: URI.

    A name never falls back to a file, so that no file of a change under review can take a key's place.
    Raises UsageError where there is no such key, Denied where its state forbids to trust it.
    """
    if named.startswith("pkcs11:"):
        record = keys.token().describe(named)
    elif "/" in named or named.endswith(_PEM_NAMES):
        return files.read(named, _PEM_LIMIT).decode("utf-8", "surrogateescape")
    else:
        found = keys.register().key(named)
        if found is None:
            hint = f"for a file write ./{named}" if files.kind(named) == "file" else "pipeline-guard keys list shows the keys"
            raise UsageError(f"no key called {named}", hint)
        record = found
    if record.state in _MISTRUSTED:
        raise Denied(
            f"key {record.ref.name} is {record.state.value}: its signatures prove nothing", "have the subject signed with another key"
        )
    if not record.public_pem:
        raise UsageError(f"key {record.ref.name} has no public half", "name a signing key")
    return record.public_pem


def _present(subject: str, bundle: str, doors: VerifyDoors) -> bool:
    if not is_digest(subject):
        return doors.files.kind(subject) != "missing"
    Digest.parse(subject)
    if not bundle:
        raise UsageError(f"{subject[:80]}: a digest says nothing of where its bundle lies", "name it with --bundle FILE")
    return True


def is_digest(subject: str) -> bool:
    """Tell whether a subject is meant as a digest."""
    return subject.startswith("sha256:")


def _verified(subject: str, bundle: str, public_pem: str, doors: VerifyDoors, terms: ModelTerms) -> tuple[VerifiedStatement, Digest]:
    kind = "digest" if is_digest(subject) else doors.files.kind(subject)
    if kind == "missing":
        raise IntegrityError(f"{subject}: no such file or folder", "check the path")
    if kind not in ("digest", "file", "folder"):
        raise UsageError(f"{subject}: neither a file nor a folder", "name the file itself, not a link to it")
    if doors.files.kind(bundle) == "missing":
        raise IntegrityError(f"{bundle}: no signature there", f"pipeline-guard sign {subject} makes it; --bundle names another place")
    statement = verify_bundle(doors.files.read(bundle, MAX_BUNDLE), public_pem, bundle)
    return statement, compare(subject, kind, Said.by(statement, bundle), doors.tree, terms)[0]
