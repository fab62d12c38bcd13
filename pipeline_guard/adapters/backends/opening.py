# SPDX-License-Identifier: Apache-2.0
"""Which backend a reference means; only what is asked for is imported. Tokens for Google and Azure come as those for their key services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pipeline_guard.adapters.backends.kept import KeptSecret
from pipeline_guard.errors import UsageError
from pipeline_guard.model.reference import Reference
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Engine


def open_backend(
    reference: Reference,
    settings: Mapping[str, Any],
    *,
    environ: Mapping[str, str],
    referred: Callable[[str], Secret],
    identity: Callable[[str], Secret],
) -> Engine:
    """Return what fetches ``reference``; ``settings`` are those of its scheme.

    ``referred`` resolves references to credentials, ``identity`` gives the job's token for an audience. Neither is called yet.
    """
    token = settings.get("token", "")
    given = partial(referred, token) if token else None
    if reference.scheme == "vault":
        from pipeline_guard.adapters.backends.vault import VaultSecret

        url = settings["url"] or environ.get("BAO_ADDR", "") or environ.get("VAULT_ADDR", "")
        if not url:
            raise UsageError("the address of OpenBao is not named", "set backends.vault.url, or BAO_ADDR")
        named = settings["identity"]
        job = partial(referred, named) if named else partial(identity, settings["audience"] or url)
        namespace = settings["namespace"] or environ.get("BAO_NAMESPACE", "") or environ.get("VAULT_NAMESPACE", "")
        return VaultSecret(reference, url, namespace, settings["mount"], settings["role"], job, given, settings["ca"])
    if reference.scheme == "awssm":
        from pipeline_guard.adapters.backends import aws

        region = settings["region"] or environ.get("AWS_REGION", "") or environ.get("AWS_DEFAULT_REGION", "")
        return KeptSecret(reference, aws.CALLED, aws.SecretsManager(region, settings["endpoint"]).fetch)
    if reference.scheme == "gcpsm":
        from pipeline_guard.adapters.backends import google
        from pipeline_guard.adapters.cloud import gcp

        bearer = gcp.access(given, environ, google.SCOPE)
        return KeptSecret(reference, google.CALLED, google.SecretManager(settings["endpoint"], bearer).fetch)
    if reference.scheme == "azurekv":
        from pipeline_guard.adapters.backends import azure
        from pipeline_guard.adapters.cloud import azure as keys
        from pipeline_guard.adapters.cloud.uri import ServiceUri

        bearer = keys.access(ServiceUri("azurekms", "", ""), given, environ)
        return KeptSecret(reference, azure.CALLED, azure.VaultSecrets(settings["endpoint"], bearer).fetch)
    from pipeline_guard.adapters.backends import kubernetes

    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    own = f"https://{f'[{host}]' if ':' in host else host}:{port}" if host else ""
    ca = settings["ca"] or ("" if settings["url"] or not own else f"{kubernetes.ACCOUNT}/ca.crt")
    account = given or partial(referred, f"file:{kubernetes.ACCOUNT}/token")
    return KeptSecret(reference, kubernetes.CALLED, kubernetes.ClusterSecrets(settings["url"] or own, account, ca).fetch, fields=True)
