# SPDX-License-Identifier: Apache-2.0
"""A PKCS#11 module, loaded so that threads and many processes can use it.

NOTE: python-pkcs11 0.10 initialises modules without arguments and releases the GIL around each call; a module may
then leave its mutexes off, and SoftHSM does: crashes, hangs and CKR_GENERAL_ERROR as soon as two threads sign.
``OsLockingLibrary`` calls C_Initialize itself, with CKF_OS_LOCKING_OK (PKCS#11 3.1, section 5.4).
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from pipeline_guard.adapters.hsm.gate import Gate, watch
from pipeline_guard.errors import Unavailable

_CKF_OS_LOCKING_OK = 2
_CKU_USER = 1
_LOGGED_IN = (1, 3)  # CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS
CKR_OK = 0
CKR_USER_ALREADY_LOGGED_IN = 0x100
_CKR_ALREADY_INITIALIZED = 0x191
_CKR_OF_LOGIN = {
    0x05: "GeneralError", 0x06: "FunctionFailed", 0x30: "DeviceError", 0x31: "DeviceMemory", 0x32: "DeviceRemoved",
    0xA0: "PinIncorrect", 0xA1: "PinInvalid", 0xA2: "PinLenRange", 0xA3: "PinExpired", 0xA4: "PinLocked",
    0xB0: "SessionClosed", 0xB3: "SessionHandleInvalid", 0xE0: "TokenNotPresent", 0xE1: "TokenNotRecognised",
    0x102: "UserPinNotInitialized", 0x104: "AnotherUserAlreadyLoggedIn",
}  # fmt: skip
# Positions in CK_FUNCTION_LIST after its version (PKCS#11 3.1, pkcs11f.h)
_INITIALIZE, _FINALIZE, _INIT_TOKEN, _SESSION, _LOGIN, _ATTRIBUTE, _SIGN_INIT, _SIGN = 0, 1, 9, 15, 18, 24, 42, 43
CKA_VALUE, CKA_ID = 0x11, 0x102
_LARGEST_SIGNATURE = 8192  # ML-DSA-65 makes 3,309 bytes, ML-DSA-87 4,627; a buffer too small leaves the operation open

SOFTHSM_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS."""

    _fields_ = (
        ("create_mutex", ctypes.c_void_p),
        ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p),
        ("unlock_mutex", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class _FunctionList(ctypes.Structure):
    """CK_FUNCTION_LIST of PKCS#11 2.x: a version, then function pointers."""

    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 68))


class _SessionInfo(ctypes.Structure):
    """CK_SESSION_INFO."""

    _fields_ = (("slot", ctypes.c_ulong), ("state", ctypes.c_ulong), ("flags", ctypes.c_ulong), ("error", ctypes.c_ulong))


class _Attribute(ctypes.Structure):
    """CK_ATTRIBUTE."""

    _fields_ = (("type", ctypes.c_ulong), ("value", ctypes.c_void_p), ("length", ctypes.c_ulong))


class _Mechanism(ctypes.Structure):
    """CK_MECHANISM."""

    _fields_ = (("mechanism", ctypes.c_ulong), ("parameter", ctypes.c_void_p), ("length", ctypes.c_ulong))


