# SPDX-License-Identifier: Apache-2.0
"""Which key service ``token.uri`` names. The schemes are those of Sigstore's KMS references, and ``openbao`` beside ``hashivault``."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from pipeline_guard.errors import UsageError

_KNOWN = {
    "awskms": ("region", "scheme"),
    "azurekms": ("scheme", "protection", "kind"),
    "gcpkms": ("scheme", "protection"),
    "openbao": ("scheme", "namespace"),
    "hashivault": ("scheme", "namespace"),
}
SCHEMES = tuple(_KNOWN)
_HINT = "write awskms:///?region=REGION, azurekms://VAULT.vault.azure.net, gcpkms:///projects/... or openbao://HOST:PORT/MOUNT"


@dataclass(frozen=True, slots=True)
class ServiceUri:
    """A service: ``endpoint`` is a URL, "" for the provider's own; ``path`` has no slashes around it.

    ``protection`` is "software" where keys need not be in hardware, ``option`` what ``kind=`` says.
    """

    kind: str
    endpoint: str
    path: str
    region: str = ""
    namespace: str = ""
    protection: str = ""
    option: str = ""

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
        if options.get("protection", "hsm") not in ("hsm", "software") or options.get("kind", "vault") not in ("vault", "managedhsm"):
            raise UsageError("token.uri: protection is hsm or software, kind is vault or managedhsm", _HINT)
        scheme, path = options.get("scheme", "https"), parts.path
        if parts.scheme == "gcpkms" and host == "projects" and port is None:  # as Sigstore writes it
            host, path = "", f"projects{path}"
        if scheme not in ("http", "https") or (scheme == "http" and not is_here(host)):
            raise UsageError("token.uri: plain HTTP is for this machine only", "leave scheme= away")
        address = f"[{host}]" if ":" in host else host
        endpoint = f"{scheme}://{address}{f':{port}' if port else ''}" if host else ""
        kind = "openbao" if parts.scheme == "hashivault" else parts.scheme
        named = [options.get(name, "") for name in ("region", "namespace", "protection", "kind")]
        return ServiceUri(kind, endpoint, path.strip("/"), *named)


def is_service(text: str) -> bool:
    """Tell whether a token's URI names a key service."""
    return text.partition(":")[0].lower() in SCHEMES


def is_here(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
