# SPDX-License-Identifier: Apache-2.0
"""Build tools that a wrapper downloads without comparing what comes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.registry_settings import RegistrySettings
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location

_PAIRS = (("distributionUrl", "distributionSha256Sum"), ("wrapperUrl", "wrapperSha256Sum"))
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_FIX = "write {key}=HEX, the SHA-256 that the tool's makers publish (Gradle: services.gradle.org/distributions/NAME.zip.sha256)"


def check(facts: RegistrySettings, _settings: GateSettings) -> Iterator[Problem]:
    """Give every address of a wrapper whose SHA-256 is not written beside it; of a key that stands twice the last one counts."""
    if facts.tool != "wrapper":
        return
    said = {setting.name: setting for setting in facts.settings}
    for address, key in _PAIRS:
        if address in said and not (key in said and _SHA256.fullmatch(said[key].value)):
            yield Problem(Location(facts.path, said[address].line), address, _FIX.format(key=key))


RULE = Rule(
    "wrapper-unpinned",
    Kind.REGISTRY,
    "without its SHA-256",
    "whoever serves that address builds everything, with every secret of the build",
    check,
    follows="registry-changed",
)
