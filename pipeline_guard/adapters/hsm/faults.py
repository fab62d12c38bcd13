# SPDX-License-Identifier: Apache-2.0
"""Every error of a PKCS#11 token: what may be done about it, and how it is said in our words."""

from __future__ import annotations

from enum import Enum

from pipeline_guard.errors import GuardError, Unavailable, UsageError


class Fault(Enum):
    """``VOID``: no handle of ours means anything any more. ``LOST``: token or login went away and may come back.

    ``STALE``: one object's handle is void. ``PIN``: a second try might lock the token. ``FINAL``: the same call would fail again.
    """

    VOID = "void"
    LOST = "lost"
    STALE = "stale"
    PIN = "pin"
    FINAL = "final"


_FAULTS = {
    Fault.VOID: ("CryptokiNotInitialized", "SessionHandleInvalid", "SessionClosed"),
    Fault.LOST: (
        "DeviceError", "DeviceRemoved", "TokenNotPresent", "TokenNotRecognised", "NoSuchToken", "SlotIDInvalid", "UserNotLoggedIn",
        "GeneralError", "FunctionFailed", "FunctionCancelled", "UserPinNotInitialized", "OperationActive", "OperationNotInitialized",
    ),
    Fault.STALE: ("ObjectHandleInvalid", "KeyHandleInvalid", "NoSuchKey", "WrappingKeyHandleInvalid", "UnwrappingKeyHandleInvalid"),
    Fault.PIN: ("PinIncorrect", "PinInvalid", "PinLenRange", "PinTooWeak", "PinExpired", "PinLocked"),
}  # fmt: skip
_OF_NAME = {name: fault for fault, names in _FAULTS.items() for name in names}

_AGAIN = "try again; if it stays, check the token"
_PIN_HINT = "check token.pin; do not repeat it blindly: some tokens lock after a few tries"
_SAID = {  # what is said, and the hint, by the name of the error
    "PinLocked": ("the token's PIN is locked after too many wrong ones", "its security officer has to unlock it"),
    "PinExpired": ("the token's PIN has expired", "set a new one with the token's own tool"),
    "UserPinNotInitialized": ("the token has no user PIN yet", "set one with the token's own tool"),
    "UserNotLoggedIn": ("the token wants a login that it was not given", "a key that asks for its PIN at each use does not serve us"),
    "AnotherUserAlreadyLoggedIn": ("somebody else is logged in to the token", "end the session of its security officer"),
    "MechanismInvalid": ("the token does not have the mechanism", "use a token with ECDSA and AES-GCM"),
    "FunctionNotSupported": ("the token does not have the function", "use a token with ECDSA and AES-GCM"),
    "TokenWriteProtected": ("the token is write-protected", "keys of it can be used, but not made or removed"),
    "CryptokiNotInitialized": ("the token's module was shut down by somebody else in this process", _AGAIN),
    "KeyTypeInconsistent": ("the key is of another type than its name says", "was its id given to another key?"),
}
_PIN = ("PinIncorrect", "PinInvalid", "PinLenRange", "PinTooWeak")
_AWAY = ("NoSuchToken", "TokenNotPresent", "TokenNotRecognised", "SlotIDInvalid", "DeviceRemoved")
_NO_ROOM = ("DeviceMemory", "HostMemory", "SessionCount")
_NOT_STARTED = "(not initialized)"  # python-pkcs11 gives this one no class of its own
_UNMAPPED = "Unmapped error code "


def name_of(error: Exception) -> str:
    """Return the error's name, for an error without one its number."""
    name, text = type(error).__name__, str(error)
    if name != "PKCS11Error":
        return name
    if _NOT_STARTED in text:
        return "CryptokiNotInitialized"
    return f"error {text.removeprefix(_UNMAPPED)}" if text.startswith(_UNMAPPED) else "an error without a number"


def fault_of(error: Exception) -> Fault:
    """Tell what may be done about an error of the token."""
    return _OF_NAME.get(name_of(error), Fault.FINAL)


def translate(error: Exception, module: str) -> GuardError:
    """Turn a PKCS#11 error into one of ours; its text never reaches people, only its name."""
    name = name_of(error)
    if name in _PIN:
        return UsageError("the token refuses the PIN", _PIN_HINT)
    if name in _AWAY:
        return Unavailable(
            f"the token is not there (module {module})",
            "check the label in token.uri; a home folder whose token was moved has to be restored",
        )
    if name in _NO_ROOM:
        return Unavailable(f"the token has no room left: {name}", "close other users of the token, or remove old keys")
    what, hint = _SAID.get(name, (f"the token failed: {name}", _AGAIN))
    return Unavailable(what, hint)
