# SPDX-License-Identifier: Apache-2.0
"""A package as a lock file pins it: the noun that lock parsers make, and that checks, advisories, registries and SBOMs take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal

from pipeline_guard.model.location import Location

SourceKind = Literal["registry", "url", "git", "path", "link", "bundled", "root", "unknown"]


class Ecosystem(Enum):
    """Who names and orders versions; the value is OSV's name of it where OSV has one (OSV schema 1.7, "Defined ecosystems")."""

    PYPI = "PyPI"
    NPM = "npm"
    GO = "Go"
    CRATES = "crates.io"
    RUBYGEMS = "RubyGems"
    PACKAGIST = "Packagist"
    NUGET = "NuGet"
    MAVEN = "Maven"
    HEX = "Hex"
    PUB = "Pub"
    SWIFT = "SwiftURL"
    CONDA = "Conda"
    TERRAFORM = "Terraform"
    NIX = "Nix"
    HELM = "Helm"
    JSR = "JSR"
    DENO = "Deno"  # remote modules by URL
    ACTIONS = "GitHub Actions"
    COCOAPODS = "CocoaPods"
    CONAN = "ConanCenter"
    CRAN = "CRAN"


@dataclass(frozen=True, slots=True)
class Checksum:
    """One expected checksum as written: ``form`` is how its value is spelt ("hex", "sri", "h1", "nar", "nuget", "zh")."""

    algorithm: str  # lower case: "sha256", "sha512", "sha1", "md5", "blake2b"
    value: str
    form: str = "hex"


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Where a lock says that a package comes from, as written.

    ``kind`` "registry" with an empty ``location`` is the ecosystem's default registry; "root" is the project itself;
    "bundled" came inside another package. ``revision`` is a git commit, tag or branch.
    """

    kind: SourceKind = "registry"
    location: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One file that may be installed for a package: "" and None where the lock does not say.

    ``uploaded`` is a claim of whoever wrote the lock.
    """

    name: str = ""
    url: str = ""
    checksums: tuple[Checksum, ...] = ()
    size: int | None = None
    uploaded: datetime | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned package. ``name`` is normalised by the rules of its ecosystem, ``alias`` the name it is installed under if another.

    ``files`` are its distributions; ``install_code`` is True where the lock says that installing runs code of the package,
    None where it does not say. ``requires`` are names (normalised) of what it depends on, for reachability.
    """

    ecosystem: Ecosystem
    name: str
    version: str
    location: Location
    source: PackageSource = field(default_factory=PackageSource)
    files: tuple[Distribution, ...] = ()
    alias: str = ""
    install_code: bool | None = None
    development: bool = False
    requires: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[Ecosystem, str, str]:
        """What it is, wherever it comes from."""
        return (self.ecosystem, self.name, self.version)


@dataclass(frozen=True, slots=True)
class Lock:
    """A whole lock or manifest file as facts. ``format`` is its name ("uv.lock"), ``version`` its format version as text.

    ``direct`` are the names that the manifest beside it asks for as far as the lock repeats them; ``notes`` are places where the
    file says something twice or that cannot be meant, each with its reason. ``manifest_digest`` is the hash of the manifest as the lock
    repeats it, ``asked`` what the lock says that its projects ask for: (folder of the project, name, specifier). ``loose`` are packages
    that none of them leads to, where names alone do not tell. ``misfits`` are packages (name, place, why) whose version is none that the
    lock itself says is asked for; an override of a manifest may explain them. ``settled`` is what the lock says was settled for all of its
    packages: ("override", "constraint", "patch" or, in npm's version 1, "peer", name, value); a patch's value is path, line end and digest.
    """

    path: str
    format: str
    ecosystem: Ecosystem
    version: str = ""
    packages: tuple[Package, ...] = ()
    direct: tuple[str, ...] = ()
    notes: tuple[tuple[Location, str], ...] = ()
    manifest_digest: str = ""
    asked: tuple[tuple[str, str, str], ...] = ()
    loose: tuple[Package, ...] = ()
    misfits: tuple[tuple[str, Location, str], ...] = ()
    settled: tuple[tuple[str, str, str], ...] = ()
