# SPDX-License-Identifier: Apache-2.0
"""Samples: the same template gives the same text, and binary ones survive as bytes."""

from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.scan.sample import MAKERS, expand, expand_bytes

DRAWN = {"openssh-key", "pkcs12", "pkcs12-sealed"}  # the library draws a part of these by lot


@pytest.mark.parametrize("name", sorted(set(MAKERS) - DRAWN))
def test_every_maker_repeats_itself(name: str) -> None:
    assert expand_bytes(f"{{make:{name}}}", "seed") == expand_bytes(f"{{make:{name}}}", "seed")
    assert expand_bytes(f"{{make:{name}}}", "seed") != expand_bytes(f"{{make:{name}}}", "other")


def test_binary_samples_are_bytes_and_text_can_always_be_encoded() -> None:
    assert expand_bytes("{make:java-keystore}")[:4] == b"\xfe\xed\xfe\xed"
    for name in MAKERS:
        assert expand(f"{{make:{name}}}").encode("utf-8")


def test_hole_that_names_nothing_is_refused() -> None:
    for template in ("{make:nothing}", "{hex:0}", "{hex:9999}", "{unknown:4}"):
        with pytest.raises(UsageError):
            expand(template)
