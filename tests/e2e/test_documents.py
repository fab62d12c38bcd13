# SPDX-License-Identifier: Apache-2.0
"""Every JSON document that a command prints has a schema, names it first, and keeps to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline_guard.cli.commands import COMMANDS
from tests.conftest import Repository

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
Guard = Callable[..., Any]
_INTERNAL = {"leases", "signed", "renewed", "revoked", "broker-error"}  # the broker's answers: broker-openapi.json describes them
_PRIVATE = {"digests", "sealed", "approved"}  # what is kept or encrypted: nobody else reads it
_SIGNED = {"approval", "approval-request"}  # docs/keys.md tells their fields; they are signed byte by byte
_ASKED = (
    "token info",
    "token check",
    "keys list",
    "keys show release",
    "keys show store",
    "secrets list",
    "secrets show DB",
    "audit list",
    "audit report",
    "policy check",
    "policy test",
    "policy explain --claims claims.json",
    "rules list",
    "scan",
    "gate",
    "doctor",
    "report",
)
_ELSEWHERE = {"dry-run", "sign", "verify", "unseal", "advisories info"}  # need more than a store: their own tests validate them
_CONFIGURATION = """version: 1
secrets: {DB: {}}
policy:
  grants:
    - {issuer: https://forge.example.com, claims: {repository_id: "1", ref: main}, secrets: [DB]}
  tests:
    - {name: theirs, claims: {iss: https://forge.example.com, repository_id: "1", ref: main}, secret: DB, expect: allow}
    - {name: others, claims: {iss: https://forge.example.com, repository_id: "2", ref: main}, secret: DB, expect: deny}
"""


def checked(text: str) -> Any:
    document = json.loads(text)
    schema = json.loads((SCHEMAS / f"{document['schema'].split('/')[1]}.v1.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    return document


@pytest.fixture
def used(repository: Repository, guard: Guard) -> Path:
    """A folder whose store, log and policy hold something of each."""
    repository.commit(files={".pipeline-guard.yml": _CONFIGURATION, "a.txt": "nothing here\n"})
    folder = repository.path
    assert guard("keys", "create", "release", cwd=folder).code == 0
    assert guard("secrets", "put", "DB", "--label", "team=data", cwd=folder, stdin="a-value-of-some-length").code == 0
    (folder / "claims.json").write_text('{"iss": "https://forge.example.com", "repository_id": "2"}')
    return folder


def test_what_commands_print_as_json_keeps_to_its_schema(used: Path, guard: Guard) -> None:
    for words in _ASKED:
        done = guard(*words.split(), "--format", "json", cwd=used)
        document = checked(done.out)
        assert next(iter(document)) == "schema"
        assert len(document) > 1, words
        assert "a-value-of-some-length" not in done.out


def test_what_is_written_for_others_keeps_to_its_schema(used: Path, guard: Guard) -> None:
    guard("keys", "export-public", "release", "--output", "release.pem", "--timeline", "release.json", cwd=used)
    checked((used / "release.json").read_text())
    lines = guard("audit", "export", cwd=used).out.splitlines()
    checked(lines[-1])
    records = [json.loads(line) for line in lines if "schema" not in json.loads(line)]
    assert len(records) >= 4
    checked(json.dumps({"schema": "pipeline-guard/audit-record-list/v1", "audit-records": records}))


def test_every_kind_of_document_that_the_code_names_has_a_schema() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "pipeline_guard").rglob("*.py"))
    kinds = set(re.findall(r'"pipeline-guard/([a-z-]+)/v1"', source)) | set(re.findall(r'show(?:_one)?\("([a-z-]+)"', source))
    kinds -= {"history-list", "version-list"}  # part of another document
    named = {path.name.removesuffix(".v1.json") for path in SCHEMAS.glob("*.v1.json")}
    assert kinds - _INTERNAL - _PRIVATE - _SIGNED <= named


def test_every_command_with_json_is_asked_here() -> None:
    names = [
        verb.name if action is verb else f"{verb.name} {action.name}"
        for verb in COMMANDS
        for action in (verb.actions or (verb,))
        if any(flag.name == "format" and "json" in flag.choices for flag in action.flags)
    ]
    asked = {" ".join(words.split()[:2]) for words in _ASKED}
    assert set(names) - asked - _ELSEWHERE == set()
