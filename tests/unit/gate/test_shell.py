# SPDX-License-Identifier: Apache-2.0
"""Shell texts as commands: words, quotes, operators, lines."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.shell import commands, rereads


def read(text: str) -> list[tuple[list[str], str, int]]:
    return [([word.text for word in command.words], command.operator, command.line) for command in commands(text)]


def test_words_operators_and_lines_are_told_apart() -> None:
    assert read("a b | c && d\n# no\ne; f 'g h' \"i j\"") == [
        (["a", "b"], "|", 0), (["c"], "&&", 0), (["d"], ";", 0), (["e"], ";", 2), (["f", "g h", "i j"], "", 2),
    ]  # fmt: skip


def test_a_continued_line_is_one_command_and_lines_still_count() -> None:
    assert read("a \\\n  b\nc") == [(["a", "b"], ";", 0), (["c"], "", 2)]


def test_heredocs_are_data() -> None:
    assert read("cat <<'E' > f\n$A; b\nE\nc") == [(["cat", ">", "f"], ";", 0), (["c"], "", 3)]


def test_what_is_substituted_comes_first() -> None:
    assert [words for words, _, _ in read('a "$(b `c`)"')] == [["c"], ["b", "$()"], ["a", "$()"]]


def test_redirections_of_descriptors_are_no_commands() -> None:
    assert [words for words, _, _ in read("a 2>&1 | b")] == [["a", "2>&1"], ["b"]]


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("a $B", [("B", False)]),
        ('a "$B"', [("B", True)]),
        ("a '$B'", []),
        ("a \\$B", []),
        ("a ${B:-x}", [("B", False)]),
        ("a ${#B}", []),
        ('a"${B}"c', [("B", True)]),
    ],
)
def test_variables_know_whether_they_are_quoted(text: str, variables: list[tuple[str, bool]]) -> None:
    (command,) = commands(text)
    assert [each for word in command.words for each in word.variables] == variables


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("eval a", ["a"]),
        ("sh -c 'a b' c", ["a b"]),
        ("docker run x bash -ec a", ["a"]),
        ("python3 -c a", ["a"]),
        ("node -e a", ["a"]),
        ("ssh h a b", ["a", "b"]),
        ("bash a.sh -c b", []),
        ("bash <<< a", ["a"]),
        ("x <<< y sh -c z", ["z"]),
        ("cat <<< a", []),
        ("xargs pwsh -Command a", ["a"]),
        ("echo a", []),
    ],
)
def test_what_is_read_again_as_code_is_known(text: str, code: list[str]) -> None:
    (command,) = commands(text)
    assert set(code[-1:]) <= {word.text for word in rereads(command)}
    assert bool(rereads(command)) == bool(code)


def test_lines_are_counted_by_line_feeds_whatever_stands_before_them() -> None:
    assert [command.line for command in commands("a\r\nb \\\r\n  c\r\nd\n")] == [0, 1, 3]
    assert [command.line for command in commands("a\nb\rc\nd")] == [0, 1, 2]


def test_heredocs_are_the_input_of_their_command_and_several_follow_each_other() -> None:
    text = "a <<X b <<'Y'; c\n1 $V $(d)\nX\n2 $W `e`\nY\nf\n"
    found = {command.names[0]: command for command in commands(text)}
    assert [(name, command.line) for name, command in found.items()] == [("d", 1), ("a", 0), ("c", 0), ("f", 5)]
    assert found["a"].heredocs == [(1, "1 $V $(d)\n"), (3, "2 $W `e`\n")]
    assert [word.variables for word in found["a"].input] == [[("V", True)], []]


def test_a_heredoc_without_an_end_takes_the_rest() -> None:
    (command,) = commands("bash <<X\necho $T")
    assert command.heredocs == [(1, "echo $T")]
    assert [name for word in rereads(command) for name, _ in word.variables] == ["T"]
