# SPDX-License-Identifier: Apache-2.0
"""Sessions of one token, lent to one caller at a time, and the way back when token, login or module went away.

What was lost is opened again in two steps, each at most once a call: new sessions and a login; then, if that does not
help, the module started anew, for which everybody has to be out of it. A PIN that was refused is never sent again.
"""

from __future__ import annotations

import random
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, TypeVar

from pipeline_guard.adapters.hsm.faults import Fault, fault_of, translate
from pipeline_guard.adapters.hsm.gate import watch
from pipeline_guard.adapters.hsm.library import CKA_ID, CKR_OK, CKR_USER_ALREADY_LOGGED_IN, Module, load
from pipeline_guard.adapters.hsm.objects import find_key, put_session_object, select_token
from pipeline_guard.adapters.hsm.scheme import Scheme
from pipeline_guard.adapters.hsm.tries import check_try, left_after, tries_of
from pipeline_guard.errors import GuardError, Unavailable, UsageError
from pipeline_guard.model.key import KeyRef
from pipeline_guard.model.secret import Secret

Result = TypeVar("Result")

_TRIES = 12
_MOST_SESSIONS = 16  # hardware has few; SoftHSM gains nothing from more
_MOST_HANDLES = 1000  # remembered in one session
_PATIENCE = 10.0  # seconds to wait for one of the token's own sessions to become free
_TRUST = 0.1  # seconds that a handle is believed in
_FRESH = 1.0  # seconds; a key that is missing so soon after opening is missing


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a token is and how it is opened.

    ``last_try``: the PIN is sent even where the token says that one more wrong one locks it.
    ``settle`` runs before the module is loaded, ``prepare`` before the token is opened, all of it inside ``guard``.
    """

    module: str
    label: str
    serial: str
    pin: Callable[[], Secret]
    arguments: str = ""
    last_try: bool = False
    settle: Callable[[], None] = lambda: None
    prepare: Callable[[], None] = lambda: None
    guard: Callable[[], AbstractContextManager[None]] = nullcontext


class KeyMissing(Exception):  # an answer inside this room, turned into ours at its door
    """The key was not found; ``known`` is what to say if it stays so."""

    def __init__(self, known: GuardError) -> None:
        super().__init__()
        self.known = known


@dataclass(slots=True)
class Opened:
    """A token as it was opened once. The login lives in ``anchor``: closing it would log every session out.

    NOTE: where somebody else in this process starts the module anew, our numbers may name other people's sessions and
    objects, and the token would sign with whatever key that is. ``canary`` is an object of the anchor session with a random
    content: as long as it is there, nobody did. 0 where the token keeps no such objects. ``private`` tells whether a login
    shows in the sessions' state: tokens without a password stay public.
    """

    generation: int
    token: Any
    anchor: Any
    serial: str
    canary: int
    content: bytes
    since: float
    private: bool
    idle: deque[Lent] = field(default_factory=deque)


@dataclass(slots=True)
class Lent:
    """A session and the handles of the keys it has found, each with the time when it was last asked for its id."""

    session: Any
    module: Module
    opened: Opened
    itself: Callable[[], bool]
    state: Callable[[], tuple[bool, bool]]
    quick: Callable[[int, int, bytes], bytes | None]
    keys: dict[str, tuple[Any, float]] = field(default_factory=dict)

    def check(self) -> None:
        """Raise where the session or its login is gone. A search in such a session finds nothing, or complains from a destructor."""
        import pkcs11

        lives, logged_in = self.state()
        if not lives or (self.opened.private and not logged_in):
            raise pkcs11.UserNotLoggedIn if lives else pkcs11.SessionHandleInvalid

    def check_handles(self) -> None:
        """Raise where the numbers of this session and its objects may mean others. A use with a key's handle tells of the login itself."""
        if not self.opened.canary or not self.itself():
            self.check()

    def key(self, ref: KeyRef) -> Any:
        """Return the key's handle.

        A module may give the number of an object that another process removed to the next one, so the object is asked for
        its id: where there is a canary a few times a second, for that costs as much as half a signature, else at every use.
        """
        found, asked = self.keys.get(ref.id, (None, 0.0))
        if found is not None:
            now = time.monotonic()
            if self.opened.canary and now - asked < _TRUST:
                return found
            if self.module.holds(self.session.handle, found.handle, CKA_ID, bytes.fromhex(ref.id)):
                self.keys[ref.id] = (found, now)
                return found
        self.check()
        try:
            found = find_key(self.session, ref)
        except Unavailable as error:
            raise KeyMissing(error) from None
        if len(self.keys) >= _MOST_HANDLES:
            self.keys.clear()
        self.keys[ref.id] = (found, time.monotonic())
        return found

    def sign(self, ref: KeyRef, scheme: Scheme, content: bytes) -> bytes:
        """Return the token's signature. The plain call first: python-pkcs11 takes a third longer for the same."""
        key = self.key(ref)
        quick = self.quick(scheme.number, key.handle, content)
        return bytes(key.sign(content, mechanism=scheme.mechanism)) if quick is None else quick


