# SPDX-License-Identifier: Apache-2.0
"""dockerfile-root."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.dockerfile_root import RULE, check
from pipeline_guard.gate.dockerfile import parse
from tests.unit.gate.checking import failing


def users(*instructions: str) -> list[tuple[str, int]]:
    return failing(check, parse("\n".join(instructions).encode(), "Dockerfile"))


@pytest.mark.parametrize(
    ("instructions", "found"),
    [
        (["FROM a", "USER root"], ("USER root", 2)),
        (["FROM a", "USER app", "USER 0:0", "CMD x"], ("USER 0:0", 3)),
        (["FROM a", "RUN x", 'ENTRYPOINT ["x"]'], ("no USER", 3)),
        (["FROM a AS b", "USER app", "FROM c", "CMD x"], ("no USER", 4)),
        (["FROM a AS b", "USER root", "FROM b", "CMD x"], ("USER root", 2)),
        (["ARG U=root", "FROM a", "USER $U"], ("USER root", 3)),
    ],
)
def test_root_in_the_last_stage_is_shown(instructions: list[str], found: tuple[str, int]) -> None:
    assert users(*instructions) == [found]
    assert RULE.informs


@pytest.mark.parametrize(
    "instructions",
    [
        ["FROM a", "USER app", "CMD x"],
        ["FROM a", "USER root", "RUN x", "USER 10001:10001", "CMD x"],
        ["FROM a AS b", "USER root", "FROM c", "USER app"],
        ["FROM a AS b", "USER app", "FROM b", "CMD x"],
        ["FROM gcr.example/distroless/static:nonroot", "CMD x"],
        ["FROM d:nonroot AS b", "FROM b", "CMD x"],
        ["FROM a", "RUN x"],
    ],
)
def test_other_users_and_images_that_start_nothing_are_not(instructions: list[str]) -> None:
    assert users(*instructions) == []
