# SPDX-License-Identifier: Apache-2.0
"""Sealed files of every format version there was: they open for ever, and the broken ones never do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from pipeline_guard.errors import IntegrityError
from pipeline_guard.seal.header import parse, verify, wrapping_data
from pipeline_guard.seal.stream import SealedPayload
from tests.fakes import second_unsealer
from tests.fakes.sealing import MemoryReading, SealingPlace, wrapping_material

FOLDER = Path(__file__).parents[2] / "vectors" / "seal"
ROWS = [
    pytest.param(path.parent, row, id=f"{path.parent.name}-{row['file']}")
    for path in sorted(FOLDER.glob("*/vectors.json"))
    for row in json.loads(path.read_bytes())["vectors"]
]


def unsealed(content: bytes, place: SealingPlace) -> bytes:
    unverified = parse(content)
    recipient = unverified.recipients[0]
    key = place.state.key(recipient.name, recipient.version)
    assert key is not None
    data_key = place.token.unwrap(key.ref, recipient.wrapped, wrapping_data(unverified.layout, recipient.name, recipient.version))
    return b"".join(map(bytes, SealedPayload(MemoryReading(content), verify(unverified, data_key), data_key).chunks()))


@pytest.mark.parametrize(("folder", "row"), ROWS)
def test_stored_file(folder: Path, row: dict[str, Any]) -> None:
    place = SealingPlace()
    place.add("team-a", 2)
    content = (folder / row["file"]).read_bytes()
    if row["expect"] == "valid":
        plain = unsealed(content, place)
        assert (len(plain), hashlib.sha256(plain).hexdigest()) == (row["bytes"], row["sha256"])
        assert second_unsealer.unseal(content, wrapping_material) == plain
    else:
        with pytest.raises(IntegrityError):
            unsealed(content, place)
        with pytest.raises((ValueError, InvalidTag)):
            second_unsealer.unseal(content, wrapping_material)


def test_every_stored_file_is_listed() -> None:
    assert ROWS
    for path in FOLDER.glob("*/vectors.json"):
        listed = {row["file"] for row in json.loads(path.read_bytes())["vectors"]}
        assert listed == {file.name for file in path.parent.glob("*.sealed")}
