# SPDX-License-Identifier: Apache-2.0
"""Settings of package managers that change where packages come from, or that switch a check of theirs off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.registry_settings import RegistrySettings, Setting
from pipeline_guard.gate.places import allowed_hosts, take_apart
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Ecosystem

_ECOSYSTEMS = {
    "npm": Ecosystem.NPM,
    "yarn": Ecosystem.NPM,
    "bun": Ecosystem.NPM,
    "pip": Ecosystem.PYPI,
    "uv": Ecosystem.PYPI,
    "cargo": Ecosystem.CRATES,
    "nuget": Ecosystem.NUGET,
    "pyproject": Ecosystem.PYPI,
    "bundler": Ecosystem.RUBYGEMS,
    "maven": Ecosystem.MAVEN,
    "gradle": Ecosystem.MAVEN,
    "wrapper": Ecosystem.MAVEN,
}
# Settings whose value is a place, by the tool's own words; scopes and names may stand in between.
_PLACES = {
    "npm": r"(@[^:]+:)?registry|proxy|https-proxy",
    "yarn": r"(npmScopes\..+\.)?npmRegistryServer|npmRegistries\..+|registry|(@[^:]+:)?registry|httpProxy|httpsProxy",
    "bun": r"install\.registry(\.url)?|install\.scopes\.[^.]+(\.url)?",
    "pip": r"(global\.|install\.)?(index-url|extra-index-url|find-links|proxy)",
    "uv": r"(pip\.)?(index-url|extra-index-url|find-links|index\.url)",
    "cargo": r"registries\.[^.]+\.index|source\.[^.]+\.(registry|local-registry|directory)|http\.proxy",
    "nuget": r"packageSources\.add",
    "pyproject": r"uv\.(pip\.)?(index-url|extra-index-url|find-links|index\.url)|(poetry|pdm)\.source\.url",
    "bundler": r"BUNDLE_MIRROR__.+",
    "maven": r"(repository|pluginRepository|mirror)\.url",
    "gradle": r"maven\.url",
    "wrapper": r"distributionUrl|wrapperUrl",
}
# Settings that weaken what a tool checks, with the values that do.
_WEAK = {
    "npm": (
        (r"strict-ssl", r"false"),
        (r"replace-registry-host", r"(?!npmjs$|never$).+"),
        (r"allow-(remote|git)", r"all"),
        (r"package-lock", r"false"),
        (r"before|min-release-age|minimum-release-age", r"0"),
        (r"script-shell|git|node-options|init-module|onload-script", r".+"),
        (r"verify-store-integrity|strict-store-pkg-content-check", r"false"),
    ),
    "yarn": (
        (r"enableStrictSsl|strict-ssl|enableHardenedMode|enableImmutableInstalls", r"false"),
        (r"checksumBehavior", r"ignore|update"),
        (r"unsafeHttpWhitelist", r".+"),
        (r"npmMinimalAgeGate", r"0"),
    ),
    "bun": (),
    "pip": ((r"(global\.|install\.)?(trusted-host)", r".+"), (r"(global\.|install\.)?require-hashes", r"false|0|no")),
    "uv": (
        (r"(pip\.)?(allow-insecure-host|trusted-host)", r".+"),
        (r"(pip\.)?index-strategy", r"unsafe-.*"),
        (r"(pip\.)?verify-hashes", r"false"),
    ),
    "cargo": ((r"http\.check-revoke", r"false"),),
    "nuget": ((r"config\.add\.signatureValidationMode", r"accept"),),
    "pyproject": (
        (r"uv\.(pip\.)?(allow-insecure-host|trusted-host)", r".+"),
        (r"uv\.(pip\.)?index-strategy", r"unsafe-.*"),
        (r"(poetry|pdm)\.source\.verify_ssl", r"false"),
    ),
    "bundler": ((r"BUNDLE_(SSL_VERIFY_MODE|DISABLE_CHECKSUM_VALIDATION)", r"0|true"),),
    "maven": (),
    "gradle": (),
    "wrapper": (),
}


def check(facts: RegistrySettings, settings: GateSettings) -> Iterator[Problem]:
    """Give every setting that names a place which is no allowed registry, or that makes the tool check less."""
    for setting in facts.settings:
        what = _judge(setting, facts.tool, settings.dependencies)
        if what:
            yield Problem(Location(facts.path, setting.line), f"{setting.name[:60]} {what}", _fix(setting))


def _judge(setting: Setting, tool: str, settings: DependencySettings) -> str:
    if any(re.fullmatch(name, setting.name) and re.fullmatch(value, setting.value, re.IGNORECASE) for name, value in _WEAK[tool]):
        return f"= {setting.value[:40]}"
    if not re.fullmatch(_PLACES[tool], setting.name):
        return ""
    for word in setting.value.split():
        bare = re.sub(r"^(sparse|registry)\+", "", word.replace("\\:", ":") if tool == "wrapper" else word)
        if "://" not in bare:
            continue
        address = take_apart(re.sub(r"\$\{[^}]*\}@", "", bare))
        hosts = allowed_hosts(_ECOSYSTEMS[tool], settings) or frozenset(("api.nuget.org", "www.nuget.org"))
        if address.trouble and not (tool in ("maven", "gradle", "wrapper") and "${" in word):
            return address.trouble
        if address.scheme not in ("https", "file"):
            return "without TLS"
        if address.host not in hosts and address.scheme != "file":
            return f"names {address.host}, which is no allowed registry"
    return ""


def _fix(setting: Setting) -> str:
    if "://" in setting.value:
        return "remove it, or allow the host under gate.dependencies.registries"
    return "remove it"


RULE = Rule(
    "registry-changed",
    Kind.REGISTRY,
    "",
    "a name may be answered by a registry it does not belong to, or unchecked",
    check,
)
