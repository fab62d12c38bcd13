# SPDX-License-Identifier: Apache-2.0
"""Index options inside a requirements file that weaken where packages come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.requirements import Option, Pins
from pipeline_guard.gate.places import allowed_hosts, take_apart
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem

_VARIABLES = re.compile(r"\$\{[A-Z0-9_]+\}(?::\$\{[A-Z0-9_]+\})?@")  # credentials from the environment, as pip fills them in
_PLACES = ("--index-url", "--pypi-url", "--extra-index-url", "--find-links")


def check(facts: Pins, settings: GateSettings) -> Iterator[Problem]:
    """Give every option that leaves TLS, trusts a host without it, mixes indexes, or names one that is not allowed."""
    hosts = allowed_hosts(Ecosystem.PYPI, settings.dependencies) or frozenset()
    for option in facts.options:
        what, fix = _judge(option, hosts)
        if what:
            yield Problem(Location(facts.path, option.line), what, fix)


def _judge(option: Option, hosts: frozenset[str]) -> tuple[str, str]:
    if option.name == "--trusted-host":
        return "--trusted-host", "remove it; give pip the host's certificate with --cert"
    if option.name in _PLACES and option.value.lower().startswith(("http:", "ftp:")):
        return f"{option.name} without TLS", "use https"
    if option.name == "--extra-index-url":
        return option.name, "use one --index-url that serves everything, or uv's explicit indexes"
    if option.name in _PLACES and "://" in option.value and not option.value.lower().startswith("file:"):
        address = take_apart(_VARIABLES.sub("", option.value))
        if address.trouble or address.host not in hosts:
            what = address.trouble or f"names {address.host or 'a host from a variable'}, which is no allowed registry"
            return f"{option.name} {what}", f"remove it, or allow the host under gate.dependencies.registries: {address.host}"
    return "", ""


RULE = Rule(
    "requirement-index",
    Kind.REQUIREMENTS,
    "among its options",
    "a name may be answered by an index it does not belong to, or by anybody on the way",
    check,
)
