# SPDX-License-Identifier: Apache-2.0
"""Where packages of each ecosystem ordinarily come from, and how an address is taken apart for comparing.

Hosts are compared exactly: no prefix, no substring, no wildcard.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from pipeline_guard.model.gate_settings import DependencySettings
from pipeline_guard.model.package import Ecosystem

# The word of an ecosystem in the configuration, and its public registries' hosts with those that serve their files.
WORDS = {
    Ecosystem.NPM: "npm",
    Ecosystem.PYPI: "pypi",
    Ecosystem.CRATES: "crates",
    Ecosystem.RUBYGEMS: "rubygems",
    Ecosystem.PACKAGIST: "packagist",
    Ecosystem.PUB: "pub",
    Ecosystem.CONDA: "conda",
    Ecosystem.TERRAFORM: "terraform",
    Ecosystem.HELM: "helm",
    Ecosystem.DENO: "deno",
    Ecosystem.MAVEN: "maven",
}
DEFAULTS = {
    "npm": ("registry.npmjs.org", "registry.yarnpkg.com", "npm.jsr.io"),
    # the last four are the accelerators' own indexes, whose packages are not on PyPI
    "pypi": ("files.pythonhosted.org", "pypi.org", "pypi.python.org", "download.pytorch.org", "download-r2.pytorch.org", "pypi.nvidia.com"),
    "crates": ("index.crates.io", "static.crates.io", "crates.io"),
    "rubygems": ("rubygems.org", "index.rubygems.org"),
    "packagist": (
        "api.github.com", "codeload.github.com", "github.com", "gitlab.com", "bitbucket.org", "repo.packagist.org", "packagist.org",
        "packages.drupal.org", "ftp.drupal.org", "git.drupalcode.org", "downloads.wordpress.org", "wpackagist.org", "asset-packagist.org",
    ),
    "pub": ("pub.dev", "pub.dartlang.org"),
    "conda": ("conda.anaconda.org", "repo.anaconda.com", "repo.prefix.dev", "prefix.dev"),
    "maven": (
        "repo.maven.apache.org", "repo1.maven.org", "central.sonatype.com", "oss.sonatype.org", "s01.oss.sonatype.org", "maven.google.com",
        "dl.google.com", "plugins.gradle.org", "services.gradle.org", "downloads.gradle.org", "repo.gradle.org", "repository.apache.org",
        "repo.spring.io", "repository.jboss.org", "packages.confluent.io", "repo.jenkins-ci.org", "maven.pkg.jetbrains.space",
    ),
    "terraform": ("registry.terraform.io", "registry.opentofu.org"),
}  # fmt: skip


_UNSEEN = ("Cc", "Cf", "Zl", "Zp")


@dataclass(frozen=True, slots=True)
class Address:
    """An address taken apart; ``trouble`` says what no good address has, "" for none."""

    scheme: str
    host: str
    trouble: str = ""


def take_apart(url: str) -> Address:
    """Return scheme and host in lower case; never raises."""
    plain = url.isascii() and url.isprintable() and " " not in url
    if "\\" in url or not (plain or all(letter > " " and unicodedata.category(letter) not in _UNSEEN for letter in url)):
        return Address("", "", "with characters that no address has")
    end = url.find("/", url.find("://") + 3)
    return _origin(url if end < 0 else url[: end + 1])


@lru_cache(maxsize=1024)
def _origin(url: str) -> Address:
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError:
        return Address("", "", "that cannot be read")
    if parts.username is not None or parts.password is not None:
        return Address(parts.scheme, host, "with a user name before the host")
    if not host.isascii() or any(label.startswith("xn--") for label in host.split(".")):
        return Address(parts.scheme, host, "with an internationalised host that may look like another")
    if port is not None and port != {"https": 443, "http": 80}.get(parts.scheme):
        return Address(parts.scheme, f"{host}:{port}")
    return Address(parts.scheme, host)


def allowed_hosts(ecosystem: Ecosystem, settings: DependencySettings) -> frozenset[str] | None:
    """Return the hosts that may serve an ecosystem; None where it has no registry of its own and policy names none."""
    word = WORDS.get(ecosystem, "")
    chosen = dict(settings.registries).get(word, DEFAULTS.get(word))
    return None if chosen is None else frozenset(host.lower().rstrip(".") for host in chosen)


def is_default(ecosystem: Ecosystem, host: str) -> bool:
    """Tell whether a host is one of the ecosystem's public registries."""
    return host in DEFAULTS.get(WORDS.get(ecosystem, ""), ())
