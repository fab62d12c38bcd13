# SPDX-License-Identifier: Apache-2.0
"""Engines as typed, frozen data: what may be made for a job, how narrow, how long. One struct a kind; docs/engines.md tells of each.

Settings hold references to credentials, never these themselves.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Literal, get_args

import msgspec

from pipeline_guard.errors import UsageError


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="kind", kw_only=True):
    """What every kind has: ``longest``, the longest life whatever a binding asks for."""

    longest: str = "1h"

    @property
    def kind(self) -> str:
        """The kind's name."""
        return str(self.__struct_config__.tag)

    def settings(self) -> dict[str, Any]:
        """Return what the kind's engine is made with."""
        return {field: getattr(self, field) for field in self.__struct_fields__ if field != "longest"}


class TableGrant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Privileges on ``tables`` of a schema; without any, on all that are there when the role is made."""

    schema: str
    privileges: tuple[Literal["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"], ...]
    tables: tuple[str, ...] = ()


class PostgresqlEngine(_Section, frozen=True, kw_only=True, tag="postgresql"):
    """A role of a PostgreSQL database; ``url`` refers to the URL of the account that makes it."""

    url: str
    roles: tuple[str, ...] = ()
    grants: tuple[TableGrant, ...] = ()
    connection_limit: int = 5
    reassign_to: str = ""
    host: str = ""
    form: Literal["url", "json", "password"] = "url"


class GithubAppEngine(_Section, frozen=True, kw_only=True, tag="github-app"):
    """An installation token of a GitHub App whose ``key`` lies in the token."""

    app: str
    installation: str
    key: str
    permissions: dict[str, Literal["read", "write", "admin"]]
    repositories: tuple[str, ...]
    api: str = "https://api.github.com"


class GitlabEngine(_Section, frozen=True, kw_only=True, tag="gitlab"):
    """A project access token of GitLab; ``token`` refers to what may make it."""

    project: str
    token: str
    scopes: tuple[str, ...]
    access_level: Literal["guest", "reporter", "developer", "maintainer"] = "reporter"
    url: str = "https://gitlab.com"


class AwsEngine(_Section, frozen=True, kw_only=True, tag="aws"):
    """Credentials of an AWS role; ``policy`` (JSON) only narrows it. ``web-identity`` refers to a token; without, this process' own."""

    role: str
    policy: str = ""
    region: str = ""
    web_identity: str = ""
    external_id: str = ""
    endpoint: str = ""
    form: Literal["json", "credentials-file"] = "json"


class X509Engine(_Section, frozen=True, kw_only=True, tag="x509"):
    """A client certificate for the request that the job sends, signed by ``key`` of the token under ``certificate`` (PEM)."""

    key: str
    certificate: str
    subject: str
    names: tuple[str, ...] = ()
    crl: str = ""


class SshEngine(_Section, frozen=True, kw_only=True, tag="ssh"):
    """A user certificate for the public key that the job sends, signed by ``key`` of the token."""

    key: str
    principals: tuple[str, ...]
    source_address: tuple[str, ...] = ()
    force_command: str = ""
    extensions: tuple[
        Literal["permit-pty", "permit-port-forwarding", "permit-agent-forwarding", "permit-X11-forwarding", "permit-user-rc"], ...
    ] = ()
    krl: str = ""


class JwtEngine(_Section, frozen=True, kw_only=True, tag="jwt"):
    """A JWT of our own issuer for one ``audience``, signed by ``key`` of the token; ``claims`` copies verified claims of the job."""

    key: str
    issuer: str
    audience: str
    claims: tuple[str, ...] = ()
    longest: str = "10m"


EngineSection = PostgresqlEngine | GithubAppEngine | GitlabEngine | AwsEngine | X509Engine | SshEngine | JwtEngine
KINDS: dict[str, Any] = {str(section.__struct_config__.tag): section for section in get_args(EngineSection)}

_REFERENCE = re.compile(r"(env:PIPELINE_GUARD_[A-Z0-9_]{1,100}|file:.{1,1000}|secret:[A-Za-z0-9][A-Za-z0-9._/@-]{0,127})")
_REFERRING = ("url", "token", "web_identity")  # of postgresql, gitlab, aws


def check_engine(section: EngineSection) -> None:
    """Raise UsageError for settings whose types are right and whose sense is not."""
    if isinstance(section, PostgresqlEngine):
        check_reference("url", section.url)
        _need(1 <= section.connection_limit <= 100, "connection-limit lies between 1 and 100")
        _need(bool(section.roles or section.grants), "a role without roles or grants can do nothing", "name some under roles: or grants:")
        _need(all(grant.privileges for grant in section.grants), "a grant without privileges grants nothing")
    elif isinstance(section, GithubAppEngine):
        check_https("api", section.api)
        _need(section.app.isdecimal() and section.installation.isdecimal(), "app and installation are numbers, in quotes")
        _need(bool(section.permissions), "permissions are not named", "without any, the token could do all that the App may")
        _need(bool(section.repositories), "repositories are not named", "without any, the token would open all of the installation's")
        _need(all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in section.repositories), "repositories are named without their owner")
    elif isinstance(section, GitlabEngine):
        check_reference("token", section.token)
        check_https("url", section.url)
        _need(section.project.isdecimal(), "project is a number, in quotes", "paths are recycled, numbers are not")
        _need(bool(section.scopes), "scopes are not named", "for example scopes: [read_repository]")
        _need("api" not in section.scopes, "the scope api opens everything", "name narrower ones: read_api, read_repository, read_registry")
    elif isinstance(section, AwsEngine):
        _need(bool(re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", section.role)), "role is no ARN of an IAM role")
        _need(not section.policy or _is_json(section.policy), "policy is no JSON object", "write it as IAM does, in one text")
        if section.web_identity:
            check_reference("web-identity", section.web_identity)
    elif isinstance(section, SshEngine):
        _need(bool(section.principals), "principals are not named", "a certificate without principals would be for every user")
        _need(all(re.fullmatch(r"[A-Za-z0-9._@-]{1,64}", name) for name in section.principals), "a principal is a plain user name")
        _need(all(_is_network(text) for text in section.source_address), "source-address holds addresses or networks: 10.0.0.0/8")
    elif isinstance(section, JwtEngine):
        check_https("issuer", section.issuer)
        _need(bool(section.audience), "audience is empty")
        _need(not set(section.claims) & {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"}, "claims names one that the engine sets")
    else:
        _need(bool(section.subject), "subject is empty", "it becomes the common name")


def check_reference(name: str, text: str) -> None:
    """Raise UsageError for what refers to no credential."""
    _need(bool(_REFERENCE.fullmatch(text)), f"{name} is no reference", "write secret:NAME, file:PATH, or env:PIPELINE_GUARD_NAME")


def check_https(name: str, text: str) -> None:
    """Raise UsageError for an address that is not HTTPS, nor of this machine."""
    ours = re.fullmatch(r"http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/.*)?", text)
    _need(text.startswith("https://") or bool(ours), f"{name} must be an https URL")


def _is_json(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except msgspec.DecodeError:
        return False


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _need(holds: bool, what: str, hint: str = "") -> None:
    if not holds:
        raise UsageError(what, hint)
