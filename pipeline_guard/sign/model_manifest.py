# SPDX-License-Identifier: Apache-2.0
"""OpenSSF Model Signing v1.0: the list of a model's files as the predicate of a statement, method "files".

Reading trusts the list only as far as the format goes: the verifier, not the signer, says what may be ignored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_guard.errors import IntegrityError, NothingToDo, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.statement import STATEMENT

MODEL = "https://model_signing/signature/v1.0"
SIGNATURE = "model.sig"
IGNORED = (".git", ".gitattributes", ".github", ".gitignore")  # what the format leaves out by default
_SHOWN = 3  # names in one message
_HINT = "fetch the model again from where it was published, or have it signed again"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files that a signature covers with their SHA-256, and the paths it says it left out."""

    files: Mapping[str, str]
    left_out: tuple[str, ...]


def is_below(name: str, paths: Iterable[str]) -> bool:
    """Tell whether ``name`` is one of ``paths`` or lies below one."""
    return any(name == path or name.startswith(path + "/") for path in paths)


def files_to_sign(names: Sequence[str], signature: str, label: str) -> list[str]:
    """Choose what a signature covers: every file but those below IGNORED and the signature itself ("" if elsewhere).

    Raises NothingToDo where nothing is left: the format forbids to sign an empty model.
    """
    chosen = [name for name in names if not name.endswith("/") and not is_below(name, IGNORED) and name != signature]
    if not chosen:
        raise NothingToDo(f"{label}: no file to sign in this folder", "name the folder that holds the model's files")
    return chosen


def model_payload(name: str, digests: Mapping[str, str], signature: str) -> bytes:
    """Return the payload over the SHA-256 of every file; the same files give the same bytes.

    The layout is the one other tools write (two spaces, ASCII). ``signature`` is the bundle's own path in the folder.
    """
    root = hashlib.sha256(b"".join(bytes.fromhex(digests[path]) for path in sorted(digests)))
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": root.hexdigest()}}],
        "predicateType": MODEL,
        "predicate": {
            "resources": [{"name": path, "algorithm": "sha256", "digest": digests[path]} for path in sorted(digests)],
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [*IGNORED, *([signature] if signature else [])],
            },
        },
    }
    return json.dumps(statement, indent=2).encode("ascii")


def read_manifest(statement: VerifiedStatement, name: str) -> Manifest:
    """Take the list of files out of a model's statement. Raises IntegrityError for anything irregular or not supported."""
    if statement.predicate_type != MODEL:
        raise IntegrityError(
            f"{name}: not the signature of a model folder but {statement.predicate_type}", "verify the file it was made for"
        )
    serialization, resources = statement.predicate.get("serialization"), statement.predicate.get("resources")
    if not isinstance(serialization, dict) or not isinstance(resources, list) or not resources or len(statement.subjects) != 1:
        raise IntegrityError(f"{name}: the model's list of files is malformed", _HINT)
    if serialization.get("method") != "files" or serialization.get("hash_type") != "sha256":
        raise IntegrityError(f"{name}: the model is listed in a way that is not supported", "sign whole files with SHA-256")
    left_out = serialization.get("ignore_paths", [])
    if not isinstance(left_out, list) or not all(isinstance(path, str) for path in left_out):
        raise IntegrityError(f"{name}: the model's list of ignored paths is malformed", _HINT)
    files: dict[str, str] = {}
    root = hashlib.sha256()
    for resource in resources:
        path, digest = _resource(resource, name)
        if path in files:
            raise IntegrityError(f"{name}: the model's list has a file twice", _HINT)
        files[path] = digest.hex
        root.update(bytes.fromhex(digest.hex))
    if statement.subjects[0].digest != Digest("sha256", root.hexdigest()):
        raise IntegrityError(f"{name}: the root digest does not match the model's list of files", _HINT)
    return Manifest(files, tuple(left_out))


def _resource(value: Any, name: str) -> tuple[str, Digest]:
    path = value.get("name") if isinstance(value, dict) else None
    if not isinstance(path, str) or not is_safe(path):
        raise IntegrityError(f"{name}: the model's list has an unsafe or missing file name", "do not unpack or load this model")
    if value.get("algorithm") != "sha256" or not isinstance(value.get("digest"), str):
        raise IntegrityError(f"{name}: the model's list has an entry without a SHA-256 digest", _HINT)
    try:
        return path, Digest.parse("sha256:" + value["digest"])
    except UsageError:
        raise IntegrityError(f"{name}: the model's list has a malformed digest", _HINT) from None


def is_safe(path: str) -> bool:
    """Tell whether a listed name stays inside its folder: relative, normal, no NUL, valid UTF-8."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in path)


def check_names(manifest: Manifest, names: Sequence[str], signature: str, label: str) -> None:
    """Compare the folder's names with the list. Raises IntegrityError naming what is missing or not covered.

    Ignored is only what both the signature and IGNORED leave out, and the bundle's own path.
    """
    present = {name for name in names if not name.endswith("/")}
    ignored = [path for path in manifest.left_out if path in IGNORED]
    extra = [name for name in present - manifest.files.keys() if name != signature and not is_below(name, ignored)]
    if extra:
        raise IntegrityError(
            f"{label}: not covered by the signature: {_some(extra)}", "remove what was added, or have the model signed again"
        )
    missing = manifest.files.keys() - present
    if missing:
        raise IntegrityError(f"{label}: signed but missing: {_some(missing)}", _HINT)


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more
