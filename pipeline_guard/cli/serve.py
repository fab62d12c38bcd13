# SPDX-License-Identifier: Apache-2.0
"""``serve``: doors and terms of the broker from the configuration, then its entrance over HTTPS."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.doors import broker_doors, broker_undo_doors, governed_for_long, issuer_keys_of, job_watch, keep_checkpoints
from pipeline_guard.cli.wiring import Wiring
from pipeline_guard.config import BrokerSection, Config, check_broker, duration, policy_digest
from pipeline_guard.errors import ExitCode, Unavailable, UsageError
from pipeline_guard.flows.broker_approval import approval_rules
from pipeline_guard.flows.broker_sign import SigningDoors
from pipeline_guard.flows.broker_terms import BrokerTerms, Meter, Rates, trusted_issuer
from pipeline_guard.flows.broker_watch import Watched, end_finished
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.flows.lease import sweep
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.dynamic import Ended
from pipeline_guard.model.event import AuditEvent
from pipeline_guard.ports import FreshJwks

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from pipeline_guard.broker import server
    from pipeline_guard.broker.development import DevelopmentIssuer
    from pipeline_guard.broker.metrics import Metrics

_LIMIT = 256 * 1024


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Serve until told to stop."""
    try:
        from pipeline_guard.broker import server, tls
        from pipeline_guard.broker.metrics import Metrics
    except ImportError:
        raise Unavailable("the broker's libraries are not installed", 'pip install "pipeline-guard[broker,hsm]"') from None
    config, is_dev = wiring.config(""), args.on("dev")
    section = config.broker if not args.text("listen") else _listening(config.broker, args.text("listen"))
    if is_dev:
        section = _on_loopback(section)
    host, _, port = section.listen.rpartition(":")
    listening = server.listen(host, int(port))
    address = (section.address if not is_dev else "") or f"https://{host}:{listening.getsockname()[1]}"
    issuer = _development_issuer(address) if is_dev else None
    authority, certificate, key = "", section.certificate, section.key
    if is_dev and not certificate:
        authority, certificate, key = tls.make_certificate(str(Path(wiring.home) / "broker"), host.strip("[]"))
    if not certificate:
        raise UsageError("the broker has no certificate", "name broker.certificate and broker.key, or try serve --dev")
    context = tls.server_context(certificate, key, section.client_ca)
    metrics, token = Metrics(), governed_for_long(wiring)
    token.facts()  # what does not work is told now, not to the first job

    def prepared(now: Wiring) -> server.Served:
        return _prepared(now, section, address, issuer, token, metrics)

    def reload() -> server.Served:
        changed = _changed(wiring)
        found = prepared(changed)
        tls.renew(context, changed.config("").broker.certificate, changed.config("").broker.key)
        digest = policy_digest(changed.config(""))
        wiring.state().write(AuditEvent(wiring.clock.now(), "broker", "policy.load", digest, "done", "read again", digest))
        return found

    def ready() -> None:
        policy = config.policy
        wiring.console.talk(f"the broker listens at {address}, {len(section.issuers) + is_dev} issuers, {len(policy.grants)} grants")
        if issuer:
            wiring.console.data(_how_to(address, authority, issuer))

    server.serve(prepared(wiring), listening, context, metrics=metrics, ready=ready, reload=None if is_dev else reload)
    return ExitCode.CLEAN


def _prepared(
    wiring: Wiring, section: BrokerSection, address: str, issuer: DevelopmentIssuer | None, token: GovernedToken, metrics: Metrics
) -> server.Served:
    """Return what is served under one configuration. Raises UsageError for one that cannot be meant."""
    from pipeline_guard.broker import app, server

    config = wiring.config("")
    named = msgspec.structs.replace(config.broker, listen=section.listen)
    doors = broker_doors(wiring, token, _jwks(named, issuer, wiring), metrics)
    terms = _terms(config, named, address, issuer, wiring)
    signing = SigningDoors(wiring.clock, lambda: token, wiring.state)
    undo = broker_undo_doors(wiring, token)
    watched = [
        Watched(trusted_issuer(each.url, each.kind), job_watch(each, token, wiring), duration(each.watch.every), each.watch.questions)
        for each in named.issuers
        if each.watch
    ]
    rounds = [
        ("sweep", lambda: note_swept(sweep(undo=undo), metrics)),
        ("prune", lambda: wiring.state().prune(wiring.clock.now())),
        ("checkpoint", lambda: keep_checkpoints(wiring, token)),
        ("forge", lambda: end_finished(watched, doors=doors)),
    ]
    further = [*(issuer.routes() if issuer else ()), *_issuing(config, wiring)]
    served = app.Broker(terms, doors, signing, metrics, lambda: _check(wiring, token), tuple(further))
    return server.Served(app.create_app(served), rounds)


def _changed(wiring: Wiring) -> Wiring:
    """Return the same doors under the configuration as it is now; raise UsageError where what changed needs a new process."""
    before, now = wiring.config(""), wiring.reread()
    fixed = [
        ("token", before.token, now.token),
        ("store", before.store, now.store),
        ("broker.listen", before.broker.listen, now.broker.listen),
        ("broker.address", before.broker.address, now.broker.address),
        ("broker.client-ca", before.broker.client_ca, now.broker.client_ca),
    ]
    for name, was, wanted in fixed:
        if was != wanted:
            raise UsageError(f"{name} changes only with a new process", "restart the broker")
    return replace(wiring, config=lambda ref: now if not ref else wiring.config(ref))


