# SPDX-License-Identifier: Apache-2.0
"""What a job holds for a while, and how it reaches the job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from pipeline_guard.model.secret import Secret


class Delivery(Enum):
    """How a value reaches a command: in its environment, or as the path of a private file."""

    ENV = "env"
    FILE = "file"


class Target(Enum):
    """Where values for later steps go: private files, variables of every later step, or outputs of this one."""

    FILES = "files"
    ENV = "env"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Binding:
    """One variable, the secret it takes its value from, for how long, and how it travels.

    ``given`` is what the job sends along for it, as (field, text): a certificate request, a public key. It is untrusted.
    """

    variable: str
    secret: str
    lifetime: timedelta
    delivery: Delivery
    given: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """A grant of one secret version to one holder until ``expires``.

    ``engine`` names what makes the value, "" for one that is kept in the store; ``version`` is 0 then. ``revocable`` is False where only
    time ends it. ``about`` is what may be shown: a role's name, a serial number.
    """

    id: str
    secret: str
    version: int
    holder: str
    issued: datetime
    expires: datetime
    engine: str = ""
    revocable: bool = True
    about: str = ""


@dataclass(frozen=True, slots=True)
class Injected:
    """One value on its way: the variable it is bound to and the way it goes."""

    variable: str
    value: Secret
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Injection:
    """Everything one job receives."""

    leases: tuple[Lease, ...]
    values: tuple[Injected, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended: its exit code, and how often its output was rid of each value of its injection."""

    code: int
    hidden: tuple[int, ...] = ()
