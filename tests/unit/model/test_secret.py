# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import json
import pickle

import pytest

from pipeline_guard.model.lease import Delivery, Injected
from pipeline_guard.model.secret import Secret

SECRET = Secret(b"hidden-value")


def test_nothing_shows_it() -> None:
    shown = f"{SECRET} {SECRET!r} {SECRET!s:>40} {[SECRET]} {Injected('A', SECRET, Delivery.ENV)} {{}}".format(SECRET)
    assert "hidden" not in shown
    assert "hidden" not in "%s %r" % (SECRET, SECRET)  # noqa: UP031  # the old way is a way too


@pytest.mark.parametrize("act", [hash, pickle.dumps, copy.deepcopy, json.dumps, bytes, dict])
def test_it_cannot_be_hashed_pickled_copied_or_turned_into_anything(act: object) -> None:
    with pytest.raises(TypeError):
        act(SECRET)  # type: ignore[operator]


def test_equality_is_by_value_and_only_with_secrets() -> None:
    assert Secret(b"hidden-value") == SECRET
    assert Secret(b"other") != SECRET
    assert SECRET != b"hidden-value"


def test_only_bytes_make_one() -> None:
    with pytest.raises(TypeError):
        Secret("text")  # type: ignore[arg-type]
