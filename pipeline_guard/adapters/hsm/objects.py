# SPDX-License-Identifier: Apache-2.0
"""Keys and tokens as PKCS#11 objects: templates, attributes read back, foreign errors in our words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline_guard.errors import IntegrityError, Unavailable, UsageError
from pipeline_guard.model.key import KeyRecord, KeyRef, KeyState, KeyType, KeyUsage
from pipeline_guard.model.secret import Secret


def select_token(library: Any, label: str, serial: str) -> Any:
    """Return the one initialised token of this label and serial ("" matches any)."""
    import pkcs11

    found = []
    for slot in library.get_slots(token_present=True):
        token = slot.get_token()
        if not token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED:
            continue
        if label in ("", token.label) and serial in ("", bytes(token.serial).decode("ascii", "replace").strip()):
            found.append(token)
    if not found:
        raise pkcs11.NoSuchToken("no such token")
    if len(found) > 1:
        raise UsageError(f"{len(found)} tokens are called {label!r}", "name one by serial= in token.uri")
    return found[0]


def is_initialized(library: Any, label: str) -> bool:
    """Tell whether the module has an initialised token of this label whose user PIN is set."""
    import pkcs11

    wanted = pkcs11.TokenFlag.TOKEN_INITIALIZED | pkcs11.TokenFlag.USER_PIN_INITIALIZED
    for slot in library.get_slots(token_present=True):
        token = slot.get_token()
        if token.label == label and token.flags & wanted == wanted:
            return True
    return False


def initialize_token(library: Any, label: str, *, so_pin: Secret, pin: Secret) -> None:
    """Initialise the first free slot as ``label`` and set the user PIN; raise Unavailable where it refuses."""
    import pkcs11

    free = [
        slot
        for slot in library.get_slots(token_present=True)
        if slot.get_token().label == label or not slot.get_token().flags & pkcs11.TokenFlag.TOKEN_INITIALIZED
    ]
    if not free:
        raise Unavailable("the PKCS#11 module has no free slot for a token")
    try:
        answer = library.module.init_token(free[0].slot_id, so_pin.reveal(), label)
        if answer:
            raise Unavailable(f"the token cannot be initialised (0x{answer:x})", "check the folder's space and permissions")
        # SoftHSM gives a token a new slot once it is initialised
        library.reinitialize()
        token = next(slot.get_token() for slot in library.get_slots(token_present=True) if slot.get_token().label == label)
        with token.open(rw=True, so_pin=so_pin.reveal().decode()) as session:
            session.init_pin(pin.reveal().decode())
    except (pkcs11.exceptions.PKCS11Error, StopIteration) as error:
        raise Unavailable(f"the token cannot be initialised: {type(error).__name__}", "check the folder's space and permissions") from None


def generate(session: Any, key_type: KeyType, identifier: bytes, label: str) -> str:
    """Generate a key that cannot be read, copied, changed or used for a second purpose; return the public half as PEM."""
    import pkcs11
    from pkcs11 import Attribute, MechanismFlag
    from pkcs11.util.ec import encode_named_curve_parameters

    closed = {
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.PRIVATE: True,
        Attribute.MODIFIABLE: False,
        Attribute.COPYABLE: False,
    }
    if key_type is KeyType.AES_256:
        session.generate_key(
            pkcs11.KeyType.AES,
            256,
            id=identifier,
            label=label,
            store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
            template=closed,
        )
        return ""
    pair = {
        "id": identifier,
        "label": label,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "public_template": {Attribute.MODIFIABLE: False, Attribute.DERIVE: False},
        "private_template": {**closed, Attribute.DERIVE: False},
    }
    if key_type is KeyType.RSA_3072:
        public, _ = session.generate_keypair(pkcs11.KeyType.RSA, 3072, **pair)
    elif key_type is KeyType.ML_DSA_65:
        public = _ml_dsa(session, pair)
    else:
        kind, curve = _CURVES[key_type]
        parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
        public, _ = session.create_domain_parameters(getattr(pkcs11.KeyType, kind), parameters, local=True).generate_keypair(**pair)
    return public_pem(public)


def _ml_dsa(session: Any, pair: dict[str, Any]) -> Any:
    """Generate an ML-DSA-65 key (PKCS#11 3.2); raise Unavailable where token or library do not know the mechanism."""
    import pkcs11

    hint = "use a token of PKCS#11 3.2 that has them, or ec-p256; --insecure-software makes one beside the token"
    try:
        kind, size = pkcs11.KeyType.ML_DSA, pkcs11.MLDSAParameterSet.ML_DSA_65
        template = {**pair["public_template"], pkcs11.Attribute.PARAMETER_SET: size}
        public, _ = session.generate_keypair(kind, **{**pair, "public_template": template})
    except (AttributeError, pkcs11.MechanismInvalid, pkcs11.AttributeTypeInvalid, pkcs11.AttributeValueInvalid):
        # AttributeError: python-pkcs11 before it knew the names
        raise Unavailable("the token does not make keys of type ml-dsa-65", hint) from None
    return public


_CURVES = {  # the kind of key in PKCS#11, and the curve's name or object identifier (RFC 8410 for Ed25519)
    KeyType.EC_P256: ("EC", "secp256r1"),
    KeyType.EC_P384: ("EC", "secp384r1"),
    KeyType.ED25519: ("EC_EDWARDS", "1.3.101.112"),
}


def public_pem(public: Any) -> str:
    """Return the SubjectPublicKeyInfo of a public key object as PEM; raise IntegrityError for a point or modulus that is none."""
    import pkcs11
    from cryptography.hazmat.primitives.asymmetric import mldsa, rsa
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
    from pkcs11.util.ec import encode_ec_public_key

    key: Any
    try:
        if public.key_type is pkcs11.KeyType.RSA:
            exponent = int.from_bytes(public[pkcs11.Attribute.PUBLIC_EXPONENT])
            key = rsa.RSAPublicNumbers(exponent, int.from_bytes(public[pkcs11.Attribute.MODULUS])).public_key()
        elif public.key_type is getattr(pkcs11.KeyType, "ML_DSA", None):
            key = mldsa.MLDSA65PublicKey.from_public_bytes(bytes(public[pkcs11.Attribute.VALUE]))
        elif public.key_type is pkcs11.KeyType.EC_EDWARDS:
            key = Ed25519PublicKey.from_public_bytes(bytes(public[pkcs11.Attribute.EC_POINT])[-32:])  # an OCTET STRING of 32 bytes
        else:
            key = load_der_public_key(encode_ec_public_key(public))
    except ValueError:
        raise IntegrityError("the token gives a public key that is none", "this token must not hold keys: use another") from None
    return str(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii"))


def check_attributes(key: Any) -> None:
    """Read back what was asked for; raise IntegrityError naming each attribute that the token does not hold."""
    import pkcs11
    from pkcs11 import Attribute

    wanted = {
        Attribute.SENSITIVE: True,
        Attribute.ALWAYS_SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.NEVER_EXTRACTABLE: True,
        Attribute.LOCAL: True,
        Attribute.PRIVATE: True,
        Attribute.MODIFIABLE: False,
    }
    if key.object_class is pkcs11.ObjectClass.SECRET_KEY:
        wanted |= {Attribute.WRAP: False, Attribute.UNWRAP: False, Attribute.SIGN: False}
    else:
        wanted |= {Attribute.SIGN: True, Attribute.DECRYPT: False, Attribute.UNWRAP: False, Attribute.DERIVE: False}
    check_held(key, wanted)


def check_held(key: Any, wanted: Mapping[Any, bool]) -> None:
    """Raise IntegrityError naming each attribute that the token does not hold as ``wanted``."""
    wrong = [attribute.name for attribute, value in wanted.items() if bool(key[attribute]) is not value]
    if wrong:
        raise IntegrityError(f"the token does not hold {', '.join(wrong)} as asked for", "this token must not hold keys: use another")


def find_key(session: Any, key: KeyRef) -> Any:
    """Return the private or secret key object of this CKA_ID; raise Unavailable where it is not in the token."""
    import pkcs11

    kind = pkcs11.ObjectClass.PRIVATE_KEY if key.usage is KeyUsage.SIGN else pkcs11.ObjectClass.SECRET_KEY
    # NOTE: closing the search early matters: an open one blocks the session.
    found = list(session.get_objects({pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.ID: bytes.fromhex(key.id)}))
    if not found:
        raise Unavailable(f"the key {key.name} is not in the token", "is this the token, and the home folder, that it was created in?")
    return found[0]


def remove(session: Any, identifier: bytes) -> None:
    """Destroy every object of this CKA_ID."""
    import pkcs11

    for thing in list(session.get_objects({pkcs11.Attribute.ID: identifier})):
        thing.destroy()


def record(session: Any, key: Any, serial: str) -> KeyRecord:
    """Describe a key object that was found by URI; raise UsageError for a kind we do not use."""
    import pkcs11

    identifier = bytes(key.id)
    if key.object_class is pkcs11.ObjectClass.SECRET_KEY and key.key_type is pkcs11.KeyType.AES:
        ref = KeyRef(key.label, 1, KeyType.AES_256, KeyUsage.WRAP, identifier.hex())
        return KeyRecord(ref, KeyState.ACTIVE, datetime.now(UTC), serial)
    publics = list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.Attribute.ID: identifier}))
    if not publics:
        raise UsageError(f"the key {key.label} has no public half in the token", "use a key pair whose public half is stored too")
    pem = public_pem(publics[0])
    ref = KeyRef(key.label, 1, _type_of(pem, key.label), KeyUsage.SIGN, identifier.hex())
    return KeyRecord(ref, KeyState.ACTIVE, datetime.now(UTC), serial, pem)


