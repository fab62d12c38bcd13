# SPDX-License-Identifier: Apache-2.0
"""The one way from an unverified bundle to a verified statement."""

from __future__ import annotations

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.bundle import read_bundle
from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.statement import read_statement


def verify_bundle(unverified_bundle: bytes, public_pem: str, name: str) -> VerifiedStatement:
    """Return what the owner of the key has signed; the only maker of VerifiedStatement.

    ``name`` tells people which bundle is meant. Raises IntegrityError for whatever is irregular about the bundle,
    UsageError where ``public_pem`` is no public key. Whether a subject is the one at hand is for the caller to compare.
    """
    key = load(public_pem)
    envelope = read_bundle(unverified_bundle, name)
    if envelope.hint and not key.is_named_by(envelope.hint):
        raise IntegrityError(f"{name}: made with another key", f"the key given is sha256:{key.fingerprint}; give the signer's")
    if not key.accepts(envelope.signature, pae(envelope.payload)):
        raise IntegrityError(f"{name}: the signature does not verify", "the bundle was changed, or another key has signed it")
    statement = read_statement(envelope.payload, name)
    return VerifiedStatement(
        statement.subjects,
        statement.predicate_type,
        statement.predicate,
        Digest.sha256(envelope.payload),
        key.fingerprint,
    )
