# SPDX-License-Identifier: Apache-2.0
"""The broker's description of itself (OpenAPI 3.1.0)."""

from __future__ import annotations

from typing import Any

from pipeline_guard import __version__

_TEXT = {"type": "string"}
_NAME = "[A-Za-z0-9][A-Za-z0-9._/-]{0,127}(@[0-9]{1,9})?"
_REFERENCE = "(vault|awssm|gcpsm|azurekv|k8s):[A-Za-z0-9._@=+:/-]+(#[A-Za-z0-9._-]{1,100})?"  # into a store of others
_TIME = {"type": "string", "format": "date-time"}
_PROOF = {
    "name": "DPoP",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "maxLength": 4096},
    "description": "A proof of possession of the job's key for this method and address (RFC 9449), ES256, used once.",
}
_OPTIONAL_SESSION = {
    "name": "Authorization",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 512},
    "description": "DPoP and the session's token, in place of identity_token.",
}


def openapi(address: str) -> dict[str, Any]:
    """Return the document for a broker at ``address``."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "pipeline-guard broker",
            "version": __version__,
            "description": "Short-lived secrets and signatures for pipeline jobs that prove who they are.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": address}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"session": {"type": "http", "scheme": "dpop", "description": "A session's token, with a DPoP proof."}},
        },
    }


def _paths() -> dict[str, Any]:
    session = [{"session": list[str]()}]
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 128}}
    return {
        "/v1/leases": {
            "post": _operation(
                "lease",
                "Lease secrets for an identity token, which counts once, or for a session. No secrets: only begin a session.",
                request="LeaseRequest",
                answer="Leases",
                parameters=[_PROOF, _OPTIONAL_SESSION],
            ),
            "delete": _operation(
                "revoke",
                "End the leases of one grant, or all of the job. May be repeated.",
                request="RevokeRequest",
                answer="Revoked",
                parameters=[_PROOF],
                security=session,
            ),
        },
        "/v1/leases/renew": {
            "post": _operation(
                "renew",
                "Let the job's open leases live on.",
                request="RenewRequest",
                answer="Renewed",
                parameters=[_PROOF],
                security=session,
            )
        },
        "/v1/sign": {
            "post": _operation(
                "sign",
                "Sign a statement about digests; provenance is made of the job's verified claims.",
                request="SignRequest",
                answer="Signed",
                parameters=[_PROOF],
                security=session,
            )
        },
        "/v1/approvals": {
            "post": _operation("approve", "Hand in a person's signed approval of a request.", request="Approval", answer="Approved")
        },
        "/v1/public-keys/{name}": {
            "get": _operation("publicKey", "The public half of a signing key.", media="application/x-pem-file", parameters=[name])
        },
        "/healthz": {"get": _operation("health", "Whether the process lives.", answer="Status")},
        "/readyz": {"get": _operation("ready", "Whether store and token answer.", answer="Status")},
        "/metrics": {"get": _operation("metrics", "Counters for Prometheus.", media="text/plain")},
        "/openapi.json": {"get": _operation("description", "This document.", answer="Description")},
    }


def _operation(
    name: str,
    summary: str,
    *,
    request: str = "",
    answer: str = "",
    media: str = "application/json",
    parameters: list[dict[str, Any]] | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{answer}"} if answer else _TEXT
    errors = {
        "400": "The request cannot be understood.",
        "401": "Identity, session or proof does not verify; all failures look the same.",
        "403": "Not granted, or not there: both look the same. Or a person has to approve.",
        "429": "Too many requests of this issuer, repository or job.",
        "503": "Store, token or issuer does not answer.",
    }
    found: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": "Done.", "content": {media: {"schema": schema}}},
            **{
                status: {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
                for status, text in errors.items()
            },
        },
    }
    if request:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{request}"}}}
        found["requestBody"] = {"required": True, "content": content}
    if parameters:
        found["parameters"] = parameters
    if security:
        found["security"] = security
    return found


def _as() -> dict[str, Any]:
    return {"as": {"enum": ["env", "file"]}}


def _object(required: list[str], /, *, closed: bool = False, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, **({"additionalProperties": False} if closed else {})}


def _schemas() -> dict[str, Any]:
    seconds = {"type": "integer", "minimum": 1, "maximum": 86400, "default": 900}
    digest = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    secret = _object(
        ["variable", "name"],
        closed=True,
        variable={"type": "string", "pattern": "^[A-Z_][A-Z0-9_]{0,127}$"},
        name={"type": "string", "pattern": f"^({_NAME}|{_REFERENCE})$", "maxLength": 138},
        seconds=seconds,
        **_as(),
    )
    lease = _object(
        ["variable", "value", "as", "lease", "secret", "version", "expires"],
        variable=_TEXT,
        value={"type": "string", "contentEncoding": "base64"},
        lease=_TEXT,
        secret=_TEXT,
        version={"type": "integer"},
        expires=_TIME,
        **_as(),
    )
    leases = {"type": "array", "items": lease}
    subject = _object(["name", "sha256"], closed=True, name={"type": "string", "minLength": 1, "maxLength": 1024}, sha256=digest)
    codes = ["invalid_request", "invalid_token", "denied", "approval_required", "too_many_requests", "unavailable"]
    asked: dict[str, Any] = {
        "identity_token": {"type": "string", "maxLength": 32768},
        "secrets": {"type": "array", "maxItems": 64, "items": secret},
        "given": {"type": "object", "maxProperties": 64, "additionalProperties": {"type": "string", "maxLength": 65536}},
    }
    signing: dict[str, Any] = {
        "key": {"type": "string", "maxLength": 128},
        "type": {"enum": ["blob", "provenance", "model"]},
        "subjects": {"type": "array", "minItems": 1, "maxItems": 256, "items": subject},
        "model": {"$ref": "#/components/schemas/Model"},
    }
    files = {"type": "object", "minProperties": 1, "maxProperties": 4096, "additionalProperties": {"type": "string", "maxLength": 128}}
    model: dict[str, Any] = {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        "algorithm": {"enum": ["sha256", "blake3", "blake2b"]},
        "files": files,
        "signature": {"type": "string", "maxLength": 4096},
        "strict": {"type": "object"},
    }
    approval: dict[str, Any] = {"schema": _TEXT, "approver": _TEXT, "request": {"type": "object"}, "signature": _TEXT}
    count = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
    hidden = {"type": "object", "maxProperties": 64, "propertyNames": {"pattern": "^[0-9a-f]{1,64}$"}, "additionalProperties": count}
    error: dict[str, Any] = {"schema": _TEXT, "request": _TEXT, "error": {"enum": codes}, "message": _TEXT, "approval": {"type": "object"}}
    return {
        "LeaseRequest": _object(["secrets"], closed=True, **asked),
        "Leases": _object(["schema", "grant", "ends", "leases"], schema=_TEXT, session=_TEXT, grant=_TEXT, ends=_TIME, leases=leases),
        "RenewRequest": _object([], closed=True, seconds=seconds),
        "Renewed": _object(["schema", "leases"], schema=_TEXT, leases={"type": "array", "items": {"type": "object"}}),
        "RevokeRequest": _object([], closed=True, grant={"type": "string", "maxLength": 64}, hidden=hidden),
        "Revoked": _object(["schema", "ended"], schema=_TEXT, ended={"type": "integer", "minimum": 0}),
        "SignRequest": _object(["key", "type"], closed=True, **signing),
        "Model": _object(["name", "algorithm", "files", "signature"], closed=True, **model),
        "Signed": _object(["schema", "bundle", "public_key"], schema=_TEXT, bundle={"type": "object"}, public_key=_TEXT),
        "Approval": _object(["schema", "approver", "request", "signature"], **approval),
        "Approved": _object(["schema", "approver"], schema=_TEXT, approver=_TEXT),
        "Status": _object(["status"], status=_TEXT),
        "Description": {"type": "object"},
        "Error": _object(["schema", "request", "error"], **error),
    }
