# SPDX-License-Identifier: Apache-2.0
"""Rule packs read line by line: as the whole parser reads them, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import parse_yaml
from pipeline_guard.scan.pack_lines import read

PACK = """# a note
kind: saas
about: "Whoever holds it: reads, \\\\ and \\"writes\\"."
rules:
  - id: first-key
    title: 'It''s the first'
    keywords: ['pat-na', "two\\n", plain-one]  # why ]
    pattern: '\\bpat-[0-9a-f]{8}'
    entropy: 3.5
    reach: 512
    lines: true
    severity: high
    examples:
      - 'x: {uuid:1}'
      # about the next one
      - "a\\n\\x41b"
  - id: second-key
    near: ['one',
      'two', three]
"""


def whole(text: str) -> object:
    try:
        return parse_yaml(text.encode(), "a.yml").plain()
    except UsageError:
        return None


@pytest.mark.parametrize(("name", "content"), list(PackagedRules().texts()))
def test_every_pack_that_ships_is_read_as_the_whole_parser_reads_it(name: str, content: bytes) -> None:
    assert read(content.decode()) == whole(content.decode())


def test_all_forms_are_read() -> None:
    found = read(PACK)
    assert found == whole(PACK)
    assert found is not None
    assert found["rules"][0]["keywords"] == ["pat-na", "two\n", "plain-one"]


@pytest.mark.parametrize(
    "line",
    [
        "title: yes",
        "title: 0x10",
        "title: 1_000",
        "title: 1e3",
        "title: 007",
        "title: 12:30",
        "title: ~",
        "title:",
        "title: plain # a comment",
        "title: 'one' # a comment",
        "title: |",
        "title: >-",
        "title: &a one",
        "title: *a",
        "title: !!str 1",
        "title: {a: b}",
        "title: [[a]]",
        "title: [a, ,b]",
        "title: []",
        "title: [yes]",
        "title: 'one' two",
        "title: 'open",
        'title: "\\u0041"',
        "title: one: two",
        "<<: one",
        "id: again",
        "title : one",
        "title:one",
        "\ttitle: one",
        " title: one",
        "  title: one",
        "title: one\r",
        "title: one ",
        "title: 2020-01-01",
        "? title",
        "---",
    ],
)
def test_other_forms_are_left_to_the_whole_parser_or_mean_the_same(line: str) -> None:
    text = f"rules:\n  - id: one\n    {line}\n"
    assert read(text) in (None, whole(text))


@given(
    st.integers(0, len(PACK)),
    st.integers(0, 3),
    st.sampled_from(["", " ", "\n", "'", '"', "\\", "#", " #", ":", ": ", "-", "[", "]", ",", "{", "\t", "&a "]),
)
def test_a_pack_with_any_damage_is_read_as_the_whole_parser_reads_it_or_not_at_all(place: int, cut: int, put: str) -> None:
    text = PACK[:place] + put + PACK[place + cut :]
    assert read(text) in (None, whole(text))
