# SPDX-License-Identifier: Apache-2.0
"""cache-tainted."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.cache_tainted import check
from tests.unit.gate.checking import failing, job

PUBLISH = "- run: twine upload dist/*"


@pytest.mark.parametrize(
    "cache",
    [
        "- uses: actions/cache@v4\n  with: {path: p, key: k}",
        "- uses: actions/setup-node@v4\n  with: {cache: npm}",
        "- uses: actions/setup-go@v5",
        "- uses: Swatinem/rust-cache@v2",
        "- uses: docker/build-push-action@v6\n  with: {cache-from: type=gha}",
    ],
)
@pytest.mark.parametrize(
    "publish", [PUBLISH, "- uses: pypa/gh-action-pypi-publish@v1", "- run: npm publish --provenance", "- run: sudo docker push a"]
)
def test_a_cache_in_a_publishing_job_fails(cache: str, publish: str) -> None:
    assert [line for _, line in failing(check, job(f"{cache}\n{publish}"))] == [5]


@pytest.mark.parametrize(
    "steps",
    [
        "- uses: actions/cache@v4\n- run: make",
        f"- uses: actions/setup-go@v5\n  with: {{cache: false}}\n{PUBLISH}",
        f"- uses: actions/setup-node@v4\n{PUBLISH}",
        f"- uses: actions/cache@v4\n  with: {{lookup-only: true}}\n{PUBLISH}",
        "- uses: actions/cache@v4\n- run: npm publish --dry-run",
        "- uses: actions/cache@v4\n- uses: docker/build-push-action@v6\n  with: {push: false}",
    ],
)
def test_tests_with_and_releases_without_a_cache_pass(steps: str) -> None:
    assert failing(check, job(steps)) == []
