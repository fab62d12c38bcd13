# SPDX-License-Identifier: Apache-2.0
"""Proofs of keys of wallets and networks that write a checksum into them: base58check, bech32, CRC-16, key pairs."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan import checksum
from pipeline_guard.scan.proofs.encoding import base32_bytes, hex_bytes
from pipeline_guard.scan.proofs.outcome import (
    CONTRADICTED,
    DOCUMENTATION,
    ENCRYPTED,
    NO_SECRET,
    NO_TEST,
    VERIFIED,
    Kind,
    Proof,
    State,
    holds,
)
from pipeline_guard.scan.proofs.published import ETHEREUM_KEYS, EXTENDED_KEYS, fingerprint

_TESTNET = Proof(State.VERIFIED, Severity.LOW, "of a test network", Kind.TEST)
_RIPPLE = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1
_ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


def base58check(value: bytes, check: bytes = checksum.BASE58) -> bytes | None:
    """Return the bytes before the four check bytes, None where they do not hold; ``check`` is the alphabet."""
    if len(value) > 400:
        return None
    if check != checksum.BASE58:
        value = value.translate(bytes.maketrans(check, checksum.BASE58)) if not value.translate(None, check) else b"0"
    raw = checksum.base58_bytes(value)
    if raw is None or len(raw) < 5 or checksum.double_sha(raw[:-4]) != raw[-4:]:
        return None
    return raw[:-4]


_MAINNET_KEYS = {"0488ade4", "049d7878", "04b2430c", "0295b005", "02aa7a99"}  # xprv yprv zprv Yprv Zprv
_TESTNET_KEYS = {"04358394", "044a4e28", "045f18bc", "024285b5", "02575048"}  # tprv uprv vprv Uprv Vprv


def extended_key(value: bytes, _now: datetime) -> Proof:
    """Check BIP-32 keys: base58check of 78 bytes with a zero before the key. Nothing else looks like it: a failure is no secret."""
    raw = base58check(value)
    if raw is None or len(raw) != 78 or raw[45] != 0:
        return NO_SECRET
    if fingerprint(value) in EXTENDED_KEYS:
        return DOCUMENTATION
    version = raw[:4].hex()
    return _TESTNET if version in _TESTNET_KEYS else VERIFIED if version in _MAINNET_KEYS else NO_TEST


_WIF = {0x80: "", 0xB0: "", 0x9E: "", 0xCC: "", 0x22: "", 0xEF: "test", 0xB1: "", 0xF1: "test"}


def wif(value: bytes, _now: datetime) -> Proof:
    """Check a wallet import format: base58check of a version, 32 bytes and perhaps 01; anything else is no secret."""
    raw = base58check(value)
    if raw is None or raw[0] not in _WIF or len(raw) not in (33, 34) or (len(raw) == 34 and raw[33] != 1):
        return NO_SECRET
    if not 0 < int.from_bytes(raw[1:33], "big") < _ORDER:
        return NO_SECRET
    if int.from_bytes(raw[1:33], "big") < 2**32:
        return DOCUMENTATION
    return _TESTNET if _WIF[raw[0]] else VERIFIED


def bip38(value: bytes, _now: datetime) -> Proof:
    """Check a key that BIP-38 encrypts: base58check of 39 bytes that begin with 0142 or 0143."""
    raw = base58check(value)
    whole = raw is not None and len(raw) == 39 and raw[:2] in (b"\x01\x42", b"\x01\x43")
    return Proof(State.VERIFIED, Severity.MEDIUM, ENCRYPTED.note, Kind.ENCRYPTED) if whole else NO_SECRET


def avalanche(value: bytes, _now: datetime) -> Proof:
    """Check ``PrivateKey-``: base58 of 32 bytes and the last four of their SHA-256."""
    raw = checksum.base58_bytes(value[11:61])
    return holds(raw is not None and len(raw) == 36 and hashlib.sha256(raw[:32]).digest()[-4:] == raw[32:], NO_SECRET)


def ripple(value: bytes, _now: datetime) -> Proof:
    """Check a family seed: base58check in Ripple's alphabet, version 21 (or 01 E1 4B for Ed25519) and 16 bytes."""
    raw = base58check(value, _RIPPLE)
    whole = raw is not None and ((raw[:1] == b"\x21" and len(raw) == 17) or (raw[:3] == b"\x01\xe1\x4b" and len(raw) == 19))
    if whole and value == b"snoPBrXtMeMyMHUVTgbuqAfg" + b"1SUTb":
        return DOCUMENTATION  # of the passphrase "masterpassphrase"
    return holds(whole, NO_SECRET)


_TEZOS = {
    "0d0f3a07": (32, ""), "2bf64e07": (64, ""), "11a2e0c9": (32, ""), "1051eebd": (32, ""),
    "075a3cb329": (56, "encrypted"), "09edf1ae96": (56, "encrypted"), "09303973ab": (56, "encrypted"),
}  # fmt: skip


def tezos(value: bytes, _now: datetime) -> Proof:
    """Check ``edsk``, ``spsk``, ``p2sk`` and their encrypted kin: base58check with the prefixes of Tezos."""
    raw = base58check(value)
    if raw is None:
        return NO_SECRET
    for prefix, (size, state) in _TEZOS.items():
        head = bytes.fromhex(prefix)
        if raw.startswith(head) and len(raw) == len(head) + size:
            return Proof(State.VERIFIED, Severity.MEDIUM, ENCRYPTED.note, Kind.ENCRYPTED) if state else VERIFIED
    return NO_SECRET