class Module:
    """The few C functions that python-pkcs11 does not offer, or not as we need them."""

    def __init__(self, path: str, arguments: str = "") -> None:
        self._arguments = arguments.encode("utf-8")
        try:
            self._handle = ctypes.CDLL(path)
            found = ctypes.POINTER(_FunctionList)()
            answer = self._handle.C_GetFunctionList(ctypes.byref(found))
        except (OSError, AttributeError):
            raise Unavailable(f"{path} cannot be loaded as a PKCS#11 module", "check the path of the module") from None
        if answer != CKR_OK:
            raise Unavailable(f"{path} is a PKCS#11 module that does not start (0x{answer:x})")
        self.functions = found.contents.functions
        # called at every use, so made once
        number, place = ctypes.c_ulong, ctypes.c_void_p
        self._session_info = ctypes.CFUNCTYPE(number, number, place)(self.functions[_SESSION])
        self._sign_init = ctypes.CFUNCTYPE(number, number, place, number)(self.functions[_SIGN_INIT])
        self._sign = ctypes.CFUNCTYPE(number, number, ctypes.c_char_p, number, place, place)(self.functions[_SIGN])
        self._attribute = ctypes.CFUNCTYPE(number, number, number, place, number)(self.functions[_ATTRIBUTE])

    def _call(self, position: int, types: list[Any], *values: Any) -> int:
        return int(ctypes.CFUNCTYPE(ctypes.c_ulong, *types)(self.functions[position])(*values))

    def initialize(self) -> int:
        """Call C_Initialize with operating-system locking, and the module's own arguments if it has some; return the CK_RV."""
        reserved = ctypes.create_string_buffer(self._arguments) if self._arguments else None
        place = ctypes.addressof(reserved) if reserved else None
        arguments = _InitializeArguments(flags=_CKF_OS_LOCKING_OK, reserved=place)
        return self._call(_INITIALIZE, [ctypes.c_void_p], ctypes.addressof(arguments))

    def finalize(self) -> int:
        """Call C_Finalize; return the CK_RV."""
        return self._call(_FINALIZE, [ctypes.c_void_p], None)

    def init_token(self, slot: int, so_pin: bytes, label: str) -> int:
        """Call C_InitToken; ``label`` is padded to 32 bytes; return the CK_RV."""
        padded = label.encode("utf-8").ljust(32)[:32]
        types = [ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
        return self._call(_INIT_TOKEN, types, slot, so_pin, len(so_pin), padded)

    def log_in(self, session: int, pin: bytes) -> int:
        """Call C_Login as the user; return the CK_RV."""
        types = [ctypes.c_ulong, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong]
        return self._call(_LOGIN, types, session, _CKU_USER, pin, len(pin))

    def watcher(self, session: int, canary: int, content: bytes) -> Callable[[], tuple[bool, bool]]:
        """Return what tells whether a session lives and the object ``canary`` is still itself, and whether the user is logged in.

        It is called before every use, so its memory is laid out once; one thread at a time may call it. 0 is no canary.
        """
        found, info, itself = _SessionInfo(), self._session_info, self.reader(session, canary, content)
        found_place = ctypes.byref(found)

        def state() -> tuple[bool, bool]:
            if info(session, found_place) != CKR_OK or (canary and not itself()):
                return False, False
            return True, found.state in _LOGGED_IN

        return state

    def reader(self, session: int, handle: int, content: bytes) -> Callable[[], bool]:
        """Return what tells whether a session lives and an object is still there with this value; one thread at a time may call it."""
        value = ctypes.create_string_buffer(len(content))
        asked = _Attribute(CKA_VALUE, ctypes.addressof(value), len(content))
        attribute, asked_place, length = self._attribute, ctypes.byref(asked), len(content)

        def holds_it() -> bool:
            asked.length = length
            return attribute(session, handle, asked_place, 1) == CKR_OK and value.raw == content

        return holds_it

    def holds(self, session: int, handle: int, attribute: int, content: bytes) -> bool:
        """Tell whether a handle names an object that has this attribute with this content."""
        value = ctypes.create_string_buffer(len(content) + 1)
        asked = _Attribute(attribute, ctypes.addressof(value), len(content))
        answer = self._attribute(session, handle, ctypes.byref(asked), 1)
        return answer == CKR_OK and value.raw[: asked.length] == content

    def signer(self, session: int) -> Callable[[int, int, bytes], bytes | None]:
        """Return what signs with C_SignInit and C_Sign, given mechanism, key and content; one thread at a time may call it.

        None where either is refused: python-pkcs11 knows what every answer means.
        """
        output, length, chosen = ctypes.create_string_buffer(_LARGEST_SIGNATURE), ctypes.c_ulong(), _Mechanism()
        begin, finish = self._sign_init, self._sign
        chosen_place, length_place = ctypes.byref(chosen), ctypes.byref(length)

        def sign(mechanism: int, handle: int, content: bytes) -> bytes | None:
            chosen.mechanism, length.value = mechanism, _LARGEST_SIGNATURE
            if begin(session, chosen_place, handle) or finish(session, content, len(content), output, length_place):
                return None
            return ctypes.string_at(output, length.value)

        return sign


def sha256_of(path: str) -> str:
    """Return the hexadecimal SHA-256 of a module's file; raise Unavailable where it cannot be read."""
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        raise Unavailable(f"the PKCS#11 module {path} cannot be read", "check its permissions") from None


def find_softhsm(environ_path: str) -> str:
    """Return the path of SoftHSM's module: the one given, else a usual place; raise Unavailable with the remedy."""
    if environ_path:
        if not Path(environ_path).is_file():
            raise Unavailable(f"no PKCS#11 module at {environ_path}", "check PIPELINE_GUARD_MODULE or token.module")
        return environ_path
    for path in SOFTHSM_MODULES:
        if Path(path).is_file():
            return path
    raise Unavailable("SoftHSM is not installed, so there is no embedded token", "sudo apt-get install -y softhsm2")


@cache
def _gate() -> Gate:
    """Return the gate that lets one thread load a module."""
    return Gate()


def is_loaded() -> bool:
    """Tell whether this process uses a module already."""
    return _load.cache_info().currsize > 0


def load(path: str, arguments: str) -> Any:
    """Load and initialise a module once per process; raise Unavailable where it cannot be used.

    ``arguments`` is what some modules (NSS) want in the reserved field of C_Initialize.
    """
    with _gate().alone():
        return _load(path, arguments)


@cache
def _load(path: str, arguments: str) -> Any:
    if not Path(path).is_file():
        raise Unavailable(f"no PKCS#11 module at {path}", "check token.module, or the module-path of the URI")
    try:
        import pkcs11
        from pkcs11 import _pkcs11
    except ImportError:
        raise Unavailable("python-pkcs11 is not installed", 'pip install "pipeline-guard[hsm]"') from None
    module = Module(path, arguments)

    class OsLockingLibrary(_pkcs11.lib):
        """python-pkcs11's library with initialise and finalise of our own.

        ``generation`` counts the starts of the module that are known to us: handles of an earlier one mean nothing.
        """

        def __init__(self, path: str) -> None:
            self.module = module
            self.gate = Gate()
            self.generation = 0
            self.inherited = False
            super().__init__(path)
            watch(self)

        def initialize(self) -> None:
            answer = module.initialize()
            if answer not in (CKR_OK, _CKR_ALREADY_INITIALIZED):
                raise pkcs11.exceptions.GeneralError(f"0x{answer:x}")

        def finalize(self) -> None:
            module.finalize()

        def reinitialize(self) -> None:
            """Start the module anew. Nobody else may be inside it."""
            self.generation += 1
            self.finalize()
            self.initialize()

        def start(self) -> None:
            """Start the module where somebody has shut it down, and in a forked child."""
            answer = module.initialize()
            if answer == CKR_OK:  # it was down
                self.generation += 1
            elif answer != _CKR_ALREADY_INITIALIZED:
                raise pkcs11.exceptions.GeneralError(f"0x{answer:x}")
            elif self.inherited:  # the module did not notice the fork: what it holds is a copy of the parent's state
                self.reinitialize()
            self.inherited = False

        def begin_anew(self) -> None:
            """Let nobody in a forked child use handles of its parent."""
            self.generation += 1
            self.inherited = True

        def refusal(self, answer: int) -> Exception:
            """Return the error that an answer of C_Login stands for."""
            known = _CKR_OF_LOGIN.get(answer)
            error: Exception = getattr(pkcs11, known)() if known else pkcs11.exceptions.PKCS11Error(f"Unmapped error code 0x{answer:x}")
            return error

    try:
        return OsLockingLibrary(path)
    except pkcs11.exceptions.PKCS11Error as error:
        raise Unavailable(f"the PKCS#11 module {path} does not start: {type(error).__name__}") from None
