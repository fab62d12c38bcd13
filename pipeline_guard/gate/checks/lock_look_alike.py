# SPDX-License-Identifier: Apache-2.0
"""Package names that differ from a much-imitated one by a slip of the finger or of the eye."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.known_names import ATTACKED, GENUINE
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem, Lock

_SHORTEST = 6  # letters; shorter names have honest neighbours everywhere
_SEEMING = str.maketrans(
    {"0": "o", "1": "l", "5": "s", "$": "s"}
    | dict(zip("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0501\u03bf\u0131", "aeopcyxisdoi", strict=True))
)


def check(facts: Lock, _settings: GateSettings) -> Iterator[Problem]:
    """Give packages that somebody asks for by name and that imitate one of the list; what only another package needs is its affair."""
    needed = {name for package in facts.packages for name in package.requires}
    direct = set(facts.direct)
    names = {package.name for package in facts.packages}
    for package in facts.packages:
        attacked = ATTACKED.get(package.ecosystem)
        asked = (package.name in direct or package.alias in direct) if direct else package.name not in needed
        if not attacked or not asked or package.source.kind != "registry" or package.name in attacked:
            continue
        if package.name in GENUINE.get(package.ecosystem, ()):
            continue
        model = next((known for known in sorted(attacked) if _imitates(package.name, known, package.ecosystem)), "")
        # a project that uses both knows what it does
        if model and model not in names:
            yield Problem(
                Location(facts.path, package.location.line),
                f"{package.name} (is {model} meant?)",
                f"if {package.name} is meant, waive this check for the file; else ask for {model}",
            )


def _imitates(name: str, known: str, ecosystem: Ecosystem) -> bool:
    if abs(len(name) - len(known)) > 2 or name == known:
        return False
    if name.translate(_SEEMING) == known or _merged(name) == _merged(known):
        return len(known) > 3
    if len(known) < _SHORTEST:
        return False
    if ecosystem is Ecosystem.NPM and name.startswith("@"):
        return False
    if re.sub(r"[-_.]", "", name) == re.sub(r"[-_.]", "", known):
        return True
    return _one_slip(name, known)


def _merged(name: str) -> str:
    """Return a name with groups of letters that look like one letter replaced."""
    return name.replace("rn", "m").replace("vv", "w").replace("cl", "d")


def _one_slip(name: str, known: str) -> bool:
    """Tell whether one letter is missing, doubled, or swapped with its neighbour."""
    at = next((index for index, (one, other) in enumerate(zip(name, known, strict=False)) if one != other), min(len(name), len(known)))
    if len(name) == len(known):
        return name[at : at + 2] == known[at : at + 2][::-1] and name[at + 2 :] == known[at + 2 :]
    if len(name) == len(known) - 1:
        return name[at:] == known[at + 1 :] and at > 0
    if len(name) == len(known) + 1:
        return name[at + 1 :] == known[at:] and at > 0 and name[at] == name[at - 1]
    return False


RULE = Rule(
    "lock-look-alike",
    Kind.LOCK,
    "",
    "names a keystroke away from well-known ones are published to be installed by mistake",
    check,
)
