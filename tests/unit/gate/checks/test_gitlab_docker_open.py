# SPDX-License-Identifier: Apache-2.0
"""gitlab-docker-open."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_docker_open import check
from tests.unit.gate.checking import failing, pipeline


def test_a_daemon_without_certificates_fails() -> None:
    text = "variables: {DOCKER_TLS_CERTDIR: ''}\njob:\n  services:\n    - docker:27-dind\n  script: [x]\n"
    assert failing(check, pipeline(text)) == [("job: docker:dind", 3)]


def test_a_daemon_that_is_told_to_do_without_fails() -> None:
    text = "job:\n  services:\n    - name: docker:27-dind\n      command: [--tls=false]\n  script: [x]\n"
    assert failing(check, pipeline(text)) == [("job: docker:dind", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "job: {services: ['docker:27-dind'], script: [x]}",
        "job: {services: ['docker:27-dind'], variables: {DOCKER_TLS_CERTDIR: /certs}, script: [x]}",
        "job: {variables: {DOCKER_TLS_CERTDIR: ''}, script: [x]}",
    ],
)
def test_the_default_and_jobs_without_a_daemon_pass(text: str) -> None:
    assert failing(check, pipeline(text)) == []
