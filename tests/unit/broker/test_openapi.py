# SPDX-License-Identifier: Apache-2.0
"""The committed description is the one that a broker gives; its schemas are schemas, and every reference leads somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from pipeline_guard.broker.openapi import openapi

COMMITTED = Path(__file__).parents[3] / "docs" / "schemas" / "broker-openapi.json"
DOCUMENT = openapi("https://broker.example.com")


def test_committed_description_is_the_one_that_is_served() -> None:
    committed = json.loads(COMMITTED.read_text())
    assert {**committed, "info": {}} == {**DOCUMENT, "info": {}}


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_each_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_every_reference_leads_somewhere() -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert named == set(DOCUMENT["components"]["schemas"])
