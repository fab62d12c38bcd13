# SPDX-License-Identifier: Apache-2.0
"""A PKCS#11 token as our keystore: non-extractable, single-purpose keys, a session pool, errors in our words.

Safe with threads (operating-system locking, one session a caller) and with many processes (opening is retried with
jitter; a handle that another process has invalidated is looked up once more).
"""

from __future__ import annotations

import hashlib
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.adapters.hsm import probes
from pipeline_guard.adapters.hsm.library import load, sha256_of
from pipeline_guard.adapters.hsm.objects import (
    anchors,
    check_attributes,
    find_key,
    generate,
    put_anchor,
    record,
    remove,
    select_token,
    translate,
)
from pipeline_guard.adapters.hsm.scheme import scheme_of
from pipeline_guard.errors import Denied, GuardError, IntegrityError, Unavailable, UsageError
from pipeline_guard.model.boundary import Probe, TokenFacts
from pipeline_guard.model.key import USAGE_OF, KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.token_uri import TokenUri

_TRIES = 12
_MOST_SESSIONS = 16  # hardware has few; SoftHSM gains nothing from more
_WRAP_FORMAT = b"\x01"  # then 12 bytes of nonce, then AES-256-GCM ciphertext and tag
_NONCE = 12


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a token is and how it is opened. ``prepare`` runs before opening, both inside ``guard``."""

    module: str
    label: str
    serial: str
    pin: Callable[[], Secret]
    arguments: str = ""
    prepare: Callable[[], None] = lambda: None
    guard: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass(slots=True)
class _Pool:
    """Sessions of one token. The login lives in ``anchor``: closing it would log every session out."""

    token: Any
    anchor: Any
    idle: list[Any] = field(default_factory=list)


class Pkcs11Token:
    """One token; opened at first use."""

    def __init__(self, place: TokenPlace) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_MOST_SESSIONS)
        self._pool: _Pool | None = None

    def facts(self) -> dict[str, str]:
        """Return what the token says of itself."""
        token, library = self._opened().token, load(self._place.module, self._place.arguments)
        return {
            "module": self._place.module,
            "library": f"{library.library_description} {'.'.join(map(str, library.library_version))}",
            "label": token.label,
            "serial": bytes(token.serial).decode("ascii", "replace").strip(),
            "manufacturer": token.manufacturer_id,
            "model": token.model,
        }

    def token_facts(self) -> TokenFacts:
        """Return what a judgement of this token is bound to."""
        facts = self.facts()
        return TokenFacts(facts["module"], sha256_of(facts["module"]), facts["library"], facts["serial"], facts["label"])

    def probe(self) -> Sequence[Probe]:
        """Try to get keys out of the token, on throw-away keys; see ``probes``."""
        pool = self._opened()
        return probes.run(load(self._place.module, self._place.arguments).module.functions, pool.token.slot.slot_id)

    def create(self, name: str, version: int, key_type: KeyType, usage: KeyUsage) -> KeyRecord:
        """Generate a key; refuse it (and remove it) if the token does not hold it as asked for."""
        if USAGE_OF[key_type] is not usage:
            raise UsageError(f"a key of type {key_type.value} cannot be used to {usage.value}", f"its usage is {USAGE_OF[key_type].value}")
        identifier = secrets.token_bytes(16)
        label = f"{name}/{version}"
        with self._session(writable=True) as session:
            public_pem = generate(session, key_type, identifier, label)
            ref = KeyRef(name, version, key_type, usage, identifier.hex())
            try:
                check_attributes(find_key(session, ref))
            except GuardError:
                remove(session, identifier)
                raise
        return KeyRecord(ref, KeyState.ACTIVE, datetime.now(UTC), self.facts()["serial"], public_pem)

    def destroy(self, key: KeyRef) -> None:
        """Remove every object of a key; nothing there is fine: it was removed before."""
        with self._session(writable=True) as session:
            remove(session, bytes.fromhex(key.id))

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
        with self._session() as session:
            kinds = (pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.ObjectClass.SECRET_KEY)
            found = [key for kind in kinds for key in session.get_objects({**attributes, pkcs11.Attribute.CLASS: kind})]
            if len(found) != 1:
                count = "no key" if not found else f"{len(found)} keys"
                raise UsageError(f"the URI names {count} in the token", "name one key by object= or id=")
            return record(session, found[0], facts["serial"])

    def sign(self, key: KeyRef, message: bytes) -> bytes:
        """Return a signature in the form of the port; for EC keys the token sees the digest only."""
        if key.usage is not KeyUsage.SIGN:
            raise Denied(f"the key {key.name} is not a signing key", "create one: pipeline-guard keys create NAME")
        scheme = scheme_of(key.type)
        data = hashlib.new(scheme.prehash, message).digest() if scheme.prehash else message
        raw = self._with_key(key, lambda handle: bytes(handle.sign(data, mechanism=scheme.mechanism)))
        return scheme.encode(raw)

    def wrap(self, key: KeyRef, data_key: Secret, associated: bytes) -> bytes:
        """Encrypt a data key in the token with AES-256-GCM; the nonce comes from the operating system."""
        import pkcs11

        _need_wrapping(key)
        nonce = secrets.token_bytes(_NONCE)
        parameters = pkcs11.GCMParams(nonce, aad=associated)
        sealed = self._with_key(
            key, lambda handle: bytes(handle.encrypt(data_key.reveal(), mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=parameters))
        )
        return _WRAP_FORMAT + nonce + sealed

    def unwrap(self, key: KeyRef, wrapped: bytes, associated: bytes) -> Secret:
        """Decrypt a data key in the token; raise IntegrityError for whatever does not decrypt."""
        import pkcs11

        _need_wrapping(key)
        if wrapped[:1] != _WRAP_FORMAT or len(wrapped) < 1 + _NONCE + 16:
            raise _does_not_unwrap()
        parameters = pkcs11.GCMParams(wrapped[1 : 1 + _NONCE], aad=associated)
        body = wrapped[1 + _NONCE :]

        def decrypt(handle: Any) -> bytes:
            try:
                return bytes(handle.decrypt(body, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=parameters))
            except (pkcs11.GeneralError, pkcs11.EncryptedDataInvalid, pkcs11.EncryptedDataLenRange, pkcs11.FunctionFailed):
                # SoftHSM 2.6 says "general error" for a tag that does not fit, 2.7 says what it is
                raise _does_not_unwrap() from None

        return Secret(self._with_key(key, decrypt))

    def anchored(self, store: str) -> tuple[int, str] | None:
        """Return the record that a data object of the token names."""
        with self._session() as session:
            return max(anchors(session, store), default=None)

    def anchor(self, store: str, seq: int, digest: str) -> None:
        """Write the new data object, then remove older ones: killed in between, the later one counts."""
        with self._session(writable=True) as session:
            if max(anchors(session, store), default=(0, "")) < (seq, digest):
                put_anchor(session, store, seq, digest)

    def _with_key(self, key: KeyRef, act: Callable[[Any], bytes]) -> bytes:
        """Find the key and use it; look it up once more where its handle went stale."""
        import pkcs11

        with self._session() as session:
            try:
                return act(find_key(session, key))
            except (pkcs11.ObjectHandleInvalid, pkcs11.KeyHandleInvalid):
                return act(find_key(session, key))

    @contextmanager
    def _session(self, *, writable: bool = False) -> Iterator[Any]:
        """Lend a session of the pool; a session that failed is closed, not returned. Foreign errors end here."""
        import pkcs11

        with self._slots:
            pool = self._opened()
            session = None
            try:
                with self._lock:
                    session = pool.idle.pop() if pool.idle and not writable else None
                if session is None:
                    session = pool.token.open(rw=writable)
                yield session
            except pkcs11.exceptions.PKCS11Error as error:
                self._drop(session)
                raise translate(error, self._place.module) from None
            except GuardError:  # ours: the session itself is sound
                self._give_back(pool, session, writable=writable)
                raise
            except BaseException:
                self._drop(session)
                raise
            else:
                self._give_back(pool, session, writable=writable)

    def _give_back(self, pool: _Pool, session: Any, *, writable: bool) -> None:
        if writable or session is None:
            self._drop(session)
            return
        with self._lock:
            pool.idle.append(session)

    @staticmethod
    def _drop(session: Any) -> None:
        import pkcs11

        if session is not None:
            with suppress(pkcs11.exceptions.PKCS11Error):
                session.close()

    def _opened(self) -> _Pool:
        with self._lock:
            if self._pool is None:
                self._pool = self._open()
            return self._pool

    def _open(self) -> _Pool:
        """Open and log in. Simultaneous starts fail at random on some modules: try again, but never a PIN."""
        try:
            import pkcs11
        except ImportError:
            raise Unavailable("python-pkcs11 is not installed", 'pip install "pipeline-guard[hsm]"') from None
        transient = (
            pkcs11.NoSuchToken, pkcs11.GeneralError, pkcs11.UserPinNotInitialized, pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised,
            pkcs11.FunctionFailed, pkcs11.DeviceError, pkcs11.SlotIDInvalid,
        )  # fmt: skip
        with self._place.guard():
            self._place.prepare()
            pin = self._place.pin()
            for attempt in range(_TRIES):
                library = load(self._place.module, self._place.arguments)
                try:
                    token = select_token(library, self._place.label, self._place.serial)
                    return _Pool(token, _login(token, pin))
                except transient as error:
                    if attempt == _TRIES - 1:
                        raise translate(error, self._place.module) from None
                    library.finalize()
                    time.sleep(random.uniform(0.002, 0.02) * (attempt + 1))  # noqa: S311  # jitter, no secret
                    library.initialize()
                except pkcs11.exceptions.PKCS11Error as error:
                    raise translate(error, self._place.module) from None
        raise Unavailable("the token does not open")  # Defensive: the loop returns or raises


def _login(token: Any, pin: Secret) -> Any:
    import pkcs11

    try:
        text = pin.reveal().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("the token's PIN is not UTF-8 text") from None
    try:
        return token.open(user_pin=text)
    except pkcs11.UserAlreadyLoggedIn:  # the login belongs to the process
        return token.open()


def _need_wrapping(key: KeyRef) -> None:
    if key.usage is not KeyUsage.WRAP:
        raise Denied(f"the key {key.name} is not a wrapping key", "create one: pipeline-guard keys create NAME --type aes-256")


def _does_not_unwrap() -> IntegrityError:
    return IntegrityError("a data key does not unwrap", "the stored row, or the key it names, was changed")
