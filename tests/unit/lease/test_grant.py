# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.lease.grant import checked
from pipeline_guard.model.lease import Binding, Delivery


def binding(variable: str, lifetime: timedelta = timedelta(minutes=5)) -> Binding:
    return Binding(variable, "name", lifetime, Delivery.ENV)


@pytest.mark.parametrize("name", ["DATABASE_URL", "NPM_TOKEN", "_X", "A1", "NODE_AUTH_TOKEN", "AWS_SECRET_ACCESS_KEY"])
def test_ordinary_names_are_fine(name: str) -> None:
    assert checked(binding(name)).variable == name


@pytest.mark.parametrize(
    "name",
    ["PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "PYTHONPATH", "NODE_OPTIONS", "GIT_SSH_COMMAND", "GITHUB_ENV", "CI", "CI_JOB_TOKEN",
     "HTTPS_PROXY", "PIPELINE_GUARD_HOME", "RUNNER_TEMP", "lower", "A B", "A=B", "1A", "", "A\n", "HOME", "IFS", "PERL5LIB", "PIP_INDEX_URL"],
)  # fmt: skip
def test_names_that_change_how_programs_behave_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        checked(binding(name))


def test_lease_does_not_live_longer_than_a_day() -> None:
    checked(binding("A", timedelta(hours=24)))
    with pytest.raises(UsageError):
        checked(binding("A", timedelta(hours=24, seconds=1)))
