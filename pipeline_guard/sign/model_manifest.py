# SPDX-License-Identifier: Apache-2.0
"""OpenSSF Model Signing v1.0: the list of a model's files as the predicate of a statement.

Written with the method "files" and SHA-256 or BLAKE3; read also with "shards" and BLAKE2b. Reading trusts the list only as far as
the format goes: the verifier, not the signer, says what may be ignored.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline_guard.errors import IntegrityError, NothingToDo
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.model_strict import FIELD, Strict, below, read_strict, strict_field
from pipeline_guard.sign.statement import STATEMENT

MODEL = "https://model_signing/signature/v1.0"
SIGNATURE = "model.sig"
IGNORED = (".git", ".gitattributes", ".github", ".gitignore")  # what the format leaves out by default
ITSELF = "."  # how the one file of a model is named that is no folder
ALGORITHMS = {"sha256": 64, "blake3": 64, "blake2b": 128}  # and how many hexadecimal digits each has
_LINE = """      {
        "name": %s,
        "algorithm": "%s",
        "digest": "%s"
      }"""
_UNSAFE = re.compile(r"/\.{0,2}/|\0")  # between slashes: nothing, "." or ".."
_HINT = "fetch the model again from where it was published, or have it signed again"


class Resource(NamedTuple):  # a tuple: there may be hundreds of thousands
    """One line of the list: a file, or its bytes from ``start`` up to ``end`` (-1: the whole file), and their digest."""

    name: str
    hex: str
    start: int = 0
    end: int = -1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a signature covers, and the paths it says it left out; ``strict`` is None where another tool has signed."""

    algorithm: str
    resources: tuple[Resource, ...]
    left_out: tuple[str, ...]
    sharded: bool = False
    strict: Strict | None = None

    @property
    def names(self) -> frozenset[str]:
        """The names of the files."""
        return frozenset(resource.name for resource in self.resources)

    @property
    def is_file(self) -> bool:
        """Whether the model is one file, not a folder."""
        return self.resources[0].name == ITSELF


def files_to_sign(names: Sequence[str], signature: str, label: str) -> list[str]:
    """Choose what a signature covers: every file but those below IGNORED and the signature itself ("" if elsewhere).

    Raises NothingToDo where nothing is left: the format forbids to sign an empty model.
    """
    ignored = below(IGNORED)
    chosen = [name for name in names if not name.endswith("/") and not ignored(name) and name != signature]
    if not chosen:
        raise NothingToDo(f"{label}: no file to sign in this folder", "name the folder that holds the model's files")
    return chosen


def model_payload(
    name: str, digests: Mapping[str, str], signature: str, *, algorithm: str = "sha256", strict: Strict | None = None
) -> bytes:
    """Return the payload over the digests of every file; the same files give the same bytes.

    The layout is the one other tools write (two spaces, ASCII). ``signature`` is the bundle's own path in the folder.
    """
    root = hashlib.sha256(bytes.fromhex("".join([digests[path] for path in sorted(digests)])))  # SHA-256 whatever the files have
    predicate: dict[str, Any] = {
        "resources": [],
        "serialization": {
            "method": "files",
            "hash_type": algorithm,
            "allow_symlinks": False,
            "ignore_paths": [*IGNORED, *([signature] if signature else [])],
        },
    }
    if strict is not None:
        predicate[FIELD] = strict_field(strict)
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": root.hexdigest()}}],
        "predicateType": MODEL,
        "predicate": predicate,
    }
    # Python's own encoder of indented JSON takes as long as hashing small files: the lines of resources are written by hand
    lines = [_LINE % (json.dumps(path), algorithm, digests[path]) for path in sorted(digests)]
    text = json.dumps(statement, indent=2).replace('"resources": []', '"resources": [\n' + ",\n".join(lines) + "\n    ]", 1)
    return text.encode("ascii")