class Pool:
    """The sessions of one token, opened at first use; safe with threads, and in a child of this process."""

    def __init__(self, place: TokenPlace) -> None:
        self.place = place
        self._refused: Secret | None = None
        self._serial = place.serial
        self.begin_anew()
        watch(self)

    def begin_anew(self) -> None:
        """Forget every session; their handles belong to the parent of this process."""
        self._slots: SimpleQueue[None] = SimpleQueue()
        for _ in range(_MOST_SESSIONS):
            self._slots.put(None)
        self._opened: Opened | None = None
        self._library: Any = None

    def library(self) -> Any:
        """Return the module, loading it where it is not."""
        if self._library is None:
            with self.place.guard():
                self.place.settle()
                self._library = load(self.place.module, self.place.arguments)
        return self._library

    def opened(self) -> Opened:
        """Return the open token, opening it where it is not."""
        return self._open_now(self.library())

    def _open_now(self, library: Any) -> Opened:
        opened = self._opened
        return opened if opened is not None and opened.generation == library.generation else self._open_again(library, opened, hard=False)

    def use(self, act: Callable[[Lent], Result], *, writable: bool = False, by_handle: bool = False) -> Result:
        """Lend a session to ``act``; where the token was lost, open it again and act once more. Foreign errors end here.

        ``by_handle``: ``act`` searches for nothing but what it asks ``Lent.key`` for.
        """
        library, slots = self.library(), self._slots
        slots.get()
        try:
            return self._use(library, act, writable=writable, by_handle=by_handle)
        finally:
            slots.put(None)

    def _use(self, library: Any, act: Callable[[Lent], Result], *, writable: bool, by_handle: bool) -> Result:
        steps = [True, False]  # to take from the end: softly, then with a new start of the module
        while True:
            opened = self._open_now(library)
            try:
                library.gate.enter()
                try:
                    if opened.generation != library.generation:
                        continue  # another thread was faster
                    return self._lend(library, opened, act, writable=writable, by_handle=by_handle)
                finally:
                    library.gate.leave()
            except KeyMissing as missing:
                if time.monotonic() - opened.since < _FRESH or not steps:
                    raise missing.known from None
                steps.clear()
                self._open_again(library, opened, hard=True)
            except _foreign() as error:
                if fault_of(error) not in (Fault.VOID, Fault.LOST, Fault.STALE) or not steps:
                    raise translate(error, self.place.module) from None
                self._open_again(library, opened, hard=steps.pop(), void=fault_of(error) is Fault.VOID)

    def _lend(self, library: Any, opened: Opened, act: Callable[[Lent], Result], *, writable: bool, by_handle: bool) -> Result:
        lent = self._take(library, opened, writable=writable)
        sound, void = False, False
        try:
            if by_handle:
                lent.check_handles()
            else:
                lent.check()
            result = self._act(lent, act)
            sound = True
            return result
        except KeyMissing:
            lent.check()  # private objects hide from who is logged out
            sound = True
            raise
        except GuardError:  # ours: the session itself is sound
            sound = True
            raise
        except _foreign() as error:
            void = fault_of(error) is Fault.VOID  # the number may name somebody else's session by now
            raise
        finally:
            if sound and not writable:
                opened.idle.append(lent)
            elif not void:
                _close(lent.session)

    def _act(self, lent: Lent, act: Callable[[Lent], Result]) -> Result:
        """Act, and up to twice more in the same session.

        Another process may remove an object while we look; and SoftHSM 2.6 answers wrongly now and then, to one call in some
        ten thousand, while another thread or process makes an object: it may not find a key that is there. What is refused for a
        reason, is refused again.
        """
        for pause in (0.002, 0.02):
            try:
                return act(lent)
            except (KeyMissing, _foreign()) as error:
                if not isinstance(error, KeyMissing) and fault_of(error) in (Fault.VOID, Fault.PIN):
                    raise
                lent.keys.clear()
                lent.check()
                time.sleep(random.uniform(pause / 2, pause))  # noqa: S311  # jitter, no secret
        return act(lent)

    def _take(self, library: Any, opened: Opened, *, writable: bool) -> Lent:
        """Take a session of the pool, or open one; wait where the token has no more."""
        if not writable:
            try:  # `suppress` costs a tenth of what we add to a signature
                return opened.idle.pop()
            except IndexError:
                pass
        import pkcs11

        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                session, module = opened.token.open(rw=writable), library.module
                itself = module.reader(session.handle, opened.canary, opened.content)
                state = module.watcher(session.handle, opened.canary, opened.content)
                return Lent(session, module, opened, itself, state, module.signer(session.handle))
            except pkcs11.SessionCount:
                if time.monotonic() > deadline:
                    raise
                with suppress(IndexError):  # one that nobody uses: take it, or make room for one that writes
                    lent = opened.idle.pop()
                    if not writable:
                        return lent
                    _close(lent.session)
                time.sleep(0.005)

    def _open_again(self, library: Any, before: Opened | None, *, hard: bool, void: bool = False) -> Opened:
        """Open the token, unless another thread has done so since ``before``."""
        import pkcs11

        with library.gate.alone():
            if self._opened is not None and self._opened is not before and self._opened.generation == library.generation:
                return self._opened
            if before is not None and before.generation == library.generation and not void and not hard:
                for lent in before.idle:
                    _close(lent.session)
                _close(before.anchor)
            self._opened = None
            if hard and before is not None and before.generation == library.generation:
                with suppress(pkcs11.exceptions.PKCS11Error):  # what opens it below meets it again
                    library.reinitialize()
            self._opened = self._open(library)
            return self._opened

    def _open(self, library: Any) -> Opened:
        """Open and log in. Simultaneous starts fail at random on some modules: try again, but never a PIN."""
        import pkcs11

        with self.place.guard():
            for attempt in range(_TRIES):
                try:
                    library.start()
                    self.place.prepare()
                    pin = self._pin()
                    token = select_token(library, self.place.label, self._serial)
                    anchor = self._log_in(library, token, pin)
                    self._serial = bytes(token.serial).decode("ascii", "replace").strip()  # a PIN goes to the same token again
                    content = secrets.token_bytes(16)
                    canary = put_session_object(anchor, content)
                    private = library.module.watcher(anchor.handle, 0, b"")()[1]
                    return Opened(library.generation, token, anchor, self._serial, canary, content, time.monotonic(), private)
                except pkcs11.exceptions.PKCS11Error as error:
                    if attempt == _TRIES - 1 or fault_of(error) not in (Fault.LOST, Fault.VOID):
                        raise translate(error, self.place.module) from None
                    time.sleep(random.uniform(0.002, 0.02) * (attempt + 1))  # noqa: S311  # jitter, no secret
                    with suppress(pkcs11.exceptions.PKCS11Error):  # the next turn meets it again
                        library.reinitialize()
        raise Unavailable("the token does not open")  # Defensive: the loop returns or raises

    def _pin(self) -> Secret:
        pin = self.place.pin()
        if self._refused is not None and pin == self._refused:
            raise UsageError("the token has refused this PIN before", "correct token.pin; it is not sent a second time")
        return pin

    def _log_in(self, library: Any, token: Any, pin: Secret) -> Any:
        check_try(tries_of(int(token.flags)), last_try=self.place.last_try)
        session = token.open()
        answer = library.module.log_in(session.handle, pin.reveal())
        if answer in (CKR_OK, CKR_USER_ALREADY_LOGGED_IN):  # the login belongs to the process
            return session
        _close(session)
        error = library.refusal(answer)
        refusal = translate(error, self.place.module)
        if isinstance(refusal, UsageError):
            self._refused = pin
            now = tries_of(int(token.slot.get_token().flags))
            raise UsageError(refusal.what, refusal.hint + left_after(now))
        raise error


def _foreign() -> type[Exception]:
    """Return python-pkcs11's error; asked for only where there is one, for an import at every use costs as much as a lock."""
    import pkcs11

    error: type[Exception] = pkcs11.exceptions.PKCS11Error
    return error


def _close(session: Any) -> None:
    import pkcs11

    with suppress(pkcs11.exceptions.PKCS11Error):
        session.close()
