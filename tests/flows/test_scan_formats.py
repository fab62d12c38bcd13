# SPDX-License-Identifier: Apache-2.0
"""A secret planted in every format that is read, found where it is stored."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Finding
from pipeline_guard.model.limits import Limits
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.scan.detect import Detector
from pipeline_guard.scan.prefilter import Prefilter
from pipeline_guard.scan.report import Judgement, findings
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.sample import expand
from tests.fakes.stored import FORMATS, gguf, seven_zip, tarred, zipped

TOKEN = expand("ghp_{crc62:30}")


class Nothing(dict[str, bytes]):
    """A cache that keeps in memory."""

    def put(self, name: str, content: bytes) -> None:
        """Keep the content."""
        self[name] = content


CACHE = Nothing()
RULES = load(PackagedRules(), CACHE)
DETECTOR = Detector(RULES.rules, Prefilter(RULES.rules, RULES.digest, CACHE))


def scan(data: bytes, path: str = "a.txt", limits: Limits | None = None) -> tuple[list[Finding], list[Unchecked]]:
    judgement = Judgement(datetime(2026, 11, 1, tzinfo=UTC), lambda rule, value: f"{rule}:{len(value)}", limits=limits or Limits())
    return findings(Entry(path, data), DETECTOR, judgement)


@pytest.mark.parametrize("name", FORMATS)
def test_secret_in_every_format_is_found_once_at_its_place(name: str) -> None:
    path, make, chain = FORMATS[name]
    data = make(TOKEN)
    found, unchecked = scan(data, path)
    assert unchecked == []
    here = [one for one in found if one.decoded_from == chain]
    assert [one.rule for one in here] == ["github-token"], [(one.rule, one.decoded_from) for one in found]
    assert here[0].confidence.value == "verified"
    place = here[0].location
    assert (place.path, place.line >= 1, place.column >= 1) == (path, True, True)
    assert 0 <= place.byte_start < place.byte_end <= len(data)
    assert len({(one.location.byte_start, one.location.line, one.location.column, one.decoded_from) for one in found}) == len(found)


def test_zstandard_is_read_with_its_wheel() -> None:
    import zstandard

    packed = zstandard.ZstdCompressor().compress(tarred({"c/e": TOKEN.encode()}))
    found, unchecked = scan(packed, "a.tar.zst")
    assert ([one.decoded_from for one in found], unchecked) == (["zstd > tar:c/e"], [])


@pytest.mark.parametrize(
    "name", ["base64", "base64 without padding", "hexadecimal", "percent", "unicode escapes", "byte escapes", "HTML entities"]
)
def test_place_in_encoded_text_is_that_of_the_value(name: str) -> None:
    path, make, _ = FORMATS[name]
    data = make(TOKEN) + b" end"
    (found,) = scan(data, path)[0]
    span = data[found.location.byte_start : found.location.byte_end]
    size = {"base64": 56, "base64 without padding": 56, "hexadecimal": 80, "percent": 120, "unicode escapes": 240, "byte escapes": 160}
    assert len(span) <= size.get(name, 300)
    assert found.location.byte_end > len(data) - 12, "it ends where the value ends"
    assert found.location.column == found.location.byte_start + 1


def test_same_secret_raw_and_decoded_is_one_finding() -> None:
    for text in (f'{{"body": "{{\\"k\\": \\\\"{TOKEN}\\\\"}}"}}', f"x?token={TOKEN}%3D%3D%3D%3D&y=1", f"&quot;: &quot;{TOKEN}&quot;"):
        found = scan(text.encode())[0]
        assert [one.rule for one in found] == ["github-token"], text


def test_many_findings_on_one_line_cost_no_square() -> None:
    line = " ".join(expand("ghp_{crc62:30}", str(number)) for number in range(20)).encode() + b" "
    found = scan(line * 2500)[0]
    assert len(found) == 50_000
    assert found[-1].location.column == len(line) * 2500 - 40


@pytest.mark.parametrize(
    ("data", "what", "why"),
    [
        (b"\x1f\x8b\x08\0\0\0\0\0\0\3" + b"\xff" * 40, "a.bin", "compressed data that is broken"),
        (zipped({"a": b"x" * 99})[:-30], "a.bin", "a zip archive without its directory: cut off?"),
        (seven_zip({"a": b"x" * 99})[:-3], "a.bin", "a 7z archive that is cut off"),
        (seven_zip({"a": b"x" * 99})[:60] + b"\xff" * 99, "a.bin", "a 7z archive with a broken header"),
        (tarred({"a": b"x" * 99})[:560], "a.bin", "a tar archive that is cut off in a"),
        (b"!<arch>\n" + b"x" * 60, "a.bin", "an ar archive with a broken header"),
        (b"\x99\0\0\0\0\0\0\0{" + b"x" * 50, "a.bin", "a safetensors header that is cut off"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, what: str, why: str) -> None:
    assert Unchecked(what, why) in scan(data, "a.bin")[1]


def test_encrypted_and_unknown_members_are_named_and_the_rest_is_read() -> None:
    data = bytearray(zipped({"a": b"secret", "b": TOKEN.encode(), "c": b"odd"}, 0))
    first, third = data.find(b"PK\1\2"), data.rfind(b"PK\1\2")
    data[first + 8] |= 1
    data[third + 10] = 99
    found, unchecked = scan(bytes(data), "o.zip")
    assert [one.decoded_from for one in found] == ["zip:b"]
    assert unchecked == [Unchecked("o.zip!a", "encrypted"), Unchecked("o.zip!c", "compressed by method 99")]


@pytest.mark.parametrize("head", [b"!<arch>\n", b"070701", b"x^2 ", b"V", b"(", b"BZh91AY&SY", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c"])
def test_text_that_begins_like_another_format_is_read_all_the_same(head: bytes) -> None:
    assert [one.rule for one in scan(head + b" " + TOKEN.encode() + b" and so on.", "a.txt")[0]] == ["github-token"]


def test_bombs_stop_at_the_limits() -> None:
    import gzip

    nested = b"x" * 100
    for _ in range(9):
        nested = gzip.compress(nested)
    cases = [
        (gzip.compress(b"\0" * 40_000_000), Limits(), "more than 250 times larger than packed"),
        (gzip.compress(b"a" * 3000), Limits(member=1000), "larger than 1000 bytes"),
        (zipped({str(n): b"x" for n in range(20)}), Limits(members=10), "more than 10 members"),
        (tarred({str(n): b"x" * 600 for n in range(20)}, "w:gz"), Limits(unpacked=6000), "more than 6000 bytes"),
        (nested, Limits(), "more than 6 containers in each other"),
    ]
    for data, limits, why in cases:
        assert [one.why for one in scan(data, "a.bin", limits)[1]] == [why]


def test_unlisted_members_and_what_surrounds_an_archive_are_read() -> None:
    data = b"#!/bin/sh\nk=" + TOKEN.encode() + b"\n" + zipped({"hidden": TOKEN.encode()}) + b"tail " + TOKEN.encode()
    chains = {one.decoded_from for one in scan(data)[0]}
    assert chains == {"zip:(before the archive)", "zip:hidden", "zip:(behind the archive)"}
    whole = zipped({"seen": b"x", "hidden": TOKEN.encode()}, 0)
    directory = whole.find(b"PK\1\2")
    second = whole.find(b"PK\1\2", directory + 4)
    end = whole.find(b"PK\5\6")
    size = second - directory
    cut = whole[:second] + whole[end : end + 8] + b"\1\0\1\0" + size.to_bytes(4, "little") + whole[end + 16 :]
    assert "zip:hidden" in {one.decoded_from for one in scan(cut)[0]}


def test_credential_cut_out_of_a_long_base64_run_is_none() -> None:
    import base64
    import random

    noise = random.Random(7).randbytes(400_000)
    assert scan(b"img: " + base64.b64encode(noise))[0] == []


def test_tensor_data_is_not_read_but_what_follows_a_cut_header_is() -> None:
    assert scan(gguf(b"urls") + b"\0\1" * 9 + TOKEN.encode(), "m.gguf")[0] == []
    assert [one.rule for one in scan(gguf(b"urls")[:90] + b"\0\1" * 9 + TOKEN.encode(), "m.gguf")[0]] == ["github-token"]


def test_decoding_stops_at_its_depth() -> None:
    import base64

    text = f"k={TOKEN}".encode()
    for _ in range(3):
        text = b"x=" + base64.b64encode(text)
    assert [one.decoded_from for one in scan(text)[0]] == ["base64 > base64 > base64"]
    assert scan(text, limits=Limits(layers=2))[0] == []
