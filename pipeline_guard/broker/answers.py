# SPDX-License-Identifier: Apache-2.0
"""Errors as HTTP answers: a code and the number of the request, never a reason. Reasons are in the audit log."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from pipeline_guard.errors import Denied, GuardError, IntegrityError, NothingToDo, Throttled, Unavailable, UsageError
from pipeline_guard.flows.broker_terms import Refused
from pipeline_guard.model.document import parse_json

SCHEMA = "pipeline-guard/broker-error/v1"
_QUIET = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(content: bytes, status: int = 200, media: str = "application/json", **headers: str) -> Response:
    """Return an answer that nobody keeps."""
    return Response(content, status, {**_QUIET, **{name.replace("_", "-"): value for name, value in headers.items()}}, media)


def document(fields: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """Return a JSON answer."""
    return answer(json.dumps(fields).encode("utf-8"), status, **headers)


def refusal(error: GuardError, number: str) -> Response:
    """Return what the caller learns. One text for every failure of identity; the same for what is denied and what is not there."""
    fields: dict[str, Any] = {"schema": SCHEMA, "request": number}
    if isinstance(error, Refused):
        fields["error"] = error.code
        if error.request:
            fields["approval"] = parse_json(error.request, "the request")
        return document(fields, 403)
    if isinstance(error, IntegrityError):
        return document({**fields, "error": "invalid_token"}, 401, WWW_Authenticate='DPoP algs="ES256"')
    if isinstance(error, Denied):
        return document({**fields, "error": "denied"}, 403)
    if isinstance(error, UsageError | NothingToDo):
        return document({**fields, "error": "invalid_request", "message": error.what[:300]}, 400)
    if isinstance(error, Throttled):
        return document({**fields, "error": "too_many_requests"}, 429, Retry_After="60")
    status = 503 if isinstance(error, Unavailable) else 500
    return document({**fields, "error": "unavailable"}, status, Retry_After="5")
