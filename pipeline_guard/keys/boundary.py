# SPDX-License-Identifier: Apache-2.0
"""What the probes of a token mean: may it hold our keys, under which of our rules, or not at all.

**reject**: the value of a non-extractable key came out, or its protection can be taken back.
**restrict**: something goes wrong only with keys that we never make; the finding names the rule that keeps it so.
**note**: the token ignores something that we do not rely on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline_guard.model.boundary import Boundary, Finding, Grade, Outcome, Probe, TokenFacts

VALID = timedelta(days=30)
_NOTHING_EXTRACTABLE = "nothing on the token is ever extractable"
_NOT_MODIFIABLE = "every key is made with CKA_MODIFIABLE false"
_ONE_USAGE = "every key has one usage, and none derives"
_OWN_WRAPPING = "data keys are sealed with AES-GCM in the token, never with C_WrapKey or C_UnwrapKey"
_READ_BACK = "attributes are read back and the store keeps its own record of every key: a flag alone proves nothing"

# the grade of an unwelcome outcome, and the rule of ours that answers it; whatever is not named here rejects the token
_MEANING: dict[str, tuple[Grade, str]] = {
    "wrap-then-decrypt": (Grade.RESTRICT, _NOTHING_EXTRACTABLE),
    "weak-unwrap": (Grade.RESTRICT, _NOTHING_EXTRACTABLE),
    "wrap-to-own-pair": (Grade.RESTRICT, _NOTHING_EXTRACTABLE),
    "short-unwrap": (Grade.RESTRICT, _OWN_WRAPPING),
    "planted-key": (Grade.RESTRICT, _OWN_WRAPPING),
    "oracle-rsa-pkcs": (Grade.RESTRICT, _OWN_WRAPPING),
    "oracle-cbc-pad": (Grade.RESTRICT, _OWN_WRAPPING),
    "switch-usage-on": (Grade.RESTRICT, _NOT_MODIFIABLE),
    "switch-usage-on-closed": (Grade.RESTRICT, _NOTHING_EXTRACTABLE),
    "copy-adding-usage": (Grade.RESTRICT, _NOTHING_EXTRACTABLE),
    "derive-readable": (Grade.RESTRICT, _ONE_USAGE),
    "user-sets-trusted": (Grade.RESTRICT, _NOTHING_EXTRACTABLE),
    "wrap-with-trusted": (Grade.RESTRICT, _NOTHING_EXTRACTABLE),
    "false-origin": (Grade.RESTRICT, _READ_BACK),
    "unwrap-flags": (Grade.RESTRICT, _READ_BACK),
    "short-gcm-tag": (Grade.NOTE, "our tags have 128 bits, and shorter ones are not read"),
    "copyable": (Grade.NOTE, "copies of a non-extractable key stay in the token"),
    "modifiable": (Grade.RESTRICT, _READ_BACK),
    "end-date": (Grade.NOTE, "the store keeps the dates of keys, and asks for them before each use"),
    "always-authenticate": (Grade.NOTE, "we do not rely on a PIN for each use"),
    "clean-up": (Grade.NOTE, "remove what the probes left by its label"),
}
# Stored attributes that change while the value stays inside say nothing more than that attributes prove nothing.
_ONLY_IF_LEAKED = {"set-insensitive", "set-extractable", "copy-extractable", "copy-insensitive"}
_DECISIVE = ("read-secret", "read-private")
_PROVIDER = "provider-boundary"  # a key service: nothing can be tried, and that is said
_ORDER = (Grade.REJECT, Grade.RESTRICT, Grade.NOTE, Grade.NONE)


def judge(facts: TokenFacts, probes: Sequence[Probe], now: datetime) -> Boundary:
    """Return the judgement; a token on which not even the decisive probes could be made is rejected."""
    found = [finding for probe in probes if (finding := _finding(probe)) is not None]
    tried = any(probe.outcome is Outcome.REFUSED for probe in probes if probe.id in _DECISIVE)
    if not tried and [probe.id for probe in probes] != [_PROVIDER]:
        blind = Probe("blind", "make a key to try", Outcome.UNSUPPORTED, "the token makes no key that the probes could be tried on")
        found.append(Finding(blind, Grade.REJECT, "a token that cannot be examined holds no key of ours"))
    grade = min((finding.grade for finding in found), key=_ORDER.index, default=Grade.NONE)
    found.sort(key=lambda finding: _ORDER.index(finding.grade))
    return Boundary(facts, grade, tuple(found), tuple(probes), now, now + VALID)


def holds(boundary: Boundary | None, facts: TokenFacts, now: datetime) -> bool:
    """Tell whether a judgement is of this module and token, and still young enough."""
    if boundary is None or not boundary.checked <= now < boundary.expires:
        return False
    return replace(boundary.facts, label="", module="") == replace(facts, label="", module="")


def _finding(probe: Probe) -> Finding | None:
    if probe.outcome in (Outcome.REFUSED, Outcome.UNSUPPORTED):
        return None
    if probe.id == _PROVIDER:
        return Finding(probe, Grade.NOTE, "none of ours: the boundary is the provider's and cannot be probed")
    if probe.outcome is Outcome.UNTRIED:
        return Finding(probe, Grade.NOTE, "nothing is known of it: the token failed before it could be tried")
    if probe.id in _ONLY_IF_LEAKED and probe.outcome is Outcome.PERMITTED:
        return Finding(probe, Grade.RESTRICT, _READ_BACK)
    grade, rule = _MEANING.get(probe.id, (Grade.REJECT, "none: the value of a non-extractable key came out"))
    return Finding(probe, grade, rule)
