# SPDX-License-Identifier: Apache-2.0
"""``gate``: one verdict over dependencies, workflows, artifacts and model files."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, assert_never

from pipeline_guard.cli import gate_fix, gate_verdict, job, publish
from pipeline_guard.cli.args import Args
from pipeline_guard.cli.output import emit, render_sbom, sbom_targets, targets
from pipeline_guard.cli.wiring import CONFIG_LIMIT, Wiring
from pipeline_guard.config import FILE_NAME, AdvisoriesSection, Config, canonical, duration, parse
from pipeline_guard.errors import ExitCode, UsageError
from pipeline_guard.flows.gate import GateDoors, examine, merged
from pipeline_guard.flows.gate_packages import AdvisoryAccess
from pipeline_guard.flows.verify import KeyDoors
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.gate_settings import AdvisorySettings, ArtifactDemand, DependencySettings, GateSettings, PublishSettings, Waived
from pipeline_guard.model.verdict import Outcome

_NETWORKS: dict[str, Literal["off", "try", "require"]] = {"off": "off", "try": "try", "require": "require"}


def run(args: Args, wiring: Wiring) -> ExitCode:
    """Judge the tree, or the change since ``--base`` by the merge target's own configuration."""
    targets(args)  # a mistake there should not cost a run
    args = job.with_base(args, wiring)
    event = publish.event(args, wiring)
    base = args.text("base") or (event.base if event else "")
    if event and args.on("fix"):
        raise UsageError("--publish and --fix do not go together", "publish what was fixed and committed")
    if args.on("fix"):
        return gate_fix.run(args, _chosen(args, _settings(wiring.config(base), _source(args, base, wiring))), wiring)
    if args.on("diff"):
        raise UsageError("--diff goes with --fix", "write --fix --diff")
    if args.text("check-verdict"):
        settings = _effective(args, base, wiring)
        return gate_verdict.check(args, wiring, args.text("policy") or settings.digest, event, settings)
    sboms = sbom_targets(args)
    gate_verdict.prepare(args, wiring)
    settings = _chosen(args, _effective(args, base, wiring))
    if args.text("advisories"):
        settings = replace(settings, advisories=replace(settings.advisories, database=str(Path(args.text("advisories")).absolute())))
    doors = GateDoors(
        source=wiring.source,
        git=wiring.git,
        files=wiring.files,
        tree=wiring.tree,
        keys=KeyDoors(wiring.state, partial(wiring.token, "")),
        clock=wiring.clock,
        progress=wiring.progress,
        refs=wiring.refs,
        second=wiring.second_eye,
        streams=wiring.streams,
        advisories=AdvisoryAccess(wiring.advisories, wiring.advisory_service),
        registry=wiring.registry,
        checkout=wiring.checkout,
    )
    gated = examine(settings, base, doors=doors)
    emit(gated.verdict, args, wiring)
    for form, path in sboms:
        wiring.files.write(path, render_sbom(gated.packages, form, _title(wiring), wiring.clock.now()).encode("utf-8", "backslashreplace"))
    if args.text("sign-verdict"):
        gate_verdict.sign(gated, settings, args, wiring)
    if event:
        publish.publish_verdict(gated.verdict, event, settings, args, wiring)
    return exit_code(gated.verdict.outcome)


def _title(wiring: Wiring) -> str:
    try:
        return wiring.head().repository
    except UsageError:  # no repository, or one without a commit
        return Path.cwd().name


def exit_code(outcome: Outcome) -> ExitCode:
    """Return the exit code of an outcome."""
    if outcome is Outcome.ALLOW:
        return ExitCode.CLEAN
    if outcome is Outcome.BLOCK:
        return ExitCode.NO
    if outcome is Outcome.INCOMPLETE:
        return ExitCode.INCOMPLETE
    assert_never(outcome)


def _chosen(args: Args, settings: GateSettings) -> GateSettings:
    """Return the settings with what the command line says over them."""
    network = _NETWORKS.get(args.text("network"))
    if network is not None:
        settings = replace(settings, network=network)
    return replace(settings, second_opinions=("zizmor",)) if args.on("zizmor") else settings


def _effective(args: Args, base: str, wiring: Wiring) -> GateSettings:
    """Return the repository's settings, tightened by the organisation's where there are some."""
    settings = _settings(wiring.config(base), _source(args, base, wiring))
    place = args.text("organisation-policy")
    if not place:
        return settings
    path = f"{place.rstrip('/')}/{FILE_NAME}" if wiring.files.kind(place) == "folder" else place
    organisation = parse(wiring.files.read(path, CONFIG_LIMIT), path)
    return merged(_settings(organisation, path), settings, organisation.gate.delegate)


def _settings(config: Config, source: str) -> GateSettings:
    section = config.gate
    return GateSettings(
        artifacts=tuple(ArtifactDemand(rule.path, rule.key, rule.bundle, rule.commit) for rule in section.artifacts),
        waivers=tuple(
            Waived(waiver.check, waiver.reason, waiver.until, waiver.owner, waiver.path, waiver.advisory) for waiver in section.waive
        ),
        allow_unchecked=section.allow_unchecked,
        exclude=section.exclude,
        second_opinions=section.second_opinions,
        dependencies=DependencySettings(
            registries=tuple(sorted(section.dependencies.registries.items())),
            internal=section.dependencies.internal,
            minimum_age=duration(section.dependencies.minimum_age).days if section.dependencies.minimum_age else 0,
            attested=section.dependencies.attested,
            wrappers=section.dependencies.wrappers,
        ),
        advisories=_advisories(section.advisories),
        network=section.network if isinstance(section.network, str) else "off",
        lookup=tuple(sorted(section.lookup.items())),
        publish=PublishSettings(section.publish.name, section.publish.required, section.publish.comment, section.publish.sarif),
        digest=Digest.sha256(canonical(config)).hex,
        source=source,
    )


def _advisories(section: AdvisoriesSection) -> AdvisorySettings:
    return AdvisorySettings(
        section.database, section.key, section.service, duration(section.max_age), section.threshold, section.unscored, section.scope
    )


def _source(args: Args, base: str, wiring: Wiring) -> str:
    """Say where the policy came from."""
    if args.text("config"):
        return args.text("config")
    if base:
        return "defaults" if wiring.git().show(base, FILE_NAME) is None else f"{base}:{FILE_NAME}"
    path = posixpath.join(wiring.git().top(), FILE_NAME)
    return "defaults" if wiring.files.kind(path) == "missing" else "work tree"
