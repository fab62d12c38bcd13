# SPDX-License-Identifier: Apache-2.0
"""What all stores of others share: a value is fetched for one lease, and stays theirs; the lease ends access, not the value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from pipeline_guard.errors import Denied, GuardError, Unavailable, UsageError
from pipeline_guard.model.dynamic import Made, Wish
from pipeline_guard.model.reference import Reference
from pipeline_guard.model.secret import Secret

LARGEST = 64 * 1024  # bytes of a value, as in our own store
_HANDLE = Secret(b"kept by its store")  # there is something to end, and nothing to undo
NEEDS = "docs/backends.md tells what is to be configured, and which permissions are needed"


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """One secret of a store as an engine: ``fetch`` gives its bytes and which version they are.

    ``fields`` says that the store itself knows fields, so that what it gives is one already.
    """

    reference: Reference
    called: str
    fetch: Callable[[Reference], tuple[bytes, str]]
    fields: bool = False

    def make(self, wish: Wish) -> Made:
        """Fetch the value; raise Denied where it is missing or refused, Unavailable where the store cannot be asked."""
        try:
            content, version = self.fetch(self.reference)
        except Unavailable as error:
            raise Unavailable(error.what, f"try again; {NEEDS}") from None
        value = field_of(content, self.reference) if self.reference.field and not self.fields else content
        about = f"{self.called}{f', version {version}' if version else ''}; the value itself stays valid"
        return Made(checked(value, self.reference), wish.expires, _HANDLE, revocable=True, about=about)

    def undo(self, handle: Secret) -> None:
        """Nothing: who saw the value knows it until somebody rotates it."""
        del handle


def checked(value: bytes, reference: Reference) -> Secret:
    """Return a value that may be handed out; raise UsageError for an empty or huge one."""
    if not value or len(value) > LARGEST:
        raise UsageError(f"{reference} is empty or larger than {LARGEST} bytes", "check what lies there")
    return Secret(value)


def field_of(content: bytes, reference: Reference) -> bytes:
    """Return one field of a JSON object; raise UsageError, which tells names at most, never values."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"{reference} has no fields: it is no JSON object", "leave #FIELD away")
    return text_of(found, reference)


def text_of(fields: dict[str, object], reference: Reference) -> bytes:
    """Return one field's value as text, or all of them as JSON where none is named."""
    if not reference.field:
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    if reference.field not in fields:
        raise UsageError(f"{reference} has no field {reference.field}", f"it has {len(fields)} fields: check the name")
    value = fields[reference.field]
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def missing(called: str, reference: Reference) -> GuardError:
    """Return the error for what is not there; some stores say the same of what may not be seen."""
    return Denied(f"{reference} is not in {called}, or may not be read", NEEDS)
