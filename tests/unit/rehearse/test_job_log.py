# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.rehearse.job_log import masks, rendered, variables


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", {}),
        (b"a=1\nb=x=y\n", {"a": "1", "b": "x=y"}),
        (b"a<<END\none\ntwo=2\nEND\nb=<<x\n", {"a": "one\ntwo=2", "b": "<<x"}),
        (b"a<<END\r\none\r\nEND\r\n", {"a": "one\r"}),
        (b"a=1\na=2", {"a": "2"}),
    ],
)
def test_files_of_variables_are_read_as_the_runner_does(content: bytes, found: dict[str, str]) -> None:
    assert variables(content, "GITHUB_OUTPUT") == found


@pytest.mark.parametrize("content", [b"nothing\n", b"a<<END\nopen\n", b"<<END\nx\nEND\n", b"a<<\nx\n"])
def test_what_the_runner_refuses_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="GITHUB_OUTPUT"):
        variables(content, "GITHUB_OUTPUT")


def test_log_is_shown_as_a_person_sees_it() -> None:
    said = "::add-mask::top%0Asecond line\n::group::one\n::error file=a%2Cb.py,line=3,col=5,title=T%3A x::bad%0Athing 100%25\n::endgroup::\nsecond line top\n"
    hidden = masks(said)
    assert hidden == ["top\nsecond line", "top", "second line"]
    assert rendered(said, hidden) == "one\nerror: a,b.py:3:5: T: x: bad thing 100%\n*** ***"


def test_between_stop_commands_nothing_is_a_command() -> None:
    said = "::stop-commands::w0rd\n::add-mask::visible\n::error::planted\n::w0rd::\n::error::real\n"
    assert masks(said) == []
    assert rendered(said, []) == "::add-mask::visible\n::error::planted\nerror: real"