def _issuing(config: Config, wiring: Wiring) -> list[BaseRoute]:
    """Return the documents of the issuers whose JWTs are made here; each issuer has one key."""
    from pipeline_guard.broker.issuing import issuer_routes

    keys: dict[str, str] = {}
    for name, engine in config.engines.items():
        made = engine.settings()
        if engine.kind == "jwt" and keys.setdefault(made["issuer"], made["key"]) != made["key"]:
            raise UsageError(f"engines.{name}: two keys sign for the issuer {made['issuer']}", "give each issuer one key; rotate that")
    return [route for url, key in keys.items() for route in issuer_routes(url, partial(issuer_keys_of, key, wiring))]


def note_swept(swept: Ended, metrics: Meter) -> None:
    """Count what was undone, and what was not."""
    for _ in swept.undone:
        metrics.add("engine_undone_total")
    for _ in swept.failed:
        metrics.add("engine_undo_failed_total")


def _listening(section: BrokerSection, listen: str) -> BrokerSection:
    changed = msgspec.structs.replace(section, listen=listen)
    check_broker(changed)
    return changed


def _on_loopback(section: BrokerSection) -> BrokerSection:
    host = section.listen.rpartition(":")[0].strip("[]")
    if host not in ("127.0.0.1", "::1", "localhost"):
        raise UsageError("serve --dev stays on this machine", "listen on 127.0.0.1")
    return section


def _terms(config: Config, section: BrokerSection, address: str, issuer: DevelopmentIssuer | None, wiring: Wiring) -> BrokerTerms:
    issuers = tuple(trusted_issuer(each.url, each.kind, each.algorithms, before_18_4=each.before_18_4) for each in section.issuers)
    policy = config.policy
    if issuer:
        issuers = (*issuers, trusted_issuer(issuer.url, "github"))
        if not policy.grants:
            from pipeline_guard.flows.policies import open_to

            policy = open_to(issuer.url, [each.secret.partition("@")[0] for each in config.bindings()])
    paths = {path for rule in policy.secret_approvals for path in rule.approvers.values()}
    return BrokerTerms(
        address=address,
        audience=section.audience,
        issuers=issuers,
        policy=policy,
        policy_digest=policy_digest(config),
        bound=section.bound,
        longest=duration(section.session),
        rates=Rates(section.rates.issuer, section.rates.repository, section.rates.job),
        approval_rules=approval_rules(policy, {path: wiring.files.read(path, _LIMIT).decode("utf-8", "replace") for path in paths}),
    )


def _jwks(section: BrokerSection, issuer: DevelopmentIssuer | None, wiring: Wiring) -> FreshJwks:
    pinned: dict[str, Mapping[str, Any]] = {}
    for each in section.issuers:
        if each.jwks:
            found = parse_json(wiring.files.read(each.jwks, _LIMIT), each.jwks)
            if not isinstance(found, dict):
                raise UsageError(f"{each.jwks}: no JWK set", 'it looks like {"keys": [...]}')
            pinned[each.url] = found
    if issuer:
        pinned[issuer.url] = issuer.keys()
    places = {each.url: each.jwks_url for each in section.issuers if not each.jwks}
    return wiring.jwks(places, pinned, section.issuer_ca)


def _check(wiring: Wiring, token: GovernedToken) -> None:
    """Raise what keeps the broker from serving: a store or token that does not answer."""
    wiring.state().head()
    token.facts()


def _development_issuer(address: str) -> DevelopmentIssuer:
    from pipeline_guard.broker.development import DevelopmentIssuer

    file = "dev/dev/.github/workflows/dev.yml@refs/heads/main"
    claims = {
        "sub": "repo:dev/dev:ref:refs/heads/main", "repository": "dev/dev", "repository_id": "1", "repository_owner": "dev",
        "repository_owner_id": "1", "repository_visibility": "private", "ref": "refs/heads/main", "ref_type": "branch",
        "ref_protected": "true", "sha": hashlib.sha1(b"dev", usedforsecurity=False).hexdigest(), "event_name": "push", "workflow": "dev",
        "workflow_ref": file, "job_workflow_ref": file, "run_id": "1", "run_number": "1", "run_attempt": "1", "check_run_id": "1",
        "runner_environment": "self-hosted", "actor": "dev",
    }  # fmt: skip
    return DevelopmentIssuer(f"{address}/dev", claims)


def _how_to(address: str, authority: str, issuer: DevelopmentIssuer) -> str:
    lines = [
        "# a job on this machine:",
        f"export PIPELINE_GUARD_STORE_URL={address}",
        f"export ACTIONS_ID_TOKEN_REQUEST_URL='{address}/dev/token?api-version=2'",
        f"export ACTIONS_ID_TOKEN_REQUEST_TOKEN={issuer.bearer}",
    ]
    if authority:
        lines += [f"export PIPELINE_GUARD_STORE_CA='{authority}'", f"export SSL_CERT_FILE='{authority}'"]
    return "\n".join([*lines, "pipeline-guard run -- env"])
