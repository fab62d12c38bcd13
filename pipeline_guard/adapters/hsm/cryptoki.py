# SPDX-License-Identifier: Apache-2.0
"""PKCS#11 functions called as they are, for probing what a token refuses.

NOTE: python-pkcs11 checks usage bits itself and has no method for what a key may not do; a probe has to reach the
token's own refusal. Layout and numbers: PKCS#11 3.1, pkcs11t.h and pkcs11f.h.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

Ulong = ctypes.c_ulong

CKR_OK = 0
CKF_RW_SESSION, CKF_SERIAL_SESSION = 2, 4
UNAVAILABLE = Ulong(-1).value  # a length that says: this attribute is not to be had

# object classes and key types
SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY = 4, 3, 2
RSA, EC, AES = 0x00, 0x03, 0x1F

# attributes
CLASS, TOKEN, PRIVATE, LABEL, VALUE, TRUSTED = 0x00, 0x01, 0x02, 0x03, 0x11, 0x86
KEY_TYPE, ID, SENSITIVE, ENCRYPT, DECRYPT, WRAP, UNWRAP = 0x100, 0x102, 0x103, 0x104, 0x105, 0x106, 0x107
SIGN, VERIFY, DERIVE, START_DATE, END_DATE = 0x108, 0x10A, 0x10C, 0x110, 0x111
MODULUS, MODULUS_BITS, PUBLIC_EXPONENT, PRIVATE_EXPONENT = 0x120, 0x121, 0x122, 0x123
VALUE_LEN, EXTRACTABLE, LOCAL, NEVER_EXTRACTABLE, ALWAYS_SENSITIVE = 0x161, 0x162, 0x163, 0x164, 0x165
MODIFIABLE, COPYABLE, DESTROYABLE, EC_PARAMS, ALWAYS_AUTHENTICATE, WRAP_WITH_TRUSTED = 0x170, 0x171, 0x172, 0x180, 0x202, 0x210

# mechanisms
RSA_KEY_PAIR_GEN, RSA_PKCS, RSA_OAEP = 0x00, 0x01, 0x09
EC_KEY_PAIR_GEN, ECDSA = 0x1040, 0x1041
AES_KEY_GEN, AES_ECB, AES_CBC, AES_CBC_PAD, AES_GCM = 0x1080, 0x1081, 0x1082, 0x1085, 0x1087
AES_ECB_ENCRYPT_DATA, AES_KEY_WRAP, AES_KEY_WRAP_PAD = 0x1104, 0x2109, 0x210A
SHA_1, MGF1_SHA1, DATA_SPECIFIED = 0x220, 1, 1

# positions in CK_FUNCTION_LIST, after its version
_OPEN_SESSION, _CLOSE_SESSION, _CREATE, _COPY, _DESTROY, _GET, _SET = 12, 13, 20, 21, 22, 24, 25
_FIND_INIT, _FIND, _FIND_FINAL, _ENCRYPT_INIT, _ENCRYPT, _DECRYPT_INIT, _DECRYPT = 26, 27, 28, 29, 30, 33, 34
_SIGN_INIT, _SIGN, _GENERATE, _GENERATE_PAIR, _WRAP, _UNWRAP, _DERIVE = 42, 43, 58, 59, 60, 61, 62

Template = Mapping[int, "bool | int | bytes"]


class Refused(Exception):  # a refusal is what most probes hope for
    """The token answered with an error; ``code`` is its CK_RV."""

    def __init__(self, function: str, code: int) -> None:
        super().__init__(f"{function} answered 0x{code:x}")
        self.code = code


class _Attribute(ctypes.Structure):
    _fields_ = (("type", Ulong), ("value", ctypes.c_void_p), ("length", Ulong))


class _Mechanism(ctypes.Structure):
    _fields_ = (("mechanism", Ulong), ("parameter", ctypes.c_void_p), ("length", Ulong))


class _Oaep(ctypes.Structure):
    _fields_ = (("hash", Ulong), ("mgf", Ulong), ("source", Ulong), ("data", ctypes.c_void_p), ("length", Ulong))


class _KeyData(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("length", Ulong))


class _Gcm(ctypes.Structure):
    _fields_ = (
        ("iv", ctypes.c_void_p),
        ("iv_length", Ulong),
        ("iv_bits", Ulong),
        ("aad", ctypes.c_void_p),
        ("aad_length", Ulong),
        ("tag_bits", Ulong),
    )


class Mechanism:
    """A mechanism with its parameter; keeps the parameter's memory as long as it lives."""

    def __init__(self, number: int, parameter: ctypes.Structure | bytes | None = None, *held: Any) -> None:
        self._held = (parameter, *held)
        if parameter is None:
            self.value = _Mechanism(number, None, 0)
        elif isinstance(parameter, bytes):
            buffer = ctypes.create_string_buffer(parameter, len(parameter))
            self._held = (buffer,)
            self.value = _Mechanism(number, ctypes.addressof(buffer), len(parameter))
        else:
            self.value = _Mechanism(number, ctypes.addressof(parameter), ctypes.sizeof(parameter))


