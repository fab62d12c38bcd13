# SPDX-License-Identifier: Apache-2.0
"""The organisation's settings over a repository's: the lower may only tighten.

Whatever a field means that has no row here, the repository cannot change it: what is added later is strict until somebody
says how it tightens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.model.gate_settings import AdvisorySettings, GateSettings

DELEGABLE = ("waive", "allow-unchecked", "exclude")
_ORDERS = {
    "network": ("off", "try", "require"),
    "threshold": ("critical", "high", "medium", "low"),
    "unscored": ("pass", "block"),
    "scope": ("new", "all"),
}
_DEFAULTS = GateSettings()


def merge(organisation: GateSettings, repository: GateSettings, delegated: Sequence[str] = ()) -> GateSettings:
    """Return what holds for the repository. Raises UsageError naming every setting that would loosen what the organisation says.

    ``delegated`` are the settings that the organisation leaves to its repositories.
    """
    loosened: list[str] = []
    merged: dict[str, Any] = {}
    for field in fields(GateSettings):
        if field.name in ("digest", "source"):
            continue
        higher, lower = getattr(organisation, field.name), getattr(repository, field.name)
        name = "waive" if field.name == "waivers" else field.name.replace("_", "-")
        if field.name in _FIELDS:
            merged[field.name] = _FIELDS[field.name](higher, lower, name, loosened, name in delegated)
        else:
            merged[field.name] = _fixed(higher, lower, getattr(_DEFAULTS, field.name), name, loosened)
    if loosened:
        raise UsageError(
            f"{repository.source}: looser than the organisation's policy: {', '.join(loosened)[:400]}",
            "take it out there, or have the organisation allow it in its own policy",
        )
    digest = hashlib.sha256(f"{organisation.digest}\n{repository.digest}\n{','.join(sorted(delegated))}".encode()).hexdigest()
    return replace(organisation, **merged, digest=digest, source=f"{organisation.source} over {repository.source}")


def _both(higher: tuple[Any, ...], lower: tuple[Any, ...], _name: str, _loosened: list[str], _free: bool) -> tuple[Any, ...]:
    """More demands are tighter."""
    return tuple(dict.fromkeys(higher + lower))


def _excuses(higher: tuple[Any, ...], lower: tuple[Any, ...], name: str, loosened: list[str], free: bool) -> tuple[Any, ...]:
    """More excuses are looser, unless this kind of excuse is left to the repositories."""
    if not free:
        loosened += [f"gate.{name}: {getattr(item, 'check', item)}" for item in lower if item not in higher]
    return tuple(dict.fromkeys(higher + lower))


def _network(higher: str, lower: str, name: str, _loosened: list[str], _free: bool) -> str:
    order = _ORDERS[name]
    return max(higher, lower, key=order.index)  # nobody writes "off": it is what is meant by silence


def _advisories(higher: AdvisorySettings, lower: AdvisorySettings, _name: str, loosened: list[str], _free: bool) -> AdvisorySettings:
    silent = AdvisorySettings()
    merged: dict[str, Any] = {}
    for field in fields(AdvisorySettings):
        above, below, default = (getattr(each, field.name) for each in (higher, lower, silent))
        name = f"gate.advisories.{field.name.replace('_', '-')}"
        if field.name == "max_age":
            merged[field.name] = min(above, below)
        elif field.name in _ORDERS:
            tighter = max(above, below, key=_ORDERS[field.name].index)
            if tighter != below and below != default:
                loosened.append(f"{name}: {below}")
            merged[field.name] = tighter
        elif above and below not in ("", above):
            loosened.append(f"{name}: {below}")
        else:
            merged[field.name] = above or below
    return replace(higher, **merged)


def _lookup(higher: tuple[Any, ...], lower: tuple[Any, ...], name: str, loosened: list[str], _free: bool) -> tuple[Any, ...]:
    """Where the organisation names the registry of an ecosystem, no other will do."""
    own = dict(higher)
    loosened += [f"gate.{name}: {ecosystem}" for ecosystem, address in lower if own.get(ecosystem, address) != address]
    return tuple(sorted({**dict(lower), **own}.items()))


def _fixed(higher: Any, lower: Any, default: Any, name: str, loosened: list[str]) -> Any:
    if lower not in (default, higher):
        loosened.append(f"gate.{name}")
    return higher


_FIELDS: dict[str, Callable[[Any, Any, str, list[str], bool], Any]] = {
    "artifacts": _both,
    "waivers": _excuses,
    "allow_unchecked": _excuses,
    "exclude": _excuses,
    "network": _network,
    "advisories": _advisories,
    "lookup": _lookup,
}
