# SPDX-License-Identifier: Apache-2.0
"""Recovery phrases: whole ones hold however they are written; prose, mutations and famous test phrases do not."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from pipeline_guard.scan.proof import PROOFS, Kind, State
from pipeline_guard.scan.proofs.bip39 import WORDS
from pipeline_guard.scan.sample import expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LIST = WORDS.split()
check = PROOFS["recovery-phrase"]


def test_word_list_is_the_one_of_the_standard() -> None:
    assert (
        hashlib.sha256(("\n".join(LIST) + "\n").encode()).hexdigest() == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    )
    assert len({word[:4] for word in LIST}) == 2048


@pytest.mark.parametrize("maker", ["phrase-12", "phrase-24"])
def test_phrase_holds_however_it_is_written(maker: str) -> None:
    for number in range(10):
        phrase = expand_bytes(f"{{make:{maker}}}", str(number))
        for between in (b" ", b", ", b"\n", b'", "', b"  "):
            assert check(phrase.replace(b" ", between), NOW).state is State.VERIFIED
        assert check(b" ".join(b"%d. %s" % pair for pair in enumerate(phrase.split(), 1)), NOW).state is State.VERIFIED


@pytest.mark.parametrize(("maker", "passing"), [("phrase-12", 16), ("phrase-24", 256)])
def test_change_of_one_word_is_seen_as_often_as_the_checksum_allows(maker: str, passing: int) -> None:
    found = tried = 0
    for number in range(8):
        words = expand_bytes(f"{{make:{maker}}}", str(number)).split()
        for place in range(len(words)):
            changed = words.copy()
            changed[place] = LIST[(LIST.index(words[place].decode()) + 1) % 2048].encode()
            tried += 1
            found += check(b" ".join(changed), NOW).state is not State.NO_SECRET
    assert found <= tried / passing * 2.5 + 2


def test_words_in_another_order_foreign_words_and_other_counts_do_not_hold() -> None:
    words = expand_bytes("{make:phrase-24}").split()
    assert check(b" ".join(reversed(words)), NOW).state is State.NO_SECRET
    assert check(b" ".join([*words[:-1], b"pipeline"]), NOW).state is State.NO_SECRET
    assert check(b" ".join(words[:23]), NOW).state is State.NO_SECRET
    assert check(b" ".join([*words, words[0]]), NOW).state is State.NO_SECRET


def test_phrase_of_algorand_holds() -> None:
    key = bytes(range(7, 39))
    total = int.from_bytes(key, "little")
    digest = hashlib.new("sha512_256", key).digest()
    indices = [total >> 11 * place & 2047 for place in range(24)] + [(digest[0] | digest[1] << 8) & 2047]
    phrase = " ".join(LIST[index] for index in indices)
    assert check(phrase.encode(), NOW).note == "of Algorand"
    assert check(phrase.encode().replace(LIST[indices[3]].encode(), b"zoo", 1), NOW).state is State.NO_SECRET


def test_famous_test_phrases_are_documentation() -> None:
    for phrase in (
        "zoo " * 11 + "wrong",
        "abandon " * 23 + "art",
        "myth like bonus scare over problem client lizard pioneer submit female collect",
    ):
        assert check(phrase.encode(), NOW).kind is Kind.DOCUMENTATION