def crc16_seed(value: bytes, _now: datetime) -> Proof:
    """Check Stellar and NATS seeds: CRC-16 at their end; without it the letters mean nothing."""
    raw = base32_bytes(value)
    return holds(raw is not None and len(raw) in (35, 36) and checksum.crc16(raw[:-2]) == raw[-2:], NO_SECRET)


def bech32_key(value: bytes, _now: datetime) -> Proof:
    """Check keys of nostr, Cardano, Sui and Zcash: BIP-173 or BIP-350 over the whole, and 32, 33, 64, 96 or 169 bytes."""
    if value != value.lower() and value != value.upper():
        return NO_SECRET
    low = value.lower()
    prefix, _, body = low.rpartition(b"1")
    values = [checksum.BECH32.find(character) for character in body]
    if len(values) < 58 or -1 in values or not prefix:
        return NO_SECRET
    return holds(checksum.bech32_polymod(prefix, values) in (1, checksum.BECH32M), NO_SECRET)


def secp256k1_hex(value: bytes, _now: datetime) -> Proof:
    """Check a key of Ethereum and its kin: 32 bytes below the order of the curve; development accounts are known."""
    raw = hex_bytes(value.removeprefix(b"0x").removeprefix(b"0X"))
    if raw is None or len(raw) != 32 or not 0 < int.from_bytes(raw, "big") < _ORDER or len(set(raw)) < 8:
        return NO_SECRET
    return DOCUMENTATION if fingerprint(raw) in ETHEREUM_KEYS else NO_TEST


def monero_hex(value: bytes, _now: datetime) -> Proof:
    """Check a spend or view key: 32 bytes, little-endian, below the order of the curve: one random value in sixteen is."""
    raw = hex_bytes(value)
    return NO_TEST if raw is not None and len(raw) == 32 and 0 < int.from_bytes(raw, "little") < _ED25519_ORDER else NO_SECRET


def _is_pair(raw: bytes) -> bool:
    """Tell whether 64 bytes are an Ed25519 seed and the public key that belongs to it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if len(raw) != 64:
        return False
    public = Ed25519PrivateKey.from_private_bytes(raw[:32]).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return public == raw[32:]


def ed25519_pair(value: bytes, _now: datetime) -> Proof:
    """Check a key pair of Solana or NEAR, base58 or a JSON list of 64 numbers: the second half is the first one's public key."""
    if value.startswith(b"["):
        try:
            numbers = json.loads(value[:600])
            raw = bytes(numbers) if isinstance(numbers, list) else b""
        except (ValueError, TypeError, RecursionError):
            return NO_SECRET
        return holds(_is_pair(raw), NO_SECRET)
    found = checksum.base58_bytes(value.rpartition(b":")[2][:120])
    return holds(found is not None and _is_pair(found), NO_SECRET)


def ethereum_keystore(value: bytes, _now: datetime) -> Proof:
    """Check the ciphertext of a version 3 key file: 32 bytes, sealed by a password."""
    raw = hex_bytes(value)
    whole = raw is not None and len(raw) in (32, 48)
    return Proof(State.VERIFIED, Severity.MEDIUM, ENCRYPTED.note, Kind.ENCRYPTED) if whole else NO_SECRET


def cardano_cbor(value: bytes, _now: datetime) -> Proof:
    """Check ``cborHex`` of a signing key: a byte string of 32, 64 or 128 bytes that fills the whole."""
    raw = hex_bytes(value)
    if raw is None or len(raw) < 34 or raw[0] != 0x58:
        return CONTRADICTED
    return holds(raw[1] == len(raw) - 2 and raw[1] in (32, 64, 96, 128))


def age(value: bytes, _now: datetime) -> Proof:
    """Check an age identity: bech32 over its human-readable part, never of mixed case."""
    low = value.lower()
    if value not in (low, value.upper()):
        return CONTRADICTED
    prefix, _, body = low.rpartition(b"1")
    return holds(len(body) >= 58 and checksum.bech32_polymod(prefix, [checksum.BECH32.find(character) for character in body]) == 1)


def wireguard(value: bytes, _now: datetime) -> Proof:
    """Check 32 bytes that are clamped, as the key generator leaves them; preshared keys are not, so it only raises."""
    from pipeline_guard.scan.proofs.encoding import base64_bytes

    raw = base64_bytes(value)
    if raw is None or len(raw) != 32 or len(set(raw)) < 8:
        return NO_SECRET
    clamped = raw[0] & 7 == 0 and raw[31] & 0xC0 == 0x40
    return Proof(State.NO_TEST, note="clamped as a private key is" if clamped else "")


def vapid(value: bytes, around: bytes, _now: datetime) -> Proof:
    """Check a pair for web push: the scalar of 43 letters gives the point of 87 letters beside it."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from pipeline_guard.scan.proofs.encoding import base64_bytes

    raw = base64_bytes(value, url=True)
    if raw is None or len(raw) != 32:
        return NO_SECRET
    try:
        key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    except ValueError:
        return NO_SECRET
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    near = re.findall(rb"(?<![A-Za-z0-9_\-])B[A-Za-z0-9_\-]{86}(?![A-Za-z0-9_\-])", around)
    return VERIFIED if any(base64_bytes(one, url=True) == point for one in near) else NO_TEST
