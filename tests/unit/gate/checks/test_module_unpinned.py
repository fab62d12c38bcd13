# SPDX-License-Identifier: Apache-2.0
"""module-unpinned."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.module_unpinned import RULE
from pipeline_guard.gate.inventory import look
from pipeline_guard.gate.manifest.terraform_modules import parse
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from pipeline_guard.model.verdict import Unchecked
from tests.unit.gate.checks.deps import PLAIN, problems

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def found(source: str, more: str = "", settings: GateSettings = PLAIN) -> list[tuple[int, str]]:
    text = f'# module "x" {{ source = "git::https://evil.example" }}\nmodule "vpc" {{\n  {more}\n  source = "{source}"\n}}\n'
    return [(one.location.line, one.what) for one in problems(RULE, parse(text.encode(), "main.tf"), settings)]


@pytest.mark.parametrize(
    "source",
    [
        "git::https://github.com/o/vpc.git",
        "git::https://github.com/o/vpc.git?ref=",
        "git::https://github.com/o/vpc.git//modules/a?depth=1",
        "git@github.com:o/vpc.git",
        "github.com/o/vpc",
        "git::ssh://git@github.com/o/vpc.git?ref=main",
        "git::http://git.example/o/vpc.git?ref=v1",
        "http://files.example/vpc.zip",
        "https://files.example/vpc.zip",
        "https://user:pass@files.example/vpc.zip?checksum=md5:0",
        "registry.evil.example/o/vpc/aws",
        "terraform-aws-modules/vpc/aws",
    ],
)
def test_a_module_that_nothing_fixes_fails(source: str) -> None:
    assert [line for line, _ in found(source)] == [4]


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("./modules/vpc", ""),
        ("../vpc", ""),
        (f"git::https://github.com/o/vpc.git?ref={COMMIT}", ""),
        ("git::https://github.com/o/vpc.git//a?depth=1&ref=v1.2.3", ""),
        ("git@github.com:o/vpc.git?ref=v1.2.3", ""),
        ("terraform-aws-modules/vpc/aws", 'version = "5.1.0"'),
        ("terraform-aws-modules/iam/aws//modules/role", 'version = "~> 5.1"'),
        ("app.terraform.io/acme/vpc/aws", 'version = "1.0.0"'),
        ("s3::https://s3-eu-west-1.amazonaws.com/acme/vpc.zip", ""),
        ("${path.module}/x", ""),
        ("https://files.example/vpc.zip?checksum=sha256:00", ""),
    ],
)
def test_a_fixed_module_passes(source: str, more: str) -> None:
    assert found(source, more) == []


def test_policy_allows_the_organisations_registry() -> None:
    settings = GateSettings(dependencies=DependencySettings(registries=(("terraform", ("registry.corp.example",)),)))
    assert found("registry.corp.example/acme/vpc/aws", 'version = "1.0.0"', settings) == []


def test_the_version_of_another_module_counts_for_none() -> None:
    text = 'module "a" {\n  source = "o/a/aws"\n}\nmodule "b" {\n  source = "o/b/aws"\n  version = "1.0.0"\n}\n'
    assert [one.location.line for one in problems(RULE, parse(text.encode(), "main.tf"))] == [2]


def test_text_that_is_none_is_unchecked() -> None:
    ((_, item),) = look("main.tf", b"\xff\xfe")
    assert isinstance(item, Unchecked)
