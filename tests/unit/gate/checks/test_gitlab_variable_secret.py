# SPDX-License-Identifier: Apache-2.0
"""gitlab-variable-secret."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.gitlab_variable_secret import check
from tests.unit.gate.checking import failing, pipeline

VALUE = "kx71-Qpw2-mvb9"


@pytest.mark.parametrize("name", ["DB_PASSWORD", "deploy-token", "AWS_SECRET_ACCESS_KEY", "API_KEY", "CLIENT_SECRET", "SSH_PRIVATE_KEY"])
def test_secret_that_is_written_out_fails_and_is_not_repeated(name: str) -> None:
    found = failing(check, pipeline(f"variables:\n  A: b\n  {name}: {VALUE}\njob: {{script: [x]}}\n"))
    assert found == [(f"the value of {name}", 3)]
    assert failing(check, pipeline(f"job:\n  variables: {{{name}: {VALUE}}}\n  script: [x]\n")) == [(f"job: the value of {name}", 2)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "$VAULT_PASSWORD"),
        ("DB_PASSWORD", "postgres"),
        ("DB_PASSWORD", "test-password-1"),
        ("PASSWORD_FILE", VALUE),
        ("TOKEN_URL", "https://h.example/token1"),
        ("TOKEN", "/run/secrets/token1"),
        ("SECRET_NAME", VALUE),
        ("COMMIT", VALUE),
        ("TOKEN", "1.2.3"),
    ],
)
def test_references_places_and_words_for_tests_pass(name: str, value: str) -> None:
    assert failing(check, pipeline(f"variables: {{{name}: '{value}'}}\njob: {{script: [x]}}\n")) == []
