# SPDX-License-Identifier: Apache-2.0
"""Which key service ``token.uri`` names. The schemes are those of Sigstore's KMS references, and ``openbao`` beside ``hashivault``."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from pipeline_guard.errors import UsageError

SCHEMES = ("awskms", "openbao", "hashivault")
_KNOWN = {"awskms": ("region", "scheme"), "openbao": ("scheme", "namespace"), "hashivault": ("scheme", "namespace")}
_HINT = "write awskms:///?region=REGION or openbao://HOST:PORT/MOUNT"


@dataclass(frozen=True, slots=True)
class ServiceUri:
    """A service: ``endpoint`` is a URL, "" for the provider's own; ``path`` has no slashes around it."""

    kind: str
    endpoint: str
    path: str
    region: str = ""
    namespace: str = ""

    @staticmethod
    def parse(text: str) -> ServiceUri:
        """Read a URI; raise UsageError for an unknown scheme or option, a user name, or HTTP to another machine than this."""
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
            options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        except ValueError:
            raise UsageError("token.uri does not parse", _HINT) from None
        if parts.scheme not in SCHEMES:
            raise UsageError(f"token.uri: unknown scheme {parts.scheme[:20]!r}", _HINT)
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise UsageError("token.uri must not hold a user name, password or fragment", _HINT)
        for option in options:
            if option not in _KNOWN[parts.scheme]:
                raise UsageError(f"token.uri: unknown option {option[:20]!r}", _HINT)
        scheme = options.get("scheme", "https")
        if scheme not in ("http", "https") or (scheme == "http" and not _is_here(host)):
            raise UsageError("token.uri: plain HTTP is for this machine only", "leave scheme= away")
        address = f"[{host}]" if ":" in host else host
        endpoint = f"{scheme}://{address}{f':{port}' if port else ''}" if host else ""
        kind = "openbao" if parts.scheme == "hashivault" else parts.scheme
        return ServiceUri(kind, endpoint, parts.path.strip("/"), options.get("region", ""), options.get("namespace", ""))


def is_service(text: str) -> bool:
    """Tell whether a token's URI names a key service."""
    return text.partition(":")[0].lower() in SCHEMES


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
