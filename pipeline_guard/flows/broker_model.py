# SPDX-License-Identifier: Apache-2.0
"""A model that a job has hashed: the list of its files as it is sent to a broker, and the statement that the broker makes of it itself.

The broker signs no text of a job's: it reads names and digests, and writes what says them. Both sides make the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.sign.model_manifest import ALGORITHMS, IGNORED, ITSELF, is_safe, model_payload
from pipeline_guard.sign.model_strict import FIELD, Strict, read_strict

MOST = 4096  # files of a model; a request has its own limit in bytes
_FIELDS = {"name", "algorithm", "files", "signature"}


def model_fields(payload: bytes) -> dict[str, Any]:
    """Return what is sent of a model's statement that was made here."""
    statement = json.loads(payload)
    predicate = statement["predicate"]
    left_out = predicate["serialization"]["ignore_paths"]
    fields = {
        "name": statement["subject"][0]["name"],
        "algorithm": predicate["serialization"]["hash_type"],
        "files": {each["name"]: each["digest"] for each in predicate["resources"]},
        "signature": "".join(left_out[len(IGNORED) :]),
    }
    return {**fields, "strict": predicate[FIELD]} if FIELD in predicate else fields


def model_statement(unverified: Any) -> tuple[str, bytes]:
    """Return a model's name and the statement about it; raise UsageError for anything irregular."""
    if not isinstance(unverified, dict) or not _FIELDS <= set(unverified) <= _FIELDS | {"strict"}:
        raise UsageError("a model has a name, algorithm, files, signature, and perhaps strict")
    name, algorithm, files, signature = (unverified[field] for field in ("name", "algorithm", "files", "signature"))
    if not isinstance(name, str) or not 0 < len(name) <= 255 or not name.isprintable() or "/" in name:
        raise UsageError("the model has no plain name")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or not isinstance(files, dict) or not 0 < len(files) <= MOST:
        raise UsageError(f"files of a model are 1 to {MOST}, listed with one of {', '.join(ALGORITHMS)}")
    if not isinstance(signature, str) or (signature and not is_safe(signature)) or signature in files:
        raise UsageError("signature is no path inside the model, or one of its files")
    for path, digest in files.items():
        if not (_is_plain(path) or (path == ITSELF and len(files) == 1)) or not _is_digest(digest, algorithm):
            raise UsageError("a file of the model has an unsafe name, or no digest")
    return name, model_payload(name, files, signature, algorithm=algorithm, strict=_strict(unverified))


def _strict(unverified: Mapping[str, Any]) -> Strict | None:
    if "strict" not in unverified:
        return None
    try:
        strict = read_strict(unverified["strict"], "the model")
    except IntegrityError as error:
        raise UsageError(error.what) from None
    paths = [*strict.left_out, *strict.empty_folders, *strict.executables]
    if len(paths) > 3 * MOST or not all(_is_plain(path) for path in paths):
        raise UsageError("the strict part of the model has an unsafe name")
    return strict


def _is_plain(path: str) -> bool:
    return 0 < len(path) <= 4096 and is_safe(path)


def _is_digest(text: Any, algorithm: str) -> bool:
    try:
        return isinstance(text, str) and Digest.parse(f"{algorithm}:{text}").hex == text
    except UsageError:
        return False
