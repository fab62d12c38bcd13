# SPDX-License-Identifier: Apache-2.0
"""A real SoftHSM token in a temporary folder. A missing module is a failure, not a skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Pkcs11Token:
    """The embedded token, opened; one for the whole session, because the module belongs to the process."""
    folder: Path = tmp_path_factory.mktemp("token")
    found = open_token(str(folder), uri="", module="", pin="", environ={})
    found.facts()
    return found
