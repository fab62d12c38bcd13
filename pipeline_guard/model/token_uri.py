# SPDX-License-Identifier: Apache-2.0
"""A PKCS#11 URI (RFC 7512): which token, which object, through which module."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from pipeline_guard.errors import UsageError

_PATH = {"token", "manufacturer", "serial", "model", "object", "type", "id", "slot-id"}
_QUERY = {"module-path", "module-name", "pin-source"}
_HINT = "write pkcs11:token=LABEL;object=NAME (RFC 7512)"


@dataclass(frozen=True, slots=True)
class TokenUri:
    """The attributes we compare, percent-decoded; "" where not given. ``id`` is hexadecimal."""

    token: str = ""
    serial: str = ""
    object: str = ""
    id: str = ""
    type: str = ""
    module_path: str = ""
    pin_source: str = ""

    @staticmethod
    def parse(text: str) -> TokenUri:
        """Read a URI; raise UsageError for another scheme, an unknown attribute, a repetition, or a PIN inside."""
        scheme, _, rest = text.partition(":")
        if scheme.lower() != "pkcs11":
            raise UsageError("not a pkcs11: URI", _HINT)
        path, _, query = rest.partition("?")
        values: dict[str, str] = {}
        for known, items in ((_PATH, path.split(";")), (_QUERY, query.split("&"))):
            for item in items:
                if item:
                    _take(values, item, known)
        return TokenUri(
            token=values.get("token", ""),
            serial=values.get("serial", ""),
            object=values.get("object", ""),
            id=values.get("id", ""),
            type=values.get("type", ""),
            module_path=values.get("module-path", ""),
            pin_source=values.get("pin-source", ""),
        )


def _take(values: dict[str, str], item: str, known: set[str]) -> None:
    name, equals, value = item.partition("=")
    if name == "pin-value":
        # It would end up in process lists, logs and stored configurations.
        raise UsageError("a PIN must not stand in a URI", "use pin-source=env:NAME or pin-source=file:PATH")
    if name not in known or not equals:
        raise UsageError(f"pkcs11: URI: unknown attribute {name[:40]!r}", _HINT)
    if name in values:
        raise UsageError(f"pkcs11: URI: {name} is there twice", _HINT)
    raw = unquote_to_bytes(value)
    if name == "id":
        values[name] = raw.hex()
        return
    try:
        values[name] = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"pkcs11: URI: {name} is not UTF-8", _HINT) from None
