# SPDX-License-Identifier: Apache-2.0
"""Attempts to get a key's value out of a token, or to bend what a key may do, on throw-away keys.

The classic ones are Clulow's (CHES 2003) and Tookan's (Bortolozzo, Centenaro, Focardi and Steel, CCS 2010); the others
are what PKCS#11 3.1 lets a caller try with attributes. No PIN is ever sent. A probe says what happened; what that
means is judged elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pipeline_guard.adapters.hsm import cryptoki as ck
from pipeline_guard.adapters.hsm.cryptoki import Cryptoki, Mechanism, Refused, Template
from pipeline_guard.model.boundary import Outcome, Probe

PREFIX = b"pipeline-guard probe "
_P256 = bytes.fromhex("06082a8648ce3d030107")  # the object identifier of P-256 (RFC 5480)
_IV = bytes(16)
_SAME = b"the same plaintext, 32 bytes long"[:32]


@dataclass
class _Lab:
    """A session with the keys that probes try themselves on."""

    token: Cryptoki
    stored: bool  # whether the token makes token objects only
    pair: list[tuple[int, int]] = field(default_factory=list)
    signing: list[int] = field(default_factory=list)
    mark: bytes = field(default_factory=lambda: PREFIX + os.urandom(8).hex().encode())

    def base(self) -> dict[int, bool | int | bytes]:
        return {ck.TOKEN: self.stored, ck.PRIVATE: True, ck.LABEL: self.mark}

    def aes(self, extra: Template) -> int:
        closed = {ck.SENSITIVE: True, ck.EXTRACTABLE: False}
        return self.token.generate({**self.base(), ck.CLASS: ck.SECRET_KEY, ck.KEY_TYPE: ck.AES, ck.VALUE_LEN: 32, **closed, **extra})

    def imported_aes(self, value: bytes, extra: Template) -> int:
        return self.token.create({**self.base(), ck.CLASS: ck.SECRET_KEY, ck.KEY_TYPE: ck.AES, ck.VALUE: value, **extra})

    def rsa(self) -> tuple[int, int]:
        """Return a key pair that wraps and unwraps, encrypts and decrypts; generated once, because that takes a while."""
        if not self.pair:
            public: Template = {
                ck.TOKEN: self.stored, ck.LABEL: self.mark, ck.MODULUS_BITS: 2048, ck.PUBLIC_EXPONENT: b"\x01\x00\x01",
                ck.WRAP: True, ck.ENCRYPT: True,
            }  # fmt: skip
            private: Template = {
                **self.base(), ck.SENSITIVE: True, ck.EXTRACTABLE: False, ck.UNWRAP: True, ck.DECRYPT: True, ck.SIGN: True,
            }  # fmt: skip
            self.pair.append(self.token.generate_pair(ck.RSA_KEY_PAIR_GEN, public, private))
        return self.pair[0]

    def ec_private(self) -> int:
        """Return an ordinary private key; generated once, because some tokens hold few."""
        if not self.signing:
            self.signing.append(self.ec({})[1])
        return self.signing[0]

    def target(self) -> int:
        """Return a key whose value nobody may have: a secret key, or a private one where the token makes no secret keys."""
        try:
            return self.aes({ck.ENCRYPT: True, ck.DECRYPT: True})
        except Refused:
            return self.ec_private()

    def ec(self, private: Template) -> tuple[int, int]:
        one: Template = {ck.TOKEN: self.stored, ck.LABEL: self.mark, ck.EC_PARAMS: _P256, ck.VERIFY: True}
        closed: Template = {ck.SENSITIVE: True, ck.EXTRACTABLE: False, ck.SIGN: True}
        return self.token.generate_pair(ck.EC_KEY_PAIR_GEN, one, {**self.base(), **closed, **private})

    def readable(self) -> dict[int, bool | int | bytes]:
        """Return a template for a key that comes back in the clear."""
        return {**self.base(), ck.CLASS: ck.SECRET_KEY, ck.KEY_TYPE: ck.AES, ck.SENSITIVE: False, ck.EXTRACTABLE: True, ck.ENCRYPT: True}

    def clean(self) -> int:
        """Remove every object of ours; return how many stay."""
        while found := self.token.find({ck.LABEL: self.mark}):
            gone = 0
            for thing in found:
                with suppress(Refused):
                    self.token.destroy(thing)
                    gone += 1
            if not gone:
                break
        return len(found)


Attempt = Callable[[_Lab], "tuple[Outcome, str]"]


def run(functions: object, slot: int) -> list[Probe]:
    """Make every attempt on a slot that is logged in; nothing of it stays in the token."""
    token = Cryptoki(functions, slot)
    try:
        lab = _Lab(token, stored=_only_stored(token))
        found = [_one(lab, name, title, attempt) for name, title, attempt in ATTEMPTS]
        left = lab.clean()
        outcome = Outcome.REFUSED if not left else Outcome.PERMITTED
        found.append(Probe("clean-up", "nothing of the probes stays in the token", outcome, f"{left} objects could not be removed"))
        return found
    finally:
        with suppress(Refused):
            token.close()


def _only_stored(token: Cryptoki) -> bool:
    lab = _Lab(token, stored=False)
    with suppress(Refused):
        lab.aes({ck.ENCRYPT: True, ck.DECRYPT: True})
        return False
    with suppress(Refused):
        lab.rsa()
        return False
    return True


def _one(lab: _Lab, name: str, title: str, attempt: Attempt) -> Probe:
    try:
        outcome, how = attempt(lab)
    except Refused as refused:
        # the attempt itself answers for its own refusals: this one came while its keys were made
        outcome = Outcome.UNSUPPORTED if refused.code in _MISSING else Outcome.UNTRIED
        how = f"the keys for it cannot be made: {refused}"
    return Probe(name, title, outcome, how)


def _tries(call: Callable[[], tuple[Outcome, str]]) -> tuple[Outcome, str]:
    """Make the decisive call; a mechanism the token lacks is no refusal, but nothing leaks by it either."""
    try:
        return call()
    except Refused as refused:
        return (Outcome.UNSUPPORTED if refused.code in _MISSING else Outcome.REFUSED), str(refused)


# function not supported, attribute value or template for a kind of key there is not, key size or type, mechanism or its parameter
_MISSING = (0x54, 0x13, 0x62, 0x63, 0x70, 0x71)


def _read_secret(lab: _Lab) -> tuple[Outcome, str]:
    key = lab.aes({ck.ENCRYPT: True, ck.DECRYPT: True})
    return _tries(lambda: (Outcome.LEAKED, f"C_GetAttributeValue(CKA_VALUE) gave {len(lab.token.get(key, ck.VALUE))} bytes"))


def _read_private(lab: _Lab) -> tuple[Outcome, str]:
    try:
        key, attribute = lab.ec_private(), ck.VALUE
    except Refused:
        key, attribute = lab.rsa()[1], ck.PRIVATE_EXPONENT
    return _tries(lambda: (Outcome.LEAKED, f"C_GetAttributeValue of the private value gave {len(lab.token.get(key, attribute))} bytes"))


def _reopen(change: Template, told: str) -> Attempt:
    def attempt(lab: _Lab) -> tuple[Outcome, str]:
        key = lab.target()

        def call() -> tuple[Outcome, str]:
            lab.token.set(key, change)
            return _value_or(lab, key, f"C_SetAttributeValue({told}) succeeded")

        return _tries(call)

    return attempt


def _copy(change: Template, told: str) -> Attempt:
    def attempt(lab: _Lab) -> tuple[Outcome, str]:
        key = lab.target()

        def call() -> tuple[Outcome, str]:
            copied = lab.token.copy(key, {ck.TOKEN: lab.stored, ck.LABEL: lab.mark, **change})
            return _value_or(lab, copied, f"C_CopyObject({told}) succeeded")

        return _tries(call)

    return attempt


def _value_or(lab: _Lab, key: int, told: str) -> tuple[Outcome, str]:
    """Try to get the value of a key whose protection gave way: by reading, then by wrapping under a key that we know."""
    with suppress(Refused):
        return Outcome.LEAKED, f"{told}; then C_GetAttributeValue gave {len(lab.token.get(key, ck.VALUE))} bytes"
    for name, mechanism in _WRAPS:
        with suppress(Refused):
            by = lab.imported_aes(os.urandom(32), {ck.WRAP: True, ck.UNWRAP: True})
            wrapped = lab.token.wrap(mechanism(), by, key)
            return Outcome.LEAKED, f"{told}; then C_WrapKey({name}) gave {len(wrapped)} bytes under a key that the caller chose"
    return Outcome.PERMITTED, f"{told}; the value did not come out all the same"


_WRAPS: tuple[tuple[str, Callable[[], Mechanism]], ...] = (
    ("CKM_AES_KEY_WRAP", lambda: Mechanism(ck.AES_KEY_WRAP)),
    ("CKM_AES_KEY_WRAP_PAD", lambda: Mechanism(ck.AES_KEY_WRAP_PAD)),
    ("CKM_AES_CBC", lambda: Mechanism(ck.AES_CBC, _IV)),
    ("CKM_AES_CBC_PAD", lambda: Mechanism(ck.AES_CBC_PAD, _IV)),
    ("CKM_AES_ECB", lambda: Mechanism(ck.AES_ECB)),
)


def _wrap_secret(name: str, mechanism: Callable[[], Mechanism]) -> Attempt:
    def attempt(lab: _Lab) -> tuple[Outcome, str]:
        key = lab.aes({ck.ENCRYPT: True, ck.DECRYPT: True})
        by = _own_wrapping_key(lab)

        def call() -> tuple[Outcome, str]:
            wrapped = lab.token.wrap(mechanism(), by, key)
            return Outcome.LEAKED, f"C_WrapKey({name}) of a non-extractable AES key gave {len(wrapped)} bytes"

        return _tries(call)

    return attempt


def _own_wrapping_key(lab: _Lab) -> int:
    """Return a wrapping key whose value the caller knows, or could: imported, else generated."""
    with suppress(Refused):
        return lab.imported_aes(os.urandom(32), {ck.WRAP: True, ck.UNWRAP: True})
    return lab.aes({ck.WRAP: True, ck.UNWRAP: True})


def _wrap_private(name: str, mechanism: Callable[[], Mechanism]) -> Attempt:
    def attempt(lab: _Lab) -> tuple[Outcome, str]:
        key = lab.ec_private()
        by = _own_wrapping_key(lab)

        def call() -> tuple[Outcome, str]:
            wrapped = lab.token.wrap(mechanism(), by, key)
            return Outcome.LEAKED, f"C_WrapKey({name}) of a non-extractable EC private key gave {len(wrapped)} bytes"

        return _tries(call)

    return attempt


def _wrap_rsa(name: str, mechanism: Callable[[], Mechanism]) -> Attempt:
    def attempt(lab: _Lab) -> tuple[Outcome, str]:
        key = lab.aes({ck.ENCRYPT: True, ck.DECRYPT: True})
        public, _ = lab.rsa()

        def call() -> tuple[Outcome, str]:
            wrapped = lab.token.wrap(mechanism(), public, key)
            return Outcome.LEAKED, f"C_WrapKey({name}) of a non-extractable AES key gave {len(wrapped)} bytes under the caller's key pair"

        return _tries(call)

    return attempt


def _clulow(lab: _Lab) -> tuple[Outcome, str]:
    target = lab.aes({ck.EXTRACTABLE: True, ck.ENCRYPT: True})
    both = lab.aes({ck.WRAP: True, ck.DECRYPT: True})
    for name, mechanism in (_WRAPS[2], _WRAPS[4]):
        with suppress(Refused):
            value = lab.token.decrypt(mechanism(), both, lab.token.wrap(mechanism(), both, target))
            return Outcome.LEAKED, f"an extractable key wrapped and decrypted with one key ({name}) gave {len(value)} bytes"
    return Outcome.REFUSED, "no mechanism both wraps and decrypts with one key"


def _weak_unwrap(lab: _Lab) -> tuple[Outcome, str]:
    target = lab.aes({ck.EXTRACTABLE: True, ck.ENCRYPT: True})
    by = lab.aes({ck.WRAP: True, ck.UNWRAP: True})

    def call() -> tuple[Outcome, str]:
        wrapped = lab.token.wrap(Mechanism(ck.AES_KEY_WRAP), by, target)
        again = lab.token.unwrap(Mechanism(ck.AES_KEY_WRAP), by, wrapped, lab.readable())
        return Outcome.LEAKED, f"an extractable key unwrapped with CKA_SENSITIVE false gave {len(lab.token.get(again, ck.VALUE))} bytes"

    return _tries(call)


def _own_pair(lab: _Lab) -> tuple[Outcome, str]:
    target = lab.aes({ck.EXTRACTABLE: True, ck.ENCRYPT: True})
    public, private = lab.rsa()

    def call() -> tuple[Outcome, str]:
        value = lab.token.decrypt(ck.oaep(), private, lab.token.wrap(ck.oaep(), public, target))
        return Outcome.LEAKED, f"an extractable key wrapped under the caller's RSA key and decrypted gave {len(value)} bytes"

    return _tries(call)


def _planted(lab: _Lab) -> tuple[Outcome, str]:
    both = lab.aes({ck.ENCRYPT: True, ck.UNWRAP: True})

    def call() -> tuple[Outcome, str]:
        chosen = os.urandom(32)
        closed = {**lab.readable(), ck.SENSITIVE: True, ck.EXTRACTABLE: False}
        sealed = lab.token.encrypt(Mechanism(ck.AES_ECB), both, chosen)
        planted = lab.token.unwrap(Mechanism(ck.AES_ECB), both, sealed, closed)
        return Outcome.PERMITTED, f"a value that the caller chose became a key; CKA_LOCAL reads {lab.token.flag(planted, ck.LOCAL)}"

    return _tries(call)


def _switch_on(extra: Template, told: str) -> Attempt:
    def attempt(lab: _Lab) -> tuple[Outcome, str]:
        key = lab.aes({ck.WRAP: True, ck.DECRYPT: False, **extra})

        def call() -> tuple[Outcome, str]:
            lab.token.set(key, {ck.DECRYPT: True})
            return Outcome.PERMITTED, f"CKA_DECRYPT was switched on for a key that may only wrap{told}"

        return _tries(call)

    return attempt


def _copy_adding_usage(lab: _Lab) -> tuple[Outcome, str]:
    key = lab.aes({ck.WRAP: True, ck.DECRYPT: False, ck.MODIFIABLE: False, ck.COPYABLE: False})

    def call() -> tuple[Outcome, str]:
        lab.token.copy(key, {ck.TOKEN: lab.stored, ck.LABEL: lab.mark, ck.DECRYPT: True})
        return Outcome.PERMITTED, "C_CopyObject gave a copy that may also decrypt, of a key with CKA_COPYABLE and CKA_MODIFIABLE false"

    return _tries(call)


def _trusted(lab: _Lab) -> tuple[Outcome, str]:
    key = lab.aes({ck.WRAP: True})

    def call() -> tuple[Outcome, str]:
        lab.token.set(key, {ck.TRUSTED: True})
        return Outcome.PERMITTED, "the user set CKA_TRUSTED, which only the security officer may"

    with suppress(Refused):
        lab.aes({ck.WRAP: True, ck.TRUSTED: True})
        return Outcome.PERMITTED, "the user generated a key with CKA_TRUSTED, which only the security officer may"
    return _tries(call)


def _wrap_with_trusted(lab: _Lab) -> tuple[Outcome, str]:
    target = lab.aes({ck.EXTRACTABLE: True, ck.WRAP_WITH_TRUSTED: True, ck.ENCRYPT: True})
    by = lab.aes({ck.WRAP: True, ck.UNWRAP: True})

    def call() -> tuple[Outcome, str]:
        wrapped = lab.token.wrap(Mechanism(ck.AES_KEY_WRAP), by, target)
        return Outcome.PERMITTED, f"CKA_WRAP_WITH_TRUSTED was ignored: an ordinary key wrapped it ({len(wrapped)} bytes)"

    return _tries(call)


def _false_origin(lab: _Lab) -> tuple[Outcome, str]:
    def call() -> tuple[Outcome, str]:
        claims = {ck.LOCAL: True, ck.NEVER_EXTRACTABLE: True, ck.ALWAYS_SENSITIVE: True}
        for attribute in claims:
            with suppress(Refused):
                key = lab.imported_aes(os.urandom(32), {ck.SENSITIVE: True, ck.EXTRACTABLE: False, attribute: True})
                if lab.token.flag(key, attribute):
                    return Outcome.PERMITTED, f"an imported key claims attribute 0x{attribute:x} as if it had been generated in the token"
        return Outcome.REFUSED, "an imported key cannot claim to have been generated in the token"

    lab.imported_aes(os.urandom(32), {ck.SENSITIVE: True, ck.EXTRACTABLE: False})
    return _tries(call)


def _derive(lab: _Lab) -> tuple[Outcome, str]:
    base = lab.aes({ck.DERIVE: True, ck.ENCRYPT: True})

    def call() -> tuple[Outcome, str]:
        derived = lab.token.derive(ck.ecb_data(_SAME), base, {**lab.readable(), ck.VALUE_LEN: 32})
        return Outcome.PERMITTED, f"a key derived from a sensitive one reads in the clear: {len(lab.token.get(derived, ck.VALUE))} bytes"

    return _tries(call)


def _short_unwrap(lab: _Lab) -> tuple[Outcome, str]:
    by = lab.imported_aes(os.urandom(32), {ck.WRAP: True, ck.UNWRAP: True})
    target = lab.aes({ck.EXTRACTABLE: True, ck.ENCRYPT: True})

    def call() -> tuple[Outcome, str]:
        wrapped = lab.token.wrap(Mechanism(ck.AES_KEY_WRAP), by, target)
        short = lab.token.unwrap(Mechanism(ck.AES_KEY_WRAP), by, wrapped, {**lab.readable(), ck.VALUE_LEN: 16})
        size = len(lab.token.get(short, ck.VALUE))
        if size == 32:
            return Outcome.REFUSED, "CKA_VALUE_LEN is ignored: the whole key was unwrapped"
        return Outcome.PERMITTED, f"a key of 32 bytes was unwrapped as one of {size}"

    return _tries(call)


def _unwrap_flags(lab: _Lab) -> tuple[Outcome, str]:
    by = lab.aes({ck.WRAP: True, ck.UNWRAP: True})
    target = lab.aes({ck.EXTRACTABLE: True, ck.ENCRYPT: True})

    def call() -> tuple[Outcome, str]:
        wrapped = lab.token.wrap(Mechanism(ck.AES_KEY_WRAP), by, target)
        closed = {**lab.readable(), ck.SENSITIVE: True, ck.EXTRACTABLE: False}
        again = lab.token.unwrap(Mechanism(ck.AES_KEY_WRAP), by, wrapped, closed)
        if lab.token.flag(again, ck.NEVER_EXTRACTABLE) or lab.token.flag(again, ck.LOCAL):
            return Outcome.PERMITTED, "an unwrapped key reads CKA_NEVER_EXTRACTABLE or CKA_LOCAL true"
        return Outcome.REFUSED, "an unwrapped key reads CKA_NEVER_EXTRACTABLE and CKA_LOCAL false"

    return _tries(call)


def _oracle(kind: str) -> Attempt:
    """Ask whether broken padding is told apart from a broken key: two different answers make a padding oracle."""

    def attempt(lab: _Lab) -> tuple[Outcome, str]:
        template = {**lab.readable(), ck.SENSITIVE: True, ck.EXTRACTABLE: False}
        if kind == "rsa":
            _, by = lab.rsa()
            number, samples = ck.RSA_PKCS, [b"\0" + os.urandom(255) for _ in range(24)]
        else:
            by = lab.aes({ck.UNWRAP: True})
            number, samples = ck.AES_CBC_PAD, [os.urandom(48) for _ in range(600)]
        parameter = _IV if number == ck.AES_CBC_PAD else None
        answers: set[int] = set()
        for sample in samples:
            try:
                lab.token.unwrap(Mechanism(number, parameter), by, sample, template)
                answers.add(ck.CKR_OK)
            except Refused as refused:
                answers.add(refused.code)
        if answers <= {0x70, 0x71, 0x54, 0x63, 0x68}:
            return Outcome.UNSUPPORTED, "the token does not unwrap with it"
        told = ", ".join(f"0x{code:x}" for code in sorted(answers))
        if len(answers) > 1:
            return Outcome.PERMITTED, f"C_UnwrapKey answers random input in different ways: {told}"
        return Outcome.REFUSED, f"C_UnwrapKey answers every random input alike: {told}"

    return attempt


def _short_tag(lab: _Lab) -> tuple[Outcome, str]:
    key = lab.aes({ck.ENCRYPT: True, ck.DECRYPT: True})

    def call() -> tuple[Outcome, str]:
        sealed = lab.token.encrypt(ck.gcm(b"n" * 12, 128), key, _SAME)
        lab.token.decrypt(ck.gcm(b"n" * 12, 32), key, sealed[: len(_SAME) + 4])
        return Outcome.PERMITTED, "AES-GCM decrypts with a tag cut to 32 bits, which whoever may decrypt can ask for"

    return _tries(call)


def _ignored(attribute: int, told: str) -> Attempt:
    def attempt(lab: _Lab) -> tuple[Outcome, str]:
        key = lab.aes({ck.ENCRYPT: True, ck.DECRYPT: True, attribute: False})

        def call() -> tuple[Outcome, str]:
            if attribute == ck.COPYABLE:
                lab.token.copy(key, {ck.TOKEN: lab.stored, ck.LABEL: lab.mark})
            else:
                lab.token.set(key, {ck.LABEL: lab.mark + b"2"})
                lab.token.set(key, {ck.LABEL: lab.mark})
            return Outcome.PERMITTED, told

        return _tries(call)

    return attempt


def _end_date(lab: _Lab) -> tuple[Outcome, str]:
    key = lab.aes({ck.ENCRYPT: True, ck.START_DATE: b"19990101", ck.END_DATE: b"20000101"})

    def call() -> tuple[Outcome, str]:
        lab.token.encrypt(ck.gcm(b"n" * 12, 128), key, _SAME)
        return Outcome.PERMITTED, "a key whose CKA_END_DATE lies in 2000 still encrypts"

    return _tries(call)


def _always_authenticate(lab: _Lab) -> tuple[Outcome, str]:
    _, key = lab.ec({ck.ALWAYS_AUTHENTICATE: True})

    def call() -> tuple[Outcome, str]:
        lab.token.sign(Mechanism(ck.ECDSA), key, _SAME)
        return Outcome.PERMITTED, "a key with CKA_ALWAYS_AUTHENTICATE signs without being asked for a PIN"

    return _tries(call)


ATTEMPTS: tuple[tuple[str, str, Attempt], ...] = (
    ("read-secret", "read the value of a sensitive secret key", _read_secret),
    ("read-private", "read the value of a private key", _read_private),
    ("set-insensitive", "make a sensitive key readable", _reopen({ck.SENSITIVE: False}, "CKA_SENSITIVE=false")),
    ("set-extractable", "make a non-extractable key extractable", _reopen({ck.EXTRACTABLE: True}, "CKA_EXTRACTABLE=true")),
    ("copy-extractable", "copy a non-extractable key as an extractable one", _copy({ck.EXTRACTABLE: True}, "CKA_EXTRACTABLE=true")),
    ("copy-insensitive", "copy a sensitive key as a readable one", _copy({ck.SENSITIVE: False}, "CKA_SENSITIVE=false")),
    *(
        (f"wrap-{name.removeprefix('CKM_').lower().replace('_', '-')}", f"wrap a non-extractable key with {name}", _wrap_secret(name, how))
        for name, how in _WRAPS
    ),
    ("wrap-rsa-oaep", "wrap a non-extractable key under the caller's RSA key (OAEP)", _wrap_rsa("CKM_RSA_PKCS_OAEP", ck.oaep)),
    (
        "wrap-rsa-pkcs",
        "wrap a non-extractable key under the caller's RSA key (PKCS #1 v1.5)",
        _wrap_rsa("CKM_RSA_PKCS", lambda: Mechanism(ck.RSA_PKCS)),
    ),
    ("wrap-private-key-wrap-pad", "wrap a non-extractable private key with CKM_AES_KEY_WRAP_PAD", _wrap_private(*_WRAPS[1])),
    ("wrap-private-cbc-pad", "wrap a non-extractable private key with CKM_AES_CBC_PAD", _wrap_private(*_WRAPS[3])),
    ("wrap-then-decrypt", "wrap and decrypt with one key (Clulow)", _clulow),
    ("weak-unwrap", "unwrap an extractable key with weaker attributes", _weak_unwrap),
    ("wrap-to-own-pair", "wrap an extractable key under a key pair that also decrypts", _own_pair),
    ("planted-key", "encrypt a chosen value and unwrap it as a key", _planted),
    ("switch-usage-on", "give a wrapping key a second usage", _switch_on({}, "")),
    (
        "switch-usage-on-closed",
        "give a key that is not modifiable a second usage",
        _switch_on({ck.MODIFIABLE: False}, ", though CKA_MODIFIABLE is false"),
    ),
    ("copy-adding-usage", "copy a key with a second usage", _copy_adding_usage),
    ("user-sets-trusted", "mark a key as trusted without the security officer", _trusted),
    ("wrap-with-trusted", "wrap with an ordinary key what only a trusted one may wrap", _wrap_with_trusted),
    ("false-origin", "import a key that claims to come from the token", _false_origin),
    ("derive-readable", "derive a readable key from a sensitive one", _derive),
    ("short-unwrap", "unwrap a part of a key", _short_unwrap),
    ("unwrap-flags", "see an unwrapped key told apart from a generated one", _unwrap_flags),
    ("oracle-rsa-pkcs", "tell broken PKCS #1 v1.5 padding from a broken key", _oracle("rsa")),
    ("oracle-cbc-pad", "tell broken CBC padding from a broken key", _oracle("cbc")),
    ("short-gcm-tag", "decrypt with a shortened AES-GCM tag", _short_tag),
    ("copyable", "copy a key with CKA_COPYABLE false", _ignored(ck.COPYABLE, "a key with CKA_COPYABLE false was copied")),
    ("modifiable", "change a key with CKA_MODIFIABLE false", _ignored(ck.MODIFIABLE, "a key with CKA_MODIFIABLE false was changed")),
    ("end-date", "use a key after its CKA_END_DATE", _end_date),
    ("always-authenticate", "sign without the PIN that each use should ask for", _always_authenticate),
)
