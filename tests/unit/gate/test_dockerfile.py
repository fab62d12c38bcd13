# SPDX-License-Identifier: Apache-2.0
"""Dockerfiles: what they fetch and run, on which line."""

from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ci_facts import DockerfileFacts
from pipeline_guard.gate.dockerfile import looks_like_one, parse


def read(text: str) -> DockerfileFacts:
    return parse(text.encode(), "Dockerfile")


def images(text: str) -> list[tuple[str, int]]:
    return [(use.target, use.line) for use in read(text).uses]


def test_stages_scratch_and_numbers_are_no_images() -> None:
    assert images("FROM a:1 AS Build\nFROM scratch\nCOPY --from=build /a /\nCOPY --from=0 /a /\nFROM BUILD\n") == [("a:1", 1)]


def test_arguments_are_filled_in_where_they_have_a_default() -> None:
    assert images('ARG V="1"\nARG R=h.example/${N:-n}\nFROM ${R}:$V\nFROM ${MISSING}\nFROM ${OTHER:-b}\n') == [
        ("h.example/n:1", 3), ("${MISSING}", 4), ("b", 5),
    ]  # fmt: skip


def test_flags_mounts_syntax_and_onbuild_are_read() -> None:
    text = "# syntax=docker/dockerfile:1\nfrom --platform=linux/arm64 a\nRUN --mount=type=bind,from=b,target=/x --network=none c\nONBUILD COPY --from=d /a /b\n"
    assert images(text) == [("docker/dockerfile:1", 1), ("a", 2), ("b", 3), ("d", 4)]
    assert [script.text for script in read(text).scripts] == ["c"]


def test_another_escape_character_joins_lines() -> None:
    assert [script.line for script in read("# escape=`\nFROM a\nRUN b `\n c\nRUN d\n").scripts] == [3, 5]


def test_a_heredoc_of_run_is_a_script_and_of_copy_is_data() -> None:
    text = "FROM a\nRUN <<E\nb\nFROM c\nE\nCOPY <<E /f\nRUN d\nE\nRUN e\n"
    assert [(script.line, script.text.strip()) for script in read(text).scripts] == [(3, "b\nFROM c"), (9, "e")]
    assert images(text) == [("a", 1)]


def test_comments_and_empty_lines_between_continued_lines_count_for_nothing() -> None:
    (script,) = read("FROM a\nRUN b && \\\n# no\n\n  c\n").scripts
    assert script.text.split() == ["b", "&&", "c"]


@pytest.mark.parametrize("text", [b"", b"RUN a\n", b"\xff\xfe", b"FROM a\n#" + b"x" * 2_000_000])
def test_what_is_no_dockerfile_is_refused(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"^Dockerfile"):
        parse(text, "Dockerfile")


def test_texts_made_to_be_tried_in_many_ways_are_read_at_once() -> None:
    assert not looks_like_one(b"\n" * 4000 + b"x", "a")
    assert not looks_like_one(b" \n#\n" * 900 + b"x", "a")
    assert parse(b"FROM scratch\nRUN " + b"--a" * 5000 + b" <<X y\nX\n", "Dockerfile").scripts
