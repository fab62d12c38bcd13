# SPDX-License-Identifier: Apache-2.0
"""Keys used under the rules of their life: every signature, wrapping and unwrapping passes here first.

The token itself knows no states and ignores dates, so this stands between every flow and the token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from pipeline_guard.errors import Denied, GuardError, UsageError
from pipeline_guard.flows.token_check import examined
from pipeline_guard.keys.lifecycle import check_processes, check_protects
from pipeline_guard.keys.period import INVOCATION_LIMIT
from pipeline_guard.model.boundary import Grade, Probe, TokenFacts
from pipeline_guard.model.key import KeyIntent, KeyRecord, KeyRef, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import (
    Anchor,
    BoundaryBook,
    Clock,
    Examined,
    Importing,
    InvocationCounter,
    KeyIntents,
    KeyRegister,
    Keystore,
    Signer,
    Wrapper,
)

_LARGEST_BLOCK = 1024  # invocations that a crash may count without having made them


class Token(Keystore, Signer, Wrapper, Anchor, Examined, Protocol):
    """Everything one token does."""

    def facts(self) -> dict[str, str]:
        """Return what the token says of itself."""
        ...


class KeyBook(KeyRegister, KeyIntents, InvocationCounter, BoundaryBook, Protocol):
    """What is known of keys and of those just begun, how often they were used, and of the token that holds them."""


@dataclass(slots=True)
class GovernedToken:
    """A token whose keys do only what their state permits; keys that are in no register of ours, only sign.

    Offers the same doors as the token behind it. ``memory`` is how long the state of a key is believed without asking the
    book again, for a long-lived process that uses few keys often: so long may it take until a revocation by another process
    is honoured. Dates are compared at every use all the same.
    """

    token: Token
    book: KeyBook
    clock: Clock
    accept_rejected: str = ""
    memory: timedelta = timedelta(0)
    _seen: dict[tuple[str, int], tuple[KeyRecord | None, datetime]] = field(default_factory=dict)
    _reserved: dict[str, int] = field(default_factory=dict)
    _blocks: dict[str, int] = field(default_factory=dict)

    def facts(self) -> dict[str, str]:
        """Return what the token says of itself."""
        return self.token.facts()

    def create(
        self, name: str, version: int, key_type: KeyType, usage: KeyUsage, begun: Callable[[KeyRef], None] | None = None
    ) -> KeyRecord:
        """Generate a key; raise Denied where the token is rejected, and nobody said in words that it is used all the same.

        First the book is told what is begun: should this process end before the key's record is written, ``flows/tidy`` knows it.
        """
        return self._made(lambda note: self.token.create(name, version, key_type, usage, note), begun)

    def import_rsa(self, name: str, version: int, pem: Secret, begun: Callable[[KeyRef], None] | None = None) -> KeyRecord:
        """Take a key that was made elsewhere, as ``create`` makes one; raise UsageError where the token takes none."""
        token = self.token
        if not isinstance(token, Importing):
            raise UsageError("keys are not imported into this token", "use a PKCS#11 token")
        return self._made(lambda note: token.import_rsa(name, version, pem, note), begun)

    def _made(self, make: Callable[[Callable[[KeyRef], None]], KeyRecord], begun: Callable[[KeyRef], None] | None) -> KeyRecord:
        boundary = examined(self.token, self.book, self.clock)
        if boundary.grade is Grade.REJECT and not self.accept_rejected:
            worst = boundary.findings[0].probe
            raise Denied(
                f"the token is rejected: {worst.title}: {worst.how}",
                "pipeline-guard token check tells all; to use it all the same, say why under token.accept-rejected",
            )
        intent: KeyIntent | None = None

        def note(ref: KeyRef) -> None:
            nonlocal intent
            intent = KeyIntent(ref, boundary.facts.serial, self.clock.now())
            self.book.intend(intent)
            if begun is not None:
                begun(ref)

        try:
            return make(note)
        except GuardError:
            if intent is not None:
                with suppress(GuardError):  # where the token does not answer, the intent stays and tells of it
                    self.token.destroy(intent.ref)
                    self.book.forget(intent)
            raise

    def describe(self, uri: str) -> KeyRecord:
        """Find a key by URI."""
        return self.token.describe(uri)

    def token_facts(self) -> TokenFacts:
        """Return what a judgement of the token is bound to."""
        return self.token.token_facts()

    def probe(self) -> Sequence[Probe]:
        """Try to get keys out of the token."""
        return self.token.probe()

    def destroy(self, key: KeyRef) -> None:
        """Remove a key."""
        self.token.destroy(key)

    def anchored(self, store: str) -> tuple[int, str] | None:
        """Return the audit record that the token remembers."""
        return self.token.anchored(store)

    def anchor(self, store: str, seq: int, digest: str) -> None:
        """Let the token remember a later audit record."""
        self.token.anchor(store, seq, digest)

    def sign(self, key: KeyRef, message: bytes) -> bytes:
        """Sign; raise Denied where the key's state forbids it."""
        record = self._record(key)
        if record is not None:
            check_protects(record, self.clock.now())
        return self.token.sign(key, message)

    def wrap(self, key: KeyRef, data_key: Secret, associated: bytes) -> bytes:
        """Wrap; raise Denied where the key's state forbids it, or where it was used as often as AES-GCM permits."""
        check_protects(self._known(key), self.clock.now())
        self._count(key)
        return self.token.wrap(key, data_key, associated)

    def unwrap(self, key: KeyRef, wrapped: bytes, associated: bytes) -> Secret:
        """Unwrap; raise Denied where the key's state forbids it."""
        check_processes(self._known(key), self.clock.now())
        return self.token.unwrap(key, wrapped, associated)

    def _record(self, key: KeyRef) -> KeyRecord | None:
        record, seen = self._seen.get((key.name, key.version), (None, None))
        now = self.clock.now()
        if seen is None or not seen <= now < seen + self.memory:  # a clock that was set back asks again
            record = self.book.key(key.name, key.version)
            self._seen[key.name, key.version] = (record, now)
        return record if record is not None and record.ref.id == key.id else None

    def _known(self, key: KeyRef) -> KeyRecord:
        record = self._record(key)
        if record is None:
            raise Denied(f"key {key.name}/{key.version} is not in this store", "is this the home folder it was created in?")
        return record

    def _count(self, key: KeyRef) -> None:
        """Count an invocation before it happens; blocks grow, so that a long run does not write a row for each."""
        left = self._reserved.get(key.id, 0)
        if not left:
            left = self._blocks[key.id] = min(self._blocks.get(key.id, 0) * 2 or 1, _LARGEST_BLOCK)
            if self.book.reserve(key.name, key.version, left) > INVOCATION_LIMIT:
                raise Denied(
                    f"key {key.name}/{key.version} wrapped {INVOCATION_LIMIT} times, which is all that AES-GCM permits",
                    f"pipeline-guard keys rotate {key.name}",
                )
        self._reserved[key.id] = left - 1