def oaep() -> Mechanism:
    """Return RSA-OAEP with SHA-1, which is what every token has."""
    return Mechanism(RSA_OAEP, _Oaep(SHA_1, MGF1_SHA1, DATA_SPECIFIED, None, 0))


def ecb_data(data: bytes) -> Mechanism:
    """Return the derivation that encrypts ``data`` in ECB mode."""
    buffer = ctypes.create_string_buffer(data, len(data))
    return Mechanism(AES_ECB_ENCRYPT_DATA, _KeyData(ctypes.addressof(buffer), len(data)), buffer)


def gcm(iv: bytes, tag_bits: int) -> Mechanism:
    """Return AES-GCM with an empty associated text."""
    buffer = ctypes.create_string_buffer(iv, len(iv))
    return Mechanism(AES_GCM, _Gcm(ctypes.addressof(buffer), len(iv), len(iv) * 8, None, 0, tag_bits), buffer)


class Cryptoki:
    """One session of an initialised module on a slot; raises Refused for every answer that is not CKR_OK."""

    def __init__(self, functions: Any, slot: int) -> None:
        self._functions = functions
        handle = Ulong()
        flags = CKF_RW_SESSION | CKF_SERIAL_SESSION
        self._call(_OPEN_SESSION, "C_OpenSession", Ulong(slot), Ulong(flags), None, None, ctypes.byref(handle), session=False)
        self._session = handle

    def close(self) -> None:
        """End the session; its session objects vanish."""
        self._call(_CLOSE_SESSION, "C_CloseSession")

    def create(self, template: Template) -> int:
        """Import an object; return its handle."""
        handle, (array, count, _held) = Ulong(), _packed(template)
        self._call(_CREATE, "C_CreateObject", array, count, ctypes.byref(handle))
        return handle.value

    def copy(self, thing: int, template: Template) -> int:
        """Copy an object with changes; return the copy's handle."""
        handle, (array, count, _held) = Ulong(), _packed(template)
        self._call(_COPY, "C_CopyObject", Ulong(thing), array, count, ctypes.byref(handle))
        return handle.value

    def destroy(self, thing: int) -> None:
        """Remove an object."""
        self._call(_DESTROY, "C_DestroyObject", Ulong(thing))

    def get(self, thing: int, attribute: int) -> bytes:
        """Return an attribute's bytes; raise Refused where it is sensitive, unknown or unavailable."""
        asked = _Attribute(attribute, None, 0)
        self._call(_GET, "C_GetAttributeValue", Ulong(thing), ctypes.byref(asked), Ulong(1))
        if asked.length == UNAVAILABLE:
            raise Refused("C_GetAttributeValue", 0x12)
        buffer = ctypes.create_string_buffer(max(int(asked.length), 1))
        asked.value = ctypes.addressof(buffer)
        self._call(_GET, "C_GetAttributeValue", Ulong(thing), ctypes.byref(asked), Ulong(1))
        return buffer.raw[: asked.length]

    def flag(self, thing: int, attribute: int) -> bool:
        """Return a boolean attribute."""
        return self.get(thing, attribute) != b"\0"

    def set(self, thing: int, template: Template) -> None:
        """Change attributes."""
        array, count, _held = _packed(template)
        self._call(_SET, "C_SetAttributeValue", Ulong(thing), array, count)

    def find(self, template: Template, most: int = 64) -> list[int]:
        """Return the handles of up to ``most`` objects."""
        array, count, _held = _packed(template)
        found, number = (Ulong * most)(), Ulong()
        self._call(_FIND_INIT, "C_FindObjectsInit", array, count)
        try:
            self._call(_FIND, "C_FindObjects", found, Ulong(most), ctypes.byref(number))
        finally:
            self._call(_FIND_FINAL, "C_FindObjectsFinal")
        return list(found[: number.value])

    def generate(self, template: Template) -> int:
        """Generate an AES key; return its handle."""
        handle, (array, count, _held) = Ulong(), _packed(template)
        mechanism = Mechanism(AES_KEY_GEN)
        self._call(_GENERATE, "C_GenerateKey", ctypes.byref(mechanism.value), array, count, ctypes.byref(handle))
        return handle.value

    def generate_pair(self, number: int, public: Template, private: Template) -> tuple[int, int]:
        """Generate a key pair; return the handles of its public and private half."""
        mechanism, first, second = Mechanism(number), Ulong(), Ulong()
        one, one_count, _held = _packed(public)
        two, two_count, _more = _packed(private)
        arguments = (one, one_count, two, two_count, ctypes.byref(first), ctypes.byref(second))
        self._call(_GENERATE_PAIR, "C_GenerateKeyPair", ctypes.byref(mechanism.value), *arguments)
        return first.value, second.value

    def wrap(self, mechanism: Mechanism, by: int, key: int) -> bytes:
        """Return ``key`` wrapped under ``by``."""
        arguments = (ctypes.byref(mechanism.value), Ulong(by), Ulong(key))
        return self._output(_WRAP, "C_WrapKey", arguments)

    def unwrap(self, mechanism: Mechanism, by: int, wrapped: bytes, template: Template) -> int:
        """Turn wrapped bytes into a key; return its handle."""
        handle, (array, count, _held) = Ulong(), _packed(template)
        arguments = (ctypes.byref(mechanism.value), Ulong(by), wrapped, Ulong(len(wrapped)), array, count, ctypes.byref(handle))
        self._call(_UNWRAP, "C_UnwrapKey", *arguments)
        return handle.value

    def derive(self, mechanism: Mechanism, base: int, template: Template) -> int:
        """Derive a key; return its handle."""
        handle, (array, count, _held) = Ulong(), _packed(template)
        self._call(_DERIVE, "C_DeriveKey", ctypes.byref(mechanism.value), Ulong(base), array, count, ctypes.byref(handle))
        return handle.value

    def encrypt(self, mechanism: Mechanism, key: int, data: bytes) -> bytes:
        """Return the ciphertext."""
        self._call(_ENCRYPT_INIT, "C_EncryptInit", ctypes.byref(mechanism.value), Ulong(key))
        return self._output(_ENCRYPT, "C_Encrypt", (data, Ulong(len(data))))

    def decrypt(self, mechanism: Mechanism, key: int, data: bytes) -> bytes:
        """Return the plaintext."""
        self._call(_DECRYPT_INIT, "C_DecryptInit", ctypes.byref(mechanism.value), Ulong(key))
        return self._output(_DECRYPT, "C_Decrypt", (data, Ulong(len(data))))

    def sign(self, mechanism: Mechanism, key: int, data: bytes) -> bytes:
        """Return the signature."""
        self._call(_SIGN_INIT, "C_SignInit", ctypes.byref(mechanism.value), Ulong(key))
        return self._output(_SIGN, "C_Sign", (data, Ulong(len(data))))

    def _output(self, position: int, name: str, arguments: tuple[Any, ...]) -> bytes:
        """Call a function with a buffer that every answer of a probe fits into, so that it is called once."""
        buffer, length = ctypes.create_string_buffer(8192), Ulong(8192)
        self._call(position, name, *arguments, buffer, ctypes.byref(length))
        return buffer.raw[: length.value]

    def _call(self, position: int, name: str, *arguments: Any, session: bool = True) -> None:
        function = ctypes.CFUNCTYPE(Ulong)(self._functions[position])
        code = int(function(self._session, *arguments) if session else function(*arguments))
        if code != CKR_OK:
            raise Refused(name, code)


def _packed(template: Template) -> tuple[Any, Ulong, list[Any]]:
    """Lay a template out in memory; the last item keeps that memory alive."""
    held: list[Any] = []
    array = (_Attribute * max(len(template), 1))()
    for place, (attribute, value) in enumerate(template.items()):
        if isinstance(value, bool):
            buffer: Any = ctypes.c_ubyte(value)
        elif isinstance(value, int):
            buffer = Ulong(value)
        else:
            buffer = ctypes.create_string_buffer(value, max(len(value), 1))
        held.append(buffer)
        length = len(value) if isinstance(value, bytes) else ctypes.sizeof(buffer)
        array[place] = _Attribute(attribute, ctypes.addressof(buffer), length)
    return array, Ulong(len(template)), held
