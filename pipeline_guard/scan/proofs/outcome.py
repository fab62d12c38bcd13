# SPDX-License-Identifier: Apache-2.0
"""What an offline test of a value can say, and the answers that many tests share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pipeline_guard.model.finding import Severity


class State(Enum):
    """What an offline test said. ``NO_SECRET``: the value is public or no credential by its own structure."""

    VERIFIED = "verified"
    CONTRADICTED = "contradicted"
    NO_TEST = "no test"
    NO_SECRET = "no secret"


class Kind(Enum):
    """What sort of value it is where its own content tells; all but ``LIVE`` carry a severity of their own."""

    LIVE = "live"
    ENCRYPTED = "encrypted"
    EXPIRED = "expired"
    TEST = "test mode"
    PUBLIC = "public by design"
    CANARY = "canary"
    DOCUMENTATION = "documentation"


@dataclass(frozen=True, slots=True)
class Proof:
    """The state, a severity where the value itself names a lesser kind, a note for people, and that kind."""

    state: State
    severity: Severity | None = None
    note: str = ""
    kind: Kind = Kind.LIVE


MOMENT = 600  # seconds: longest life of what opens one page or picture; when it is over, nobody need know of it

VERIFIED = Proof(State.VERIFIED)
NO_TEST = Proof(State.NO_TEST)
NO_SECRET = Proof(State.NO_SECRET)
CONTRADICTED = Proof(State.CONTRADICTED, note="its checksum or structure does not hold: mutated, cut or made up")
DOCUMENTATION = Proof(State.CONTRADICTED, Severity.INFO, "a value from published documentation or test data", Kind.DOCUMENTATION)
MADE_UP = Proof(State.NO_TEST, Severity.INFO, "looks made up: a sequence or a repetition", Kind.DOCUMENTATION)
CANARY = Proof(State.NO_TEST, Severity.INFO, "a canary: planted to tell its owner who used it", Kind.CANARY)
EXPIRED = Proof(State.VERIFIED, Severity.INFO, "expired", Kind.EXPIRED)
PUBLIC = Proof(State.VERIFIED, Severity.INFO, "public by design", Kind.PUBLIC)
TEST_MODE = Proof(State.NO_TEST, Severity.LOW, "of the test mode: moves no money and reads no real data", Kind.TEST)
ENCRYPTED = Proof(State.NO_TEST, Severity.MEDIUM, "encrypted with a passphrase, which can be guessed at offline", Kind.ENCRYPTED)
WELL_KNOWN = Proof(State.VERIFIED, note="opened with a password that everybody knows")


def holds(intact: bool, otherwise: Proof = CONTRADICTED) -> Proof:
    """Return verified where a check holds, else ``otherwise``."""
    return VERIFIED if intact else otherwise
