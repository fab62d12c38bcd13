# SPDX-License-Identifier: Apache-2.0
"""A secret in somebody else's store, as ``from:`` names it: ``vault:kv/data/app#password``, ``k8s:namespace/name#key``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline_guard.errors import UsageError

_PART = r"[A-Za-z0-9._@=-]+"
_GRAMMAR = {
    "vault": (re.compile(rf"{_PART}(?:/{_PART})+"), "vault:MOUNT/data/PATH#FIELD, or vault:database/creds/ROLE"),
    "awssm": (re.compile(r"(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@-]+"), "awssm:NAME#FIELD"),
    "gcpsm": (
        re.compile(r"projects/[A-Za-z0-9:._-]+/secrets/[A-Za-z0-9_-]{1,255}(?:/versions/[A-Za-z0-9_-]+)?"),
        "gcpsm:projects/PROJECT/secrets/NAME, with /versions/NUMBER to pin one",
    ),
    "azurekv": (re.compile(r"[A-Za-z0-9-]{3,24}/[A-Za-z0-9-]{1,127}(?:/[0-9a-f]{32})?"), "azurekv:VAULT/NAME#FIELD"),
    "k8s": (re.compile(r"[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}"), "k8s:NAMESPACE/NAME#KEY"),
}
_FIELD = re.compile(r"[A-Za-z0-9._-]{1,100}")
_LONGEST = 128  # as the store keeps names


@dataclass(frozen=True, slots=True)
class Reference:
    """``scheme`` says which store; ``field`` is one value of a structured secret, "" for all of it."""

    scheme: str
    path: str
    field: str

    @staticmethod
    def parse(text: str) -> Reference:
        """Read a reference; raise UsageError for one that is none, which also keeps what could lead elsewhere out of addresses."""
        scheme, _, rest = text.partition(":")
        path, mark, field = rest.partition("#")
        if scheme not in _GRAMMAR:
            raise UsageError(f"no store is called {scheme[:20]!r}", f"known: {', '.join(_GRAMMAR)}")
        grammar, example = _GRAMMAR[scheme]
        if not grammar.fullmatch(path) or ".." in path or "//" in path or len(text) > _LONGEST:
            raise UsageError(f"no reference to a secret: {text[:60]!r}", f"write {example}, at most {_LONGEST} signs")
        if (mark and not _FIELD.fullmatch(field)) or (scheme == "k8s" and not field):
            raise UsageError(f"the field is missing in {text[:60]!r}", f"write {example}")
        return Reference(scheme, path, field)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.path}{'#' if self.field else ''}{self.field}"


def is_reference(text: str) -> bool:
    """Tell a reference from a name in our own store, which has no colon."""
    return ":" in text
