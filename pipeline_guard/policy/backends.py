# SPDX-License-Identifier: Apache-2.0
"""Stores of others as typed, frozen data: where they are, and how this process proves who it is. docs/backends.md tells of each.

Settings hold references to credentials, never these themselves.
"""

from __future__ import annotations

import re

import msgspec

from pipeline_guard.errors import UsageError

_REFERENCE = re.compile(r"env:PIPELINE_GUARD_[A-Z0-9_]{1,100}|file:.{1,1000}")  # variables of that name do not reach commands
_ADDRESS = re.compile(r"https://[^\s@?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/[^\s@?#]*)?")


class VaultBackend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """OpenBao or Vault: a login by the job's JWT as ``role`` at ``mount``, or a ``token``. ``identity`` refers to a JWT of one's own."""

    url: str = ""
    namespace: str = ""
    mount: str = "jwt"
    role: str = ""
    audience: str = ""
    identity: str = ""
    token: str = ""
    ca: str = ""


class AwsBackend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """AWS Secrets Manager, with the credentials that boto3 finds."""

    region: str = ""
    endpoint: str = ""


class GoogleBackend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Google Secret Manager: ``token`` refers to an access token, else a service account's file or the machine's identity is used."""

    token: str = ""
    endpoint: str = ""


class AzureBackend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Azure Key Vault: ``token`` refers to an access token, else a federated token or the machine's identity is used."""

    token: str = ""
    endpoint: str = ""


class KubernetesBackend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A cluster: as a pod, or by ``url``, ``token`` and ``ca`` (a path)."""

    url: str = ""
    token: str = ""
    ca: str = ""


class BackendsSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One of each scheme of references."""

    vault: VaultBackend = msgspec.field(default_factory=VaultBackend)
    awssm: AwsBackend = msgspec.field(default_factory=AwsBackend)
    gcpsm: GoogleBackend = msgspec.field(default_factory=GoogleBackend)
    azurekv: AzureBackend = msgspec.field(default_factory=AzureBackend)
    k8s: KubernetesBackend = msgspec.field(default_factory=KubernetesBackend)

    def settings(self, scheme: str) -> dict[str, str]:
        """Return what the backend of a scheme is opened with."""
        return msgspec.structs.asdict(getattr(self, scheme))


def check_backends(section: BackendsSection, name: str) -> None:
    """Raise UsageError for an address that a credential must not go to, and for a credential in the place of a reference."""
    for scheme in BackendsSection.__struct_fields__:
        backend = getattr(section, scheme)
        for field in ("url", "endpoint"):
            text = getattr(backend, field, "")
            if text and not _ADDRESS.fullmatch(text):
                raise UsageError(f"{name}: backends.{scheme}.{field} is no https address", "write https://HOST, without a user or options")
        for field in ("token", "identity"):
            text = getattr(backend, field, "")
            if text and not _REFERENCE.fullmatch(text):
                raise UsageError(
                    f"{name}: backends.{scheme}.{field} is no reference",
                    "write env:PIPELINE_GUARD_NAME or file:PATH, never the token itself",
                )
    if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", section.vault.mount):
        raise UsageError(f"{name}: backends.vault.mount has signs that we do not send", "write the mount of the JWT method, like jwt")
