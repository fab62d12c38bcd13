# SPDX-License-Identifier: Apache-2.0
"""A PKCS#11 token as our keystore: non-extractable, single-purpose keys, errors in our words.

Safe with threads and with many processes, and after the token or its module was away: see ``pool``.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.adapters.hsm import importing, probes
from pipeline_guard.adapters.hsm.library import CKA_ID, sha256_of
from pipeline_guard.adapters.hsm.objects import anchors, check_attributes, find_key, generate, put_anchor, record, remove
from pipeline_guard.adapters.hsm.pool import Lent, Pool, TokenPlace
from pipeline_guard.adapters.hsm.scheme import scheme_of
from pipeline_guard.adapters.hsm.tries import tries_of
from pipeline_guard.errors import Denied, GuardError, IntegrityError, Unavailable, UsageError
from pipeline_guard.model.boundary import Probe, TokenFacts
from pipeline_guard.model.key import USAGE_OF, KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.token_uri import TokenUri

_WRAP_FORMAT = b"\x01"  # then 12 bytes of nonce, then AES-256-GCM ciphertext and tag
_NONCE = 12


class Pkcs11Token:
    """One token; opened at first use."""

    def __init__(self, place: TokenPlace) -> None:
        self.pool = Pool(place)

    def facts(self) -> dict[str, str]:
        """Return what the token says of itself."""
        opened, library = self.pool.opened(), self.pool.library()
        token = opened.token
        return {
            "module": self.pool.place.module,
            "library": f"{library.library_description} {'.'.join(map(str, library.library_version))}",
            "label": token.label,
            "serial": opened.serial,
            "manufacturer": token.manufacturer_id,
            "model": token.model,
            "pin": tries_of(int(token.flags)).value,  # as it was before our login
        }

    def token_facts(self) -> TokenFacts:
        """Return what a judgement of this token is bound to."""
        facts = self.facts()
        return TokenFacts(facts["module"], sha256_of(facts["module"]), facts["library"], facts["serial"], facts["label"])

    def probe(self) -> Sequence[Probe]:
        """Try to get keys out of the token, on throw-away keys; see ``probes``."""
        functions = self.pool.library().module.functions
        return self.pool.use(lambda lent: probes.run(functions, lent.session.token.slot.slot_id))

    def create(
        self, name: str, version: int, key_type: KeyType, usage: KeyUsage, begun: Callable[[KeyRef], None] | None = None
    ) -> KeyRecord:
        """Generate a key; refuse it (and remove it) if the token does not hold it as asked for."""
        if USAGE_OF[key_type] is not usage:
            raise UsageError(f"a key of type {key_type.value} cannot be used to {usage.value}", f"its usage is {USAGE_OF[key_type].value}")
        identifier = secrets.token_bytes(16)
        label = f"{name}/{version}"
        ref = KeyRef(name, version, key_type, usage, identifier.hex())
        if begun is not None:
            begun(ref)
        tried = False

        def act(lent: Lent) -> str:
            nonlocal tried
            if tried:  # the token went away in the middle: nothing of that try stays
                remove(lent.session, identifier)
            tried = True
            public_pem = generate(lent.session, key_type, identifier, label)
            try:
                _read_back(lent, ref)
            except GuardError:
                remove(lent.session, identifier)
                raise
            return public_pem

        public_pem = self.pool.use(act, writable=True)
        return KeyRecord(ref, KeyState.ACTIVE, datetime.now(UTC), self.pool.opened().serial, public_pem)

    def import_rsa(self, name: str, version: int, pem: Secret, begun: Callable[[KeyRef], None] | None = None) -> KeyRecord:
        """Put a private RSA key into the token; refuse it (and remove it) if the token does not hold it as asked for."""
        private = importing.read_rsa(pem)
        identifier = secrets.token_bytes(16)
        kind = KeyType.RSA_2048 if private.key_size < 3072 else KeyType.RSA_3072
        ref = KeyRef(name, version, kind, KeyUsage.SIGN, identifier.hex())
        if begun is not None:
            begun(ref)

        def act(lent: Lent) -> None:
            remove(lent.session, identifier)  # of a try during which the token went away
            try:
                importing.put_rsa(lent.session, private, identifier, f"{name}/{version}")
                importing.check_imported(find_key(lent.session, ref))
            except GuardError:
                remove(lent.session, identifier)
                raise

        self.pool.use(act, writable=True)
        return KeyRecord(ref, KeyState.ACTIVE, datetime.now(UTC), self.pool.opened().serial, importing.public_pem_of(private))

    def destroy(self, key: KeyRef) -> None:
        """Remove every object of a key; nothing there is fine: it was removed before."""
        self.pool.use(lambda lent: remove(lent.session, bytes.fromhex(key.id)), writable=True)

    def describe(self, uri: str) -> KeyRecord:
        """Find a key of this token by URI."""
        import pkcs11

        place = TokenUri.parse(uri)
        facts = self.facts()
        asked = (place.module_path or facts["module"], place.token or facts["label"], place.serial or facts["serial"])
        if asked != (facts["module"], facts["label"], facts["serial"]):
            raise UsageError(
                f"the URI names another token than the configured one ({facts['label']})",
                "set token.uri in the configuration, or add ?module-path= to the URI",
            )
        attributes: dict[Any, Any] = {}
        if place.object:
            attributes[pkcs11.Attribute.LABEL] = place.object
        if place.id:
            attributes[pkcs11.Attribute.ID] = bytes.fromhex(place.id)

        def act(lent: Lent) -> KeyRecord:
            kinds = (pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.ObjectClass.SECRET_KEY)
            found = [key for kind in kinds for key in lent.session.get_objects({**attributes, pkcs11.Attribute.CLASS: kind})]
            if len(found) != 1:
                count = "no key" if not found else f"{len(found)} keys"
                raise UsageError(
                    f"the URI names {count} in the token", "name one key by object= or id=; a key made here is called NAME/VERSION"
                )
            return record(lent.session, found[0], facts["serial"])

        return self.pool.use(act)

    def sign(self, key: KeyRef, message: bytes) -> bytes:
        """Return a signature in the form of the port; for EC keys the token sees the digest only."""
        if key.usage is not KeyUsage.SIGN:
            raise Denied(f"the key {key.name} is not a signing key", "create one: pipeline-guard keys create NAME")
        scheme = scheme_of(key.type)
        data = hashlib.new(scheme.prehash, message).digest() if scheme.prehash else message
        return scheme.encode(self.pool.use(lambda lent: lent.sign(key, scheme, data), by_handle=True))

    def wrap(self, key: KeyRef, data_key: Secret, associated: bytes) -> bytes:
        """Encrypt a data key in the token with AES-256-GCM; the nonce comes from the operating system."""
        import pkcs11

        _need_wrapping(key)
        nonce = secrets.token_bytes(_NONCE)
        gcm = {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": pkcs11.GCMParams(nonce, aad=associated)}
        sealed = self.pool.use(lambda lent: bytes(lent.key(key).encrypt(data_key.reveal(), **gcm)), by_handle=True)
        return _WRAP_FORMAT + nonce + sealed

    def unwrap(self, key: KeyRef, wrapped: bytes, associated: bytes) -> Secret:
        """Decrypt a data key in the token; raise IntegrityError for whatever does not decrypt."""
        import pkcs11

        _need_wrapping(key)
        if wrapped[:1] != _WRAP_FORMAT or len(wrapped) < 1 + _NONCE + 16:
            raise _does_not_unwrap()
        gcm = {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": pkcs11.GCMParams(wrapped[1 : 1 + _NONCE], aad=associated)}
        body = wrapped[1 + _NONCE :]

        refusals = 0

        def act(lent: Lent) -> bytes:
            nonlocal refusals
            handle = lent.key(key)
            try:
                return bytes(handle.decrypt(body, **gcm))
            except (pkcs11.GeneralError, pkcs11.EncryptedDataInvalid, pkcs11.EncryptedDataLenRange, pkcs11.FunctionFailed):
                # SoftHSM 2.6 says "general error" for a tag that does not fit, 2.7 says what it is; but a token that is gone
                # gives the same error, and then the row is sound. A key that still answers by its id, twice, tells which.
                refusals += 1
                if refusals < 2 or not lent.module.holds(lent.session.handle, handle.handle, CKA_ID, bytes.fromhex(key.id)):
                    raise
                raise _does_not_unwrap() from None

        return Secret(self.pool.use(act))

    def anchored(self, store: str) -> tuple[int, str] | None:
        """Return the record that a data object of the token names."""
        return self.pool.use(lambda lent: max(anchors(lent.session, store), default=None))

    def anchor(self, store: str, seq: int, digest: str) -> None:
        """Write the new data object, then remove older ones: killed in between, the later one counts."""

        def act(lent: Lent) -> None:
            if max(anchors(lent.session, store), default=(0, "")) < (seq, digest):
                put_anchor(lent.session, store, seq, digest)

        self.pool.use(act, writable=True)


def _read_back(lent: Lent, ref: KeyRef) -> None:
    """Check a new key's attributes; SoftHSM 2.6 may give a wrong one while another thread makes an object, but not thrice."""
    for pause in (0.005, 0.05):
        try:
            check_attributes(find_key(lent.session, ref))
        except (IntegrityError, Unavailable):
            time.sleep(pause)
        else:
            return
    check_attributes(find_key(lent.session, ref))


def _need_wrapping(key: KeyRef) -> None:
    if key.usage is not KeyUsage.WRAP:
        raise Denied(f"the key {key.name} is not a wrapping key", "create one: pipeline-guard keys create NAME --type aes-256")


def _does_not_unwrap() -> IntegrityError:
    return IntegrityError("a data key does not unwrap", "the stored row, or the key it names, was changed")
