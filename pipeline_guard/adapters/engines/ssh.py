# SPDX-License-Identifier: Apache-2.0
"""An SSH user certificate for the public key that a job sends; the job's private key never moves, and neither does the authority's.

Facts: OpenSSH, PROTOCOL.certkeys and PROTOCOL.krl; RFC 4251 (data types), RFC 5656 (ECDSA).
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline_guard.adapters.engines.krl import with_serial
from pipeline_guard.adapters.engines.revocations import change
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.dynamic import EngineKey, Made, Wish
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Clock, Random

_USER = 1  # the type of a certificate
_SKEW = timedelta(minutes=1)  # for servers whose clocks are a little behind
_LARGEST = 16 * 1024
_CERTIFIED = {
    "ssh-ed25519": "ssh-ed25519-cert-v01@openssh.com",
    "ssh-rsa": "ssh-rsa-cert-v01@openssh.com",
    **{f"ecdsa-sha2-nistp{size}": f"ecdsa-sha2-nistp{size}-cert-v01@openssh.com" for size in (256, 384, 521)},
    "sk-ssh-ed25519@openssh.com": "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com": "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
}


@dataclass(frozen=True, slots=True)
class SshAuthority:
    """What its certificates permit. Without a ``krl`` only time ends them."""

    clock: Clock
    random: Random
    key: Callable[[], EngineKey]
    principals: Sequence[str]
    source_address: Sequence[str]
    force_command: str
    extensions: Sequence[str]
    krl: str

    def handle(self, wish: Wish) -> Secret:
        """Return the serial number, which is the lease's."""
        return Secret(str(serial_of(wish)).encode("ascii"))

    def make(self, wish: Wish) -> Made:
        """Sign a certificate for ``public-key``. Raises UsageError where the job sent none that can be certified."""
        kind, fields = _public_key(wish.given.get("public-key", ""))
        key, serial = self.key(), serial_of(wish)
        options = [("force-command", self.force_command), ("source-address", ",".join(self.source_address))]
        critical = b"".join(_text(name) + _string(_text(value)) for name, value in options if value)
        extensions = b"".join(_text(name) + _string(b"") for name in sorted(set(self.extensions)))
        body = b"".join(
            (
                _text(_CERTIFIED[kind]),
                _string(self.random.bytes(32)),
                fields,
                struct.pack(">QI", serial, _USER),
                _text(f"{wish.holder} lease {wish.lease}"[:256]),
                _string(b"".join(_text(name) for name in self.principals)),
                struct.pack(">QQ", _seconds(self.clock.now() - _SKEW), _seconds(wish.expires)),
                _string(critical),
                _string(extensions),
                _string(b""),
                _string(public_blob(key)),
            )
        )
        signed = body + _string(_signature(key, body))
        line = f"{_CERTIFIED[kind]} {base64.b64encode(signed).decode('ascii')} lease-{wish.lease}\n"
        about = f"SSH certificate serial {serial} for {', '.join(self.principals)}"
        handle = Secret(str(serial).encode("ascii"))
        return Made(Secret(line.encode("ascii")), wish.expires, handle, revocable=bool(self.krl), about=about)

    def undo(self, handle: Secret) -> None:
        """Put the serial number into the key revocation list, until the certificate would have expired anyway."""
        text = handle.reveal().decode("ascii", "replace")
        if not text.isdecimal() or not 0 < int(text) < 2**64:
            raise Unavailable("the handle of an SSH certificate is no serial number")
        if not self.krl:
            return
        now, blob = self.clock.now(), public_blob(self.key())
        change(self.krl, lambda before: with_serial(before, int(text), blob, _seconds(now)))


def serial_of(wish: Wish) -> int:
    """Return a number that tells its lease and, in the upper half, when it ends: so that a list can forget what is over."""
    return _seconds(wish.expires) << 32 | int(wish.lease[:8], 16)


def public_blob(key: EngineKey) -> bytes:
    """Return an authority's public key as SSH writes it; raise UsageError for a type that signs no certificates here."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    if key.type not in (KeyType.EC_P256, KeyType.EC_P384, KeyType.ED25519):
        raise UsageError(f"key {key.name} signs no SSH certificates: it is {key.type.value}", "use ec-p256, ec-p384 or ed25519")
    loaded = load_pem_public_key(key.public_pem.encode("ascii"))
    line = loaded.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def authority_line(key: EngineKey) -> str:
    """Return the line for a server's file of trusted authorities (TrustedUserCAKeys)."""
    blob = public_blob(key)
    size = int.from_bytes(blob[:4])
    return f"{blob[4 : 4 + size].decode('ascii')} {base64.b64encode(blob).decode('ascii')} {key.name}"


def _signature(key: EngineKey, body: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    made = key.sign(body)
    if key.type is KeyType.ED25519:
        return _text("ssh-ed25519") + _string(made)
    r, s = decode_dss_signature(made)
    name = "ecdsa-sha2-nistp256" if key.type is KeyType.EC_P256 else "ecdsa-sha2-nistp384"
    return _text(name) + _string(_mpint(r) + _mpint(s))


def _public_key(line: str) -> tuple[str, bytes]:
    """Return the type and the fields behind it of a public key that a job sent; raise UsageError for any other text."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    hint = "send the line of the .pub file: ssh-keygen -t ed25519 -N '' -f FILE"
    words = line.split() if len(line) <= _LARGEST else []
    if len(words) < 2 or words[0] not in _CERTIFIED:
        raise UsageError("no SSH public key was sent along, or one of a kind that is not certified", hint)
    try:
        blob = base64.b64decode(words[1], validate=True)
        if not words[0].startswith("sk-"):
            loaded = load_ssh_public_key(f"{words[0]} {words[1]}".encode("ascii"))
            if isinstance(loaded, rsa.RSAPublicKey) and loaded.key_size < 2048:
                raise UsageError("the SSH public key that was sent along is too short", hint)
    except (ValueError, UnicodeEncodeError, UnsupportedAlgorithm, binascii.Error):
        raise UsageError("the SSH public key that was sent along is malformed", hint) from None
    name = _text(words[0])
    if not blob.startswith(name):
        raise UsageError("the SSH public key that was sent along is malformed", hint)
    return words[0], blob[len(name) :]


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content


def _text(text: str) -> bytes:
    return _string(text.encode("utf-8"))


def _mpint(number: int) -> bytes:
    return _string(number.to_bytes(number.bit_length() // 8 + 1))
