# SPDX-License-Identifier: Apache-2.0
"""Fields of untrusted JSON: one spelling, one type, or a refusal in the document's name."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError, UsageError
from pipeline_guard.sign.fields import Fields

FIELDS = Fields("b.json", "fetch it again")


@pytest.mark.parametrize("value", ["", "AA", "AB==", "A A=", "AA=A", "-_-_", "é", "AAAA\n", None, 7, b"AAAA"])
def test_base64_has_one_spelling(value: Any) -> None:
    with pytest.raises(IntegrityError, match=r"b\.json: sig is not"):
        FIELDS.base64(value, "sig")
    assert FIELDS.base64("AA==", "sig") == b"\0"


@pytest.mark.parametrize(("value", "number"), [(None, 0), ("0", 0), ("12", 12), (12, 12), (2**63 - 1, 2**63 - 1)])
def test_numbers_are_read_as_protobuf_writes_them(value: Any, number: int) -> None:
    assert FIELDS.number(value, "index") == number


@pytest.mark.parametrize("value", [True, -1, "-1", 1.0, "1.0", "", " 1", "٣", 2**63, "9" * 20, "9" * 5000, []])
def test_other_numbers_are_refused(value: Any) -> None:
    with pytest.raises(IntegrityError, match="index is not a whole number"):
        FIELDS.number(value, "index")


def test_objects_have_what_they_need_and_no_more() -> None:
    assert FIELDS.mapping({"a": 1, "c": None}, "it", "a", "c") == {"a": 1, "c": None}
    assert FIELDS.mapping({"a": 1, "x": 2}, "it", "a") == {"a": 1, "x": 2}
    for value, reason in (({}, "has no a"), ({"a": None}, "has no a"), ({"a": 1, "x": 2}, "no version"), ([], "not a JSON object")):
        with pytest.raises(IntegrityError, match=reason):
            FIELDS.mapping(value, "it", "a", "c")


def test_lists_end_and_texts_can_be_encoded() -> None:
    assert FIELDS.elements(None, "list", 2) == []
    for value in ([1, 2, 3], "ab", {}):
        with pytest.raises(IntegrityError, match="at most 2"):
            FIELDS.elements(value, "list", 2)
    with pytest.raises(IntegrityError, match="not text"):
        FIELDS.text("\ud800", "name")


def test_what_the_user_vouches_for_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="root: it is not text") as caught:
        Fields("root", "give another", UsageError).text(1, "it")
    assert caught.value.hint == "give another"
