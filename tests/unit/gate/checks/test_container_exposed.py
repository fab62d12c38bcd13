# SPDX-License-Identifier: Apache-2.0
"""container-exposed."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.container_exposed import check
from tests.unit.gate.checking import failing, job

OWN = "runs-on: [self-hosted, x]\n"


@pytest.mark.parametrize(
    "container",
    [
        "{image: a, options: --privileged}",
        "{image: a, options: --cpus 1 --privileged --rm}",
        "{image: a, options: --pid=host}",
        "{image: a, options: --cap-add=SYS_ADMIN}",
        "{image: a, options: --security-opt seccomp=unconfined}",
        "{image: a, options: '-v /var/run/docker.sock:/var/run/docker.sock'}",
        "{image: a, options: '--mount type=bind,source=/var/run/docker.sock,target=/x'}",
        "{image: a, volumes: ['/var/run/docker.sock:/var/run/docker.sock']}",
        "{image: a, volumes: ['/:/host']}",
        "{image: a, volumes: ['/etc:/etc']}",
    ],
)
def test_containers_that_hold_a_machine_of_ones_own_fail(container: str) -> None:
    assert len(failing(check, job("- run: x", head=f"{OWN}container: {container}"))) == 1
    assert len(failing(check, job("- run: x", head=f"{OWN}services: {{s: {container}}}"))) == 1
    assert len(failing(check, job("- run: x", head=f"runs-on: ${{{{ inputs.where }}}}\ncontainer: {container}"))) == 1
    assert failing(check, job("- run: x", head=f"runs-on: ubuntu-24.04\ncontainer: {container}")) == []


def test_a_password_in_the_workflow_fails_on_every_machine() -> None:
    text = "runs-on: ubuntu-latest\ncontainer: {image: a, credentials: {username: u, password: %s}}"
    assert len(failing(check, job("- run: x", head=text % "'1234'"))) == 1
    assert failing(check, job("- run: x", head=text % "'${{ secrets.P }}'")) == []


@pytest.mark.parametrize(
    "head",
    [
        f"{OWN}container: a",
        f"{OWN}container: {{image: a, options: --privileged=false --cpus 2}}",
        f"{OWN}container: {{image: a, volumes: ['/data:/data', 'named:/etc', '/etcetera:/x']}}",
        f"{OWN}services: {{s: {{image: a, options: --health-cmd pg_isready}}}}",
        "runs-on: '${{ matrix.os }}'\nstrategy: {matrix: {os: [ubuntu-latest, macos-14]}}\ncontainer: {image: a, options: --privileged}",
    ],
)
def test_ordinary_containers_pass(head: str) -> None:
    assert failing(check, job("- run: x", head=head)) == []