def read_manifest(statement: VerifiedStatement, name: str) -> Manifest:
    """Take the list of files out of a model's statement. Raises IntegrityError for anything irregular or not supported."""
    if statement.predicate_type != MODEL:
        raise IntegrityError(
            f"{name}: not the signature of a model folder but {statement.predicate_type}", "verify the file it was made for"
        )
    serialization, resources = statement.predicate.get("serialization"), statement.predicate.get("resources")
    if not isinstance(serialization, dict) or not isinstance(resources, list) or not resources or len(statement.subjects) != 1:
        raise IntegrityError(f"{name}: the model's list of files is malformed", _HINT)
    method, algorithm = serialization.get("method"), serialization.get("hash_type")
    if method not in ("files", "shards") or not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise IntegrityError(f"{name}: the model is listed in a way that is not supported", "sign whole files with SHA-256")
    left_out = serialization.get("ignore_paths", [])
    if not isinstance(left_out, list) or not all(isinstance(path, str) for path in left_out):
        raise IntegrityError(f"{name}: the model's list of ignored paths is malformed", _HINT)
    reader = _Reader(name, algorithm, _shard_size(serialization, name) if method == "shards" else 0)
    found = tuple(reader.resource(resource, alone=len(resources) == 1) for resource in resources)
    if len({(resource.name, resource.start) for resource in found}) != len(found):
        raise IntegrityError(f"{name}: the model's list has a file twice", _HINT)
    root = hashlib.sha256(bytes.fromhex("".join([resource.hex for resource in found])))
    if statement.subjects[0].digest != Digest("sha256", root.hexdigest()):
        raise IntegrityError(f"{name}: the root digest does not match the model's list of files", _HINT)
    if method == "shards":
        reader.check_shards(found)
    strict = read_strict(statement.predicate[FIELD], name) if FIELD in statement.predicate else None
    if strict and not all(is_safe(path) for path in (*strict.left_out, *strict.empty_folders, *strict.executables)):
        raise reader.refuse("has an unsafe name in its strict part", "do not unpack or load this model")
    return Manifest(algorithm, found, tuple(left_out), method == "shards", strict)


def _shard_size(serialization: Mapping[str, Any], name: str) -> int:
    size = serialization.get("shard_size")
    # model-signing writes a whole number as 64.0
    if isinstance(size, bool) or not isinstance(size, int | float) or not 1 <= size < 2**63 or size != int(size):
        raise IntegrityError(f"{name}: the model's list has no usable shard_size", _HINT)
    return int(size)


class _Reader:
    """Reads the lines of one list and refuses in its name; ``shard`` is the length of a shard, 0 for whole files."""

    def __init__(self, name: str, algorithm: str, shard: int) -> None:
        self.name = name
        self.algorithm = algorithm
        self.shard = shard
        self.is_digest = re.compile(f"[0-9a-fA-F]{{{ALGORITHMS[algorithm]}}}").fullmatch  # for hundreds of thousands of them
        self.spellings = (algorithm, f"{algorithm}-sharded-{shard}") if shard else (algorithm,)

    def refuse(self, what: str, hint: str = _HINT) -> IntegrityError:
        return IntegrityError(f"{self.name}: the model's list {what}", hint)

    def resource(self, value: Any, *, alone: bool) -> Resource:
        if not isinstance(value, dict):
            raise self.refuse("has an unsafe or missing file name", "do not unpack or load this model")
        path, hexadecimal, start, end = value.get("name"), value.get("digest"), 0, -1
        if self.shard and isinstance(path, str):
            path, start, end = self._stretch(path)
        if not isinstance(path, str) or not (is_safe(path) or (path == ITSELF and alone)):
            raise self.refuse("has an unsafe or missing file name", "do not unpack or load this model")
        if value.get("algorithm") not in self.spellings or not isinstance(hexadecimal, str):
            raise self.refuse(f"has an entry without a digest of {self.algorithm}")
        if not self.is_digest(hexadecimal):
            raise self.refuse("has a malformed digest")
        return Resource(path, hexadecimal.lower(), start, end)

    def _stretch(self, text: str) -> tuple[str, int, int]:
        """Take ``path:start:end`` apart; a path may hold colons itself."""
        path, *bounds = text.rsplit(":", 2)
        if len(bounds) != 2 or not all(bound.isascii() and bound.isdigit() and len(bound) < 20 for bound in bounds):
            raise self.refuse("has a shard without its place")
        return path, int(bounds[0]), int(bounds[1])

    def check_shards(self, resources: Sequence[Resource]) -> None:
        """Raise IntegrityError unless the shards of each file follow each other from its beginning, all but the last of full length."""
        ends: dict[str, int] = {}
        for resource in sorted(resources, key=lambda resource: (resource.name, resource.start)):
            before = ends.get(resource.name, 0)
            length = resource.end - resource.start
            if resource.start != before or not 0 < length <= self.shard or before % self.shard:
                raise self.refuse(f"has shards of {resource.name} that do not follow each other")
            ends[resource.name] = resource.end


def is_safe(path: str) -> bool:
    """Tell whether a listed name stays inside its folder: relative, normal, no NUL, valid UTF-8."""
    if _UNSAFE.search(f"/{path}/"):
        return False
    return path.isascii() or not any("\ud800" <= character <= "\udfff" for character in path)
