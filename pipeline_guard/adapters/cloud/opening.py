# SPDX-License-Identifier: Apache-2.0
"""Open the key service that ``token.uri`` names; its library is imported here and not before."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_guard.adapters.cloud.token import CloudToken
from pipeline_guard.adapters.cloud.uri import ServiceUri
from pipeline_guard.adapters.hsm.pin import read_pin
from pipeline_guard.errors import UsageError

_LONGEST = 16 * 1024  # bytes of an access token: Azure's have some 2,000


def open_service(uri: str, *, pin: str, environ: Mapping[str, str]) -> CloudToken:
    """Return the service as a token. ``pin`` names an access token; AWS has its own way to credentials."""
    place = ServiceUri.parse(uri)
    if place.kind == "awskms":
        from pipeline_guard.adapters.cloud.aws import AwsKms

        if pin:
            raise UsageError("token.pin is not for AWS KMS", "remove it; boto3 finds the credentials of the job")
        return CloudToken(AwsKms(place, environ))
    given = (lambda: read_pin(pin, environ, _LONGEST)) if pin else None
    if place.kind == "gcpkms":
        from pipeline_guard.adapters.cloud import gcp

        return CloudToken(gcp.GcpKms(place, gcp.access(given, environ)))
    if place.kind == "azurekms":
        from pipeline_guard.adapters.cloud import azure

        return CloudToken(azure.AzureKeys(place, azure.access(place, given, environ)))
    from pipeline_guard.adapters.cloud.openbao import OpenBao

    reference = pin or next((f"env:{name}" for name in ("BAO_TOKEN", "VAULT_TOKEN") if environ.get(name)), "")
    if not reference:
        raise UsageError("OpenBao's token is not named", "set token.pin to env:NAME or file:PATH, or BAO_TOKEN in the environment")
    return CloudToken(OpenBao(place, lambda: read_pin(reference, environ, _LONGEST), environ))
