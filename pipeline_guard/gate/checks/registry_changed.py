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
    "pipfile": Ecosystem.PYPI,
    "composer": Ecosystem.PACKAGIST,
    "pub": Ecosystem.PUB,
    "pnpm": Ecosystem.NPM,
    "helm": Ecosystem.HELM,
    "conda": Ecosystem.CONDA,
    "environment": Ecosystem.NPM,
}
# Variables of one file belong to several tools.
_VARIABLES = {
    r"(?i:npm_config_registry)|YARN_NPM_REGISTRY_SERVER|BUN_CONFIG_REGISTRY": Ecosystem.NPM,
    r"PIP_(EXTRA_)?INDEX_URL|UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL)|PIPENV_PYPI_MIRROR": Ecosystem.PYPI,
    r"CARGO_REGISTRIES_\w+_INDEX|CARGO_REGISTRY_INDEX": Ecosystem.CRATES,
    r"PUB_HOSTED_URL": Ecosystem.PUB,
    r"GOPROXY": Ecosystem.GO,
}
_CREDENTIALS = re.compile(r"\$\{?\w+\}?(?::\$\{?\w+\}?)?@")  # from the environment
# Settings whose value is a place, by the tool's own words; scopes and names may stand in between.
_PLACES = {
    "npm": r"(@[^:]+:)?registry|proxy|https-proxy",
    "yarn": r"(npmScopes\..+\.)?npmRegistryServer|npmRegistries\..+|registry|(@[^:]+:)?registry|httpProxy|httpsProxy",
    "bun": r"install\.registry(\.url)?|install\.scopes\.[^.]+(\.url)?",
    "pip": r"(global\.|install\.)?(index-url|extra-index-url|find-links|proxy)",
    "uv": r"(pip\.)?(index-url|extra-index-url|find-links|index\.url)",
    "cargo": r"registries\.[^.]+\.index|registry\.index|source\.[^.]+\.(registry|local-registry|directory|git)|http\.proxy",
    "nuget": r"packageSources\.add",
    "pyproject": r"uv\.(pip\.)?(index-url|extra-index-url|find-links|index\.url)|(poetry|pdm)\.source\.url",
    "bundler": r"BUNDLE_MIRROR__.+|source",
    "pipfile": r"source\.url",
    "composer": r"repositories\.composer",
    "pub": r"(dependencies|dev_dependencies|dependency_overrides)\.[^.]+\.hosted(\.url)?",
    "pnpm": r"registr(y|ies)(\..+)?|(https?-)?[pP]roxy|httpsProxy",
    "helm": r"dependencies\.repository",
    "conda": r"(.+\.)?channels(\.channel)?|default_channels|channel_alias|custom_channels\..+|dependencies\.pip",
    "environment": "|".join(_VARIABLES),
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
        (r"dangerously-allow-all-builds", r"true"),
    ),
    "yarn": (
        (r"enableStrictSsl|strict-ssl|enableHardenedMode|enableImmutableInstalls", r"false"),
        (r"checksumBehavior", r"ignore|update"),
        (r"unsafeHttpWhitelist", r".+"),
        (r"npmMinimalAgeGate", r"0"),
    ),
    "bun": ((r"install\.minimumReleaseAge", r"0"),),
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
    "maven": (
        (r"-Daether\.(artifactResolver\.postProcessor\.trustedChecksums(\.failIfMissing)?|trustedChecksumsSource\.\w+)", r"false"),
        (r"-Dmaven\.(wagon\.http\.ssl\.(insecure|allowall)|resolver\.transport\.https?\.securityMode)", r"true|insecure"),
        (r"-Daether\.(connector\.https\.securityMode)", r"insecure"),
    ),
    "gradle": (
        (r"(systemProp\.)?org\.gradle\.dependency\.verification(\.console)?", r"off|lenient"),
        (r"allowInsecureProtocol|isAllowInsecureProtocol", r"true"),
    ),
    "pipfile": ((r"source\.verify_ssl", r"false"),),
    "composer": ((r"config\.(disable-tls)", r"true"), (r"config\.secure-http", r"false")),
    "pub": (),
    "pnpm": (
        (r"strictSsl|strict-ssl|verifyStoreIntegrity|strictStorePkgContentCheck|blockExoticSubdeps", r"false"),
        (r"dangerouslyAllowAllBuilds", r"true"),
        (r"minimumReleaseAge", r"0"),
    ),
    "helm": (),
    "conda": ((r"ssl_verify|safety_checks|extra_safety_checks", r"false|disabled"),),
    "environment": (
        (r"GOFLAGS", r".*-(insecure|mod=mod)\b.*"),
        (r"GOSUMDB", r"off"),
        (r"GONOSUMCHECK", r"1|true"),
        (r"GONOSUMDB|GONOSUMCHECK|GOINSECURE|GOPRIVATE", r"\*(\.\*)*"),
        (r"PIP_TRUSTED_HOST|UV_INSECURE_HOST", r".+"),
        (r"NODE_TLS_REJECT_UNAUTHORIZED", r"0"),
        (r"(?i:npm_config_strict_ssl)|PYTHONHTTPSVERIFY", r"false|0"),
    ),
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
    if not re.fullmatch(_PLACES[tool], setting.name) or (setting.name == "dependencies.pip" and not setting.value.startswith("-")):
        return ""
    for word in re.split(r"[\s,|]+", setting.value) if tool == "environment" else setting.value.split():
        bare = re.sub(r"^(sparse|registry)\+", "", word.replace("\\:", ":") if tool == "wrapper" else word)
        if "://" not in bare:
            continue
        address = take_apart(_CREDENTIALS.sub("", bare))
        hosts = _hosts(setting.name, tool, settings)
        if address.trouble and not (tool in ("maven", "gradle", "wrapper") and "${" in word):
            return address.trouble
        if address.scheme not in ("https", "file", "oci"):
            return "without TLS"
        if hosts is not None and address.host not in hosts and address.scheme != "file":
            return f"names {address.host}, which is no allowed registry"
    return ""


def _hosts(name: str, tool: str, settings: DependencySettings) -> frozenset[str] | None:
    """Return the hosts that a setting may name; None for any: charts have no registry of their own."""
    if tool == "environment":
        ecosystem = next((found for pattern, found in _VARIABLES.items() if re.fullmatch(pattern, name)), Ecosystem.NPM)
        return frozenset(("proxy.golang.org",)) if ecosystem is Ecosystem.GO else allowed_hosts(ecosystem, settings)
    hosts = allowed_hosts(Ecosystem.PYPI if name == "dependencies.pip" else _ECOSYSTEMS[tool], settings)
    return frozenset(("api.nuget.org", "www.nuget.org")) if hosts is None and tool == "nuget" else hosts


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
