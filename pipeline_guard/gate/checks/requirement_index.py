# SPDX-License-Identifier: Apache-2.0
"""Index options inside a requirements file that weaken where packages come from."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.requirements import Option, Pins
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_PLACES = ("--index-url", "--pypi-url", "--extra-index-url", "--find-links")


def check(facts: Pins, _settings: GateSettings) -> Iterator[Problem]:
    """Give every option that leaves TLS, trusts a host without it, or mixes indexes."""
    for option in facts.options:
        what, fix = _judge(option)
        if what:
            yield Problem(Location(facts.path, option.line), what, fix)


def _judge(option: Option) -> tuple[str, str]:
    if option.name == "--trusted-host":
        return "--trusted-host", "remove it; give pip the host's certificate with --cert"
    if option.name in _PLACES and option.value.lower().startswith(("http:", "ftp:")):
        return f"{option.name} without TLS", "use https"
    if option.name == "--extra-index-url":
        return option.name, "use one --index-url that serves everything, or uv's explicit indexes"
    return "", ""


RULE = Rule(
    "requirement-index",
    Kind.REQUIREMENTS,
    "among its options",
    "a name may be answered by an index it does not belong to, or by anybody on the way",
    check,
)
