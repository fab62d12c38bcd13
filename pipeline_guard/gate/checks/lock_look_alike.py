# SPDX-License-Identifier: Apache-2.0
"""Package names that differ from a much-imitated one by a slip of the finger or of the eye."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

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
        model = _imitated(package.name, package.ecosystem)
        # a project that uses both knows what it does, but for letters swapped or doubled, which nobody means
        if model and (model not in names or sorted(set(model)) == sorted(set(package.name))):
            yield Problem(
                Location(facts.path, package.location.line),
                f"{package.name} (is {model} meant?)",
                f"if {package.name} is meant, waive this check for the file; else ask for {model}",
            )


def _imitated(name: str, ecosystem: Ecosystem) -> str:
    """Return the well-known name that ``name`` is a slip away from; "" for none."""
    forms = _forms(ecosystem)
    if name.startswith("@"):
        return ""
    for form in (name, _seen(name), _bare(name)):
        known = forms.get(form, "")
        if known and known != name:
            return known
    return ""


@cache
def _forms(ecosystem: Ecosystem) -> dict[str, str]:
    """Return every slip of every known name, each with the name that it imitates."""
    found: dict[str, str] = {}
    for known in sorted(ATTACKED[ecosystem]):
        if len(known) > 3:
            found.setdefault(_seen(known), known)
        if len(known) < _SHORTEST:
            continue
        if len(_bare(known)) >= _SHORTEST:
            found.setdefault(_bare(known), known)
        for at in range(1, len(known)):
            found.setdefault(known[:at] + known[at + 1 :], known)  # one letter missing
            found.setdefault(known[:at] + known[at - 1 :], known)  # one letter twice
            found.setdefault(known[: at - 1] + known[at] + known[at - 1] + known[at + 1 :], known)  # two letters swapped
        found.setdefault(known + known[-1], known)
    return found | {known: known for known in ATTACKED[ecosystem]}


def _seen(name: str) -> str:
    """Return a name with letters, and groups of them, replaced by what they look like."""
    return "=" + name.translate(_SEEMING).replace("rn", "m").replace("vv", "w").replace("cl", "d")


def _bare(name: str) -> str:
    return "-" + name.replace("-", "").replace("_", "").replace(".", "")


RULE = Rule(
    "lock-look-alike",
    Kind.LOCK,
    "",
    "names a keystroke away from well-known ones are published to be installed by mistake",
    check,
)
