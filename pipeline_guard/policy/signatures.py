# SPDX-License-Identifier: Apache-2.0
"""Which signatures a subject must carry, as typed, frozen data: whose, how many, saying what.

An unknown key is an error, nothing is coerced, and what is not said is refused.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline_guard.errors import UsageError

MAX_LEVEL = 3  # of SLSA's build track
_MAX_DAYS = 100 * 365


class SignerRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One who may sign: a ``key`` (its name, or the file of a public key or timeline), or the ``identity`` that ``issuer`` vouches for.

    ``identity`` may hold ``*`` for anything but a slash, ``**`` for anything; both are matched whole. ``name`` is what others call it.
    """

    key: str = ""
    identity: str = ""
    issuer: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """What people and ``by`` call this signer."""
        return self.name or self.key or self.identity


class PredicateRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One statement that must be there. ``type`` is a word or URI; every further field that is set must match, whole.

    For provenance: ``builder``, ``source``, ``workflow``, ``ref``, ``build-type``. For a verification summary: ``verifier``,
    ``resource``, ``levels``. ``result`` is PASSED unless set, where the type has results. ``fields`` maps paths such as
    ``scanner.result`` to texts. ``by`` names the signers of the rule that count for it; unset: any of them.
    """

    type: str
    builder: str = ""
    source: str = ""
    workflow: str = ""
    ref: str = ""
    build_type: str = ""
    verifier: str = ""
    resource: str = ""
    levels: tuple[str, ...] = ()
    result: str = ""
    fields: dict[str, str] = {}
    by: tuple[str, ...] = ()


class SignatureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What subjects whose path matches one of ``subjects`` must carry. Every rule that matches must be met.

    ``threshold``: how many different signers. ``require``: kinds of signature over one payload. ``slsa-level``: proven by provenance of
    one of ``builders`` (pattern: level) or by a summary of one of ``verifiers``. ``max-age-days``: since a trusted time.
    ``allow-renamed``: the subject may have been signed under another name.
    """

    subjects: tuple[str, ...]
    signers: tuple[SignerRule, ...]
    threshold: int = 1
    require: tuple[Literal["classical", "pq"], ...] = ()
    predicates: tuple[PredicateRule, ...] = ()
    slsa_level: int = 0
    builders: dict[str, int] = {}
    verifiers: tuple[str, ...] = ()
    max_age_days: int = 0
    allow_renamed: bool = False


class SignaturePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A policy file of its own; without a rule nothing is accepted."""

    version: Literal[1]
    rules: tuple[SignatureRule, ...]


def check(rules: tuple[SignatureRule, ...], source: str) -> tuple[SignatureRule, ...]:
    """Return ``rules`` if each says clearly what it demands; raise UsageError naming the rule otherwise."""
    for number, rule in enumerate(rules, start=1):
        what = f"{source}: rule {number} ({', '.join(rule.subjects)[:60]})"
        if not rule.subjects or not all(rule.subjects):
            raise UsageError(f"{what}: names no subject", "subjects: [dist/*.whl]")
        if not rule.signers:
            raise UsageError(f"{what}: names no signer, so nothing could ever be accepted", "signers: [{key: release}]")
        for signer in rule.signers:
            _check_signer(signer, what)
        labels = [signer.label for signer in rule.signers]
        if len(set(labels)) != len(labels):
            raise UsageError(f"{what}: two signers have the same name", "give each a name of its own")
        if not 1 <= rule.threshold <= len(labels):
            raise UsageError(
                f"{what}: {rule.threshold} of {len(labels)} signers is not possible", "threshold lies between 1 and their number"
            )
        _check_rest(rule, labels, what)
    return rules


def _check_signer(signer: SignerRule, what: str) -> None:
    if bool(signer.key) == bool(signer.identity):
        raise UsageError(f"{what}: a signer is either a key or an identity", "signers: [{key: release}]")
    if signer.identity and not signer.issuer.startswith("https://"):
        raise UsageError(f"{what}: the identity {signer.identity[:60]} has no https issuer", "an identity is worth what its issuer is")
    if signer.key and signer.issuer:
        raise UsageError(f"{what}: the key {signer.key} has an issuer", "only identities have one")
    if signer.identity and not signer.identity.strip("*"):
        raise UsageError(f"{what}: the identity {signer.identity} is anybody", "name the workflow or person")


def _check_rest(rule: SignatureRule, labels: list[str], what: str) -> None:
    for predicate in rule.predicates:
        unknown = [name for name in predicate.by if name not in labels]
        if unknown:
            raise UsageError(f"{what}: {unknown[0]} is no signer of this rule", f"by: one of {', '.join(labels)}")
    if len(set(rule.require)) != len(rule.require):
        raise UsageError(f"{what}: require names a kind twice")
    if not 0 <= rule.slsa_level <= MAX_LEVEL or not all(1 <= level <= MAX_LEVEL for level in rule.builders.values()):
        raise UsageError(f"{what}: SLSA build levels lie between 1 and {MAX_LEVEL}")
    if rule.slsa_level and not rule.verifiers and not any(level >= rule.slsa_level for level in rule.builders.values()):
        raise UsageError(
            f"{what}: nobody is trusted for SLSA level {rule.slsa_level}", "name builders: {PATTERN: LEVEL}, or verifiers of summaries"
        )
    if not 0 <= rule.max_age_days <= _MAX_DAYS:
        raise UsageError(f"{what}: max-age-days lies between 0 (no limit) and {_MAX_DAYS}")
