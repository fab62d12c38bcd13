# SPDX-License-Identifier: Apache-2.0
"""A cloud key service as our token: what all of them have in common. What each does by itself is a ``Service``.

A key is named by our own random identifier, as in a PKCS#11 token; the service never chooses the name.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pipeline_guard.errors import Denied, IntegrityError, Unavailable, UsageError
from pipeline_guard.model.boundary import Outcome, Probe, TokenFacts
from pipeline_guard.model.key import USAGE_OF, KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.token_uri import TokenUri

_FORMAT = b"\x02"  # then what the service gave, which names key and version in its own way
_LARGEST = 4096  # bytes of a wrapped data key


@dataclass(frozen=True, slots=True)
class Name:
    """A key's identifier (32 hexadecimal digits) and label (``name/version``)."""

    id: str
    label: str


class Service(Protocol):
    """One provider. Everything it raises is ours; nothing it says holds a secret."""

    @property
    def types(self) -> frozenset[KeyType]:
        """What it makes."""
        ...

    def facts(self) -> dict[str, str]:
        """Say which service this is: module, library, label, serial, manufacturer, model."""
        ...

    def make(self, name: Name, key_type: KeyType) -> None:
        """Generate a key that cannot be exported."""
        ...

    def find(self, identifier: str, label: str) -> Sequence[tuple[Name, KeyType]]:
        """Return our keys of this identifier and label ("" matches any)."""
        ...

    def public(self, name: Name) -> str:
        """Return the public half as PEM."""
        ...

    def remove(self, name: Name) -> None:
        """Destroy a key, or schedule that; one that is gone is fine."""
        ...

    def sign(self, name: Name, key_type: KeyType, message: bytes) -> bytes:
        """Return a signature, for EC keys in DER."""
        ...

    def encrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Encrypt a data key."""
        ...

    def decrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Decrypt a data key; raise IntegrityError for whatever does not decrypt."""
        ...


class CloudToken:
    """Keystore, Signer, Wrapper and Examined over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def facts(self) -> dict[str, str]:
        """Return which service this is."""
        return self._service.facts()

    def token_facts(self) -> TokenFacts:
        """Return what a judgement is bound to. There is no module of ours whose content could be named."""
        facts = self._service.facts()
        return TokenFacts(facts["module"], "", facts["library"], facts["serial"], facts["label"])

    def probe(self) -> Sequence[Probe]:
        """Say that nothing was tried: the boundary is the provider's, behind an interface that has no way to ask for a key."""
        return [
            Probe(
                "provider-boundary",
                "the boundary of a key service",
                Outcome.UNTRIED,
                "the provider's interface offers no call that could be tried: trust in the boundary is trust in the provider",
            )
        ]

    def create(
        self, name: str, version: int, key_type: KeyType, usage: KeyUsage, begun: Callable[[KeyRef], None] | None = None
    ) -> KeyRecord:
        """Generate a key in the service."""
        if USAGE_OF[key_type] is not usage:
            raise UsageError(f"a key of type {key_type.value} cannot be used to {usage.value}", f"its usage is {USAGE_OF[key_type].value}")
        if key_type not in self._service.types:
            raise Unavailable(f"the key service does not make keys of type {key_type.value}", "use ec-p256")
        ref = KeyRef(name, version, key_type, usage, secrets.token_hex(16))
        if begun is not None:
            begun(ref)
        self._service.make(_name(ref), key_type)
        return self._record(ref)

    def describe(self, uri: str) -> KeyRecord:
        """Find a key of ours by the ``id`` or ``object`` of a pkcs11: URI."""
        place = TokenUri.parse(uri)
        facts = self.facts()
        if place.token not in ("", facts["label"]) or place.serial not in ("", facts["serial"]) or place.module_path:
            raise UsageError(
                f"the URI names another token than the configured one ({facts['label']})", "set token.uri in the configuration"
            )
        found = self._service.find(place.id, place.object)
        if len(found) != 1:
            count = "no key" if not found else f"{len(found)} keys"
            raise UsageError(f"the URI names {count} in the key service", "name one key by object= or id=")
        (name, key_type), *_ = found
        label, _, version = name.label.rpartition("/")
        if not version.isdecimal():
            raise UsageError(f"the key {name.label[:80]!r} is not one of ours", "name one key by object= or id=")
        return self._record(KeyRef(label, int(version), key_type, USAGE_OF[key_type], name.id))

    def destroy(self, key: KeyRef) -> None:
        """Destroy a key, or schedule that where the service waits; it is of no use to us from now on."""
        self._service.remove(_name(key))

    def sign(self, key: KeyRef, message: bytes) -> bytes:
        """Return a signature in the form of the port."""
        _need(key, KeyUsage.SIGN)
        return self._service.sign(_name(key), key.type, message)

    def wrap(self, key: KeyRef, data_key: Secret, associated: bytes) -> bytes:
        """Encrypt a data key in the service, bound to ``associated``."""
        _need(key, KeyUsage.WRAP)
        return _FORMAT + self._service.encrypt(_name(key), data_key.reveal(), associated)

    def unwrap(self, key: KeyRef, wrapped: bytes, associated: bytes) -> Secret:
        """Decrypt a data key in the service."""
        _need(key, KeyUsage.WRAP)
        if wrapped[:1] != _FORMAT or not 1 < len(wrapped) <= _LARGEST:
            raise does_not_unwrap()
        return Secret(self._service.decrypt(_name(key), wrapped[1:], associated))

    def anchored(self, store: str) -> tuple[int, str] | None:  # noqa: ARG002  # the port's signature
        """Return nothing: a key service keeps no data of ours."""
        return None

    def anchor(self, store: str, seq: int, digest: str) -> None:
        """Keep nothing."""

    def _record(self, ref: KeyRef) -> KeyRecord:
        pem = self._service.public(_name(ref)) if ref.usage is KeyUsage.SIGN else ""
        return KeyRecord(ref, KeyState.ACTIVE, datetime.now(UTC), self.facts()["serial"], pem)


def does_not_unwrap() -> IntegrityError:
    """Return the one error for everything that does not decrypt."""
    return IntegrityError("a data key does not unwrap", "the stored row, or the key it names, was changed")


def _name(ref: KeyRef) -> Name:
    return Name(ref.id, f"{ref.name}/{ref.version}")


def _need(key: KeyRef, usage: KeyUsage) -> None:
    if key.usage is not usage:
        raise Denied(f"the key {key.name} may not {usage.value}", f"it was created to {key.usage.value}")