def _type_of(pem: str, label: str) -> KeyType:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(pem.encode("ascii"))
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1"):
        return KeyType.EC_P256 if key.curve.name == "secp256r1" else KeyType.EC_P384
    if isinstance(key, ed25519.Ed25519PublicKey):
        return KeyType.ED25519
    if isinstance(key, mldsa.MLDSA65PublicKey):
        return KeyType.ML_DSA_65
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 3072:
        return KeyType.RSA_3072
    raise UsageError(f"the key {label} is of a kind we do not use", "use P-256, P-384, Ed25519, ML-DSA-65, or RSA from 3072 bits")


_ANCHOR = "pipeline-guard audit head of "


def anchors(session: Any, store: str) -> list[tuple[int, str]]:
    """Return (seq, hash) of every data object that anchors the audit log; one that is not ours is passed over."""
    import pkcs11

    found = []
    for thing in list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.DATA, pkcs11.Attribute.LABEL: _ANCHOR + store})):
        seq, _, digest = bytes(thing[pkcs11.Attribute.VALUE]).decode("ascii", "replace").partition(" ")
        if seq.isdecimal():
            found.append((int(seq), digest))
    return found


def put_anchor(session: Any, store: str, seq: int, digest: str) -> None:
    """Keep (seq, hash) in a private data object in place of the older ones; a token that keeps no data is left alone."""
    import pkcs11
    from pkcs11 import Attribute

    place = {Attribute.CLASS: pkcs11.ObjectClass.DATA, Attribute.LABEL: _ANCHOR + store}
    older = list(session.get_objects(place))
    try:
        session.create_object({**place, Attribute.TOKEN: True, Attribute.PRIVATE: True, Attribute.VALUE: f"{seq} {digest}".encode("ascii")})
    except no_data():
        return
    for thing in older:
        thing.destroy()


def no_data() -> tuple[type[Exception], ...]:
    """Return what a token answers that keeps no data objects."""
    import pkcs11

    return (pkcs11.TemplateInconsistent, pkcs11.AttributeTypeInvalid, pkcs11.AttributeValueInvalid, pkcs11.FunctionNotSupported)


def put_session_object(session: Any, content: bytes) -> int:
    """Keep a data object that lives as long as its session; return its handle, or 0 where the token keeps none."""
    import pkcs11
    from pkcs11 import Attribute

    template = {Attribute.CLASS: pkcs11.ObjectClass.DATA, Attribute.TOKEN: False, Attribute.PRIVATE: False, Attribute.VALUE: content}
    try:
        return int(session.create_object(template).handle)
    except (*no_data(), pkcs11.SessionReadOnly):
        return 0
