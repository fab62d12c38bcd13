# SPDX-License-Identifier: Apache-2.0
"""A real SoftHSM token in a temporary folder. A missing module is a failure, not a skip."""

from __future__ import annotations

import pytest

from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token


@pytest.fixture(scope="session")
def token(embedded_token: Pkcs11Token) -> Pkcs11Token:
    """The token of the session."""
    return embedded_token
