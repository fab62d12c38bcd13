# SPDX-License-Identifier: Apache-2.0
"""image-unpinned."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.image_unpinned import check
from pipeline_guard.gate.facts import Kind
from tests.unit.gate.checking import failing, whole

DIGEST = "sha256:" + "a" * 64


def images(files: dict[str, str]) -> list[tuple[str, int]]:
    return [found for kind, item in whole(files) if kind is Kind.IMAGE for found in failing(check, item)]


@pytest.mark.parametrize(
    ("path", "text", "what", "line"),
    [
        (".github/workflows/w.yml", "jobs:\n  a:\n    container: node:20\n    steps: []\n", "node:20", 3),
        (".github/workflows/w.yml", "jobs:\n  a:\n    services:\n      db:\n        image: postgres:16\n    steps: []\n", "postgres:16", 5),
        (
            ".github/workflows/w.yml",
            "jobs:\n  a:\n    strategy: {matrix: {i: ['a:1']}}\n    container: ${{ matrix.i }}\n    steps: []\n",
            "a:1",
            4,
        ),
        (".gitlab-ci.yml", "job:\n  image: alpine\n  script: x\n", "alpine", 2),
        (".gitlab-ci.yml", "variables: {V: '3.12'}\njob:\n  image: python:$V\n  script: x\n", "python:3.12", 3),
        ("Dockerfile", "ARG V=1\nFROM a:${V} AS b\nFROM b\n", "a:1", 2),
        ("x/app.Dockerfile", f"FROM a@{DIGEST}\nCOPY --from=nginx:1 /a /b\n", "nginx:1", 2),
        ("Containerfile.dev", "# syntax=docker/dockerfile:1\nFROM scratch\n", "docker/dockerfile:1", 1),
        ("deploy/pod.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: a.example/b:1\n", "a.example/b:1", 5),
    ],
)
def test_images_by_tag_fail_in_every_kind_of_file(path: str, text: str, what: str, line: int) -> None:
    assert images({path: text}) == [(what, line)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".gitlab-ci.yml", f"job: {{image: 'a:1@{DIGEST}', script: x}}"),
        (".gitlab-ci.yml", "job: {image: '$CI_REGISTRY_IMAGE/build:$CI_COMMIT_SHA', script: x}"),
        (".gitlab-ci.yml", "spec: {inputs: {i: {}}}\n---\njob: {image: '$[[ inputs.i ]]', script: x}"),
        ("Dockerfile", f"ARG BASE\nFROM ${{BASE}} AS a\nFROM a@{DIGEST} AS b\nFROM scratch\nCOPY --from=b /x /y\nCOPY --from=0 /x /y\n"),
        ("compose.yaml", "services: {a: {image: 'redis:7'}}"),
        ("Dockerfile.dockerignore", "FROM a:1\n"),
        ("deploy/values.yaml", "image: a:1\n"),
        ("chart/templates/pod.yaml", "apiVersion: v1\nkind: Pod\n{{ if x }}\nimage: a:1\n"),
    ],
)
def test_digests_own_images_and_the_callers_choice_pass(path: str, text: str) -> None:
    assert images({path: text}) == []
