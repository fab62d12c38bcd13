# SPDX-License-Identifier: Apache-2.0
"""The sets of doors that flows ask for, taken from the wiring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.config import IssuerSection, WatchSection, api_of, duration
from pipeline_guard.errors import UsageError
from pipeline_guard.flows.broker_terms import BrokerDoors, Meter
from pipeline_guard.flows.checkpoint import CheckpointDoors, checkpoint_if_due
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.flows.keys import KeyDoors
from pipeline_guard.flows.lease import LeaseDoors
from pipeline_guard.flows.private_trust import TrustDoors
from pipeline_guard.flows.search import SearchDoors
from pipeline_guard.flows.secrets import SecretDoors, wrapping_key
from pipeline_guard.flows.tidy import TidyDoors
from pipeline_guard.flows.undoing import EngineDoors, UndoDoors, engine_key, issuer_keys, open_for_engine
from pipeline_guard.model.dynamic import EngineKey
from pipeline_guard.model.reference import Reference, is_reference
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Engine, FreshJwks, JobWatch


def governed(wiring: Wiring, uri: str = "") -> GovernedToken:
    """Open a token whose keys do only what their state permits; first, sign how far the audit log is, where that is due."""
    token = _governed(wiring, uri)
    if not uri:
        checkpoint_if_due(doors=_checkpoint_doors(token, wiring))
    return token


def key_doors(wiring: Wiring, *, software: bool = False) -> KeyDoors:
    """Open what key flows need; ``software``: ML-DSA keys are made to sign in this process."""
    state, keystore = wiring.state(), governed(wiring)
    if software:
        keystore = GovernedToken(wiring.software_token(), state, wiring.clock, wiring.config("").token.accept_rejected)
    return KeyDoors(wiring.actor, wiring.clock, keystore, state, state, state)


def tidy_doors(wiring: Wiring) -> TidyDoors:
    """Open what removing unfinished keys needs."""
    state, token = wiring.state(), governed(wiring)
    return TidyDoors(wiring.actor, wiring.clock, token, token.token_facts().serial, state, state, state)


def checkpoint_doors(wiring: Wiring) -> CheckpointDoors:
    """Open what checkpoints of the audit log need."""
    return _checkpoint_doors(_governed(wiring, ""), wiring)


def _governed(wiring: Wiring, uri: str) -> GovernedToken:
    return GovernedToken(wiring.token(uri), wiring.state(), wiring.clock, wiring.config("").token.accept_rejected)


def _checkpoint_doors(token: GovernedToken, wiring: Wiring) -> CheckpointDoors:
    state = wiring.state()
    return CheckpointDoors(wiring.actor, wiring.clock, token, state, state, state)


def secret_doors(wiring: Wiring) -> SecretDoors:
    """Open what secret flows need."""
    state, token = wiring.state(), governed(wiring)
    return SecretDoors(
        actor=wiring.actor,
        clock=wiring.clock,
        random=wiring.random,
        keystore=token,
        wrapper=token,
        register=state,
        ledger=state,
        store=state,
        life=state,
        removal=state,
        audit=state,
    )


def broker_doors(wiring: Wiring, token: GovernedToken, jwks: FreshJwks, meter: Meter) -> BrokerDoors:
    """Open what a broker needs; ``token`` is opened for long."""
    state = wiring.state()
    mine = LeaseDoors("broker", wiring.clock, wiring.random, token, state, state, _engine_doors(wiring, broker_undo_doors(wiring, token)))
    return BrokerDoors(wiring.clock, wiring.random, jwks, state, lambda actor: replace(mine, actor=actor), meter)


def broker_undo_doors(wiring: Wiring, token: GovernedToken) -> UndoDoors:
    """Open what undoing needs in a broker."""
    state = wiring.state()
    return UndoDoors("broker", wiring.clock, cache(lambda name: _engine(name, lambda: token, wiring)), lambda: token, state, state)


def issuer_keys_of(name: str, wiring: Wiring) -> Sequence[EngineKey]:
    """Return the keys that an issuer publishes."""
    return issuer_keys(name, wiring.state())


def governed_for_long(wiring: Wiring) -> GovernedToken:
    """Open the token for a process that goes on: a revocation of a key elsewhere is honoured within two seconds."""
    return GovernedToken(wiring.token(""), wiring.state(), wiring.clock, wiring.config("").token.accept_rejected, timedelta(seconds=2))


def keep_checkpoints(wiring: Wiring, token: GovernedToken) -> None:
    """Sign how far the audit log is, where that is due."""
    checkpoint_if_due(doors=_checkpoint_doors(token, wiring))


def search_doors(wiring: Wiring) -> SearchDoors:
    """Open what looking for stored values needs."""
    state = wiring.state()
    return SearchDoors(wiring.actor, wiring.clock, governed(wiring), state, state)


def trust_doors(wiring: Wiring) -> TrustDoors:
    """Open what a private trust root needs."""
    keys = key_doors(wiring)
    return TrustDoors(wiring.random, wiring.files, governed(wiring), keys)


def lease_doors(wiring: Wiring) -> LeaseDoors:
    """Open what handing out needs."""
    state, token = wiring.state(), governed(wiring)
    return LeaseDoors(wiring.actor, wiring.clock, wiring.random, token, state, state, _engine_doors(wiring, undo_doors(wiring)))


def _engine_doors(wiring: Wiring, undo: UndoDoors) -> EngineDoors | None:
    config = wiring.config("")
    named = [*(binding.secret for binding in config.bindings()), *(name for grant in config.policy.grants for name in grant.secrets)]
    names = frozenset(config.engines) | {name for name in named if is_reference(name)}
    if not names:
        return None
    longest = {name: duration(section.longest) for name, section in config.engines.items()}
    return EngineDoors(names, lambda: wrapping_key(doors=secret_doors(wiring)).ref, wiring.random, undo, longest)


def undo_doors(wiring: Wiring) -> UndoDoors:
    """Open what undoing needs; the token is opened only where there is something to undo."""
    state = wiring.state()
    token = cache(lambda: _governed(wiring, ""))
    return UndoDoors(wiring.actor, wiring.clock, cache(lambda name: _engine(name, token, wiring)), token, state, state)


def _engine(name: str, token: Callable[[], GovernedToken], wiring: Wiring) -> Engine:
    if is_reference(name):
        return wiring.backend(name, wiring.config("").backends.settings(Reference.parse(name).scheme))
    section = wiring.config("").engines.get(name)
    if section is None:
        raise UsageError(f"the configuration has no engine {name[:60]!r}", "put it back under engines: until all that it made is undone")

    secret, key = _finders(name, token, wiring)
    return wiring.engine(section.kind, section.settings(), secret=secret, key=key)


def job_watch(section: IssuerSection, token: GovernedToken, wiring: Wiring) -> JobWatch:
    """Open what asks an issuer's forge whether a job has ended; no credential is looked at before it is needed."""
    watch = section.watch or WatchSection()
    secret, find = _finders(f"watch of {section.url}"[:100], lambda: token, wiring)
    return wiring.watch(section.kind, api_of(section), app=watch.app, key=watch.key, token=watch.token, secret=secret, find=find)


def _finders(who: str, token: Callable[[], GovernedToken], wiring: Wiring) -> tuple[Callable[[str], Secret], Callable[[str], EngineKey]]:
    """Return what resolves references to credentials, and what finds keys of the token, for one that needs them."""

    def secret(reference: str) -> Secret:
        if not reference.startswith("secret:"):
            return wiring.referred(reference)
        state = wiring.state()
        return open_for_engine(reference.removeprefix("secret:"), who, token(), state, state, actor=wiring.actor, clock=wiring.clock)

    def key(wanted: str) -> EngineKey:
        return engine_key(wanted, token(), wiring.state(), wiring.clock)

    return secret, key
