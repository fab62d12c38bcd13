# SPDX-License-Identifier: Apache-2.0
"""A JWT of our own issuer for one job: one audience, minutes, bound to the job's key where it sends one. Only time ends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_guard.adapters.engines.jose import compact, jwk, thumbprint
from pipeline_guard.errors import UsageError
from pipeline_guard.model.dynamic import EngineKey, Made, Wish
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Clock

_LARGEST = 4096  # bytes of a public key


@dataclass(frozen=True, slots=True)
class JwtIssuer:
    """One audience of one issuer; ``claims`` are the job's verified ones that are copied, where it has them."""

    clock: Clock
    key: Callable[[], EngineKey]
    issuer: str
    audience: str
    claims: Sequence[str]

    def make(self, wish: Wish) -> Made:
        """Sign one. A ``jwk`` that the job sends binds it to that key (RFC 7800, by thumbprint)."""
        key, now = self.key(), int(self.clock.now().timestamp())
        payload: dict[str, Any] = {name: wish.claims[name] for name in self.claims if name in wish.claims}
        payload |= {
            "iss": self.issuer,
            "sub": wish.holder,
            "aud": self.audience,
            "iat": now,
            "nbf": now,
            "exp": int(wish.expires.timestamp()),
            "jti": wish.lease,
        }
        if "jwk" in wish.given:
            payload["cnf"] = {"jkt": thumbprint(_sent(wish.given["jwk"]))}
        token = compact(payload, key, thumbprint(jwk(key.public_pem)))
        return Made(Secret(token.encode("ascii")), wish.expires, Secret(b""), revocable=False, about=f"JWT {wish.lease}")

    def undo(self, handle: Secret) -> None:
        """Do nothing: whoever verifies a JWT asks nobody."""
        del handle


def _sent(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if len(text) <= _LARGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("the jwk that was sent along is no JSON object", "send the public half of the job's key as JWK")
    return found
