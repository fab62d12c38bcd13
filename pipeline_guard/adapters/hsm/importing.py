# SPDX-License-Identifier: Apache-2.0
"""Keys that were made elsewhere (a GitHub App's) put into the token: from then on non-extractable and for signing alone.

The token knows that it did not make them: LOCAL, ALWAYS_SENSITIVE and NEVER_EXTRACTABLE are false, and so is any claim that nobody has
a copy.
"""

from __future__ import annotations

from typing import Any

from pipeline_guard.adapters.hsm.objects import check_held
from pipeline_guard.errors import UsageError
from pipeline_guard.model.secret import Secret


def read_rsa(pem: Secret) -> Any:
    """Return a private RSA key from its PEM; raise UsageError for any other text."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    hint = "give the PEM file as GitHub made it: one private RSA key, not encrypted"
    try:
        key = load_pem_private_key(pem.reveal(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError("the file holds no private key that can be read", hint) from None
    if not isinstance(key, rsa.RSAPrivateKey) or not 2048 <= key.key_size <= 4096:
        raise UsageError("only RSA keys from 2048 to 4096 bits are imported", hint + "; every other key is made in the token")
    return key


def public_pem_of(key: Any) -> str:
    """Return the public half as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii"))


def put_rsa(session: Any, key: Any, identifier: bytes, label: str) -> None:
    """Keep both halves in the token."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
    from pkcs11 import Attribute, MechanismFlag
    from pkcs11.util.rsa import decode_rsa_private_key, decode_rsa_public_key

    named = {Attribute.TOKEN: True, Attribute.ID: identifier, Attribute.LABEL: label, Attribute.MODIFIABLE: False}
    closed = {
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.COPYABLE: False,
        Attribute.DERIVE: False,
    }
    private = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    session.create_object({**decode_rsa_private_key(private, MechanismFlag.SIGN), **named, **closed})
    session.create_object({**decode_rsa_public_key(public, MechanismFlag.VERIFY), **named, Attribute.PRIVATE: False})


def check_imported(key: Any) -> None:
    """Read back what was asked for; raise IntegrityError where the token does not hold it."""
    from pkcs11 import Attribute

    wanted = {
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.PRIVATE: True,
        Attribute.MODIFIABLE: False,
        Attribute.SIGN: True,
        Attribute.DECRYPT: False,
        Attribute.UNWRAP: False,
    }
    check_held(key, wanted)
