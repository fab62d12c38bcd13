# SPDX-License-Identifier: Apache-2.0
"""seal and unseal as commands, on a real SoftHSM token: exit codes, what they print, and what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
LARGE = 384 * 1024 * 1024
Guard = Callable[..., Any]


def names(folder: str | Path = ".") -> list[str]:
    """Return what lies in a folder, hidden things too."""
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def work(guard: Guard, tmp_path: Path) -> Path:
    """A folder with a file and a model, and two wrapping keys in the token."""
    for name in ("team-a", "team-b"):
        assert guard("keys", "create", name, "--type", "aes-256").code == 0
    (tmp_path / "data").write_bytes(os.urandom(700_000))
    (tmp_path / "model" / "sub").mkdir(parents=True)
    (tmp_path / "model" / "sub" / "weights").write_bytes(os.urandom(600_000))
    (tmp_path / "model" / "config.json").write_text("{}")
    return tmp_path


def test_standard_output_gets_nothing_before_all_is_verified(guard: Guard, work: Path) -> None:
    assert guard("seal", "data", "--key", "team-a").code == 0
    assert guard("unseal", "data.sealed", "--output", "-").code == 2
    assert guard("unseal", "data.sealed", "--range", "0:0", "--output", "-").code == 0
    assert "-" not in names()


def test_a_file_and_a_folder_go_in_and_come_out(guard: Guard, work: Path) -> None:
    sealed = guard("seal", "data", "--key", "team-a", "--key", "team-b")
    assert (sealed.code, sealed.out, sealed.err) == (0, "sealed data.sealed  key team-a/1, key team-b/1\n", "")
    assert guard("seal", "model", "--key", "team-a").code == 0
    assert {stat.S_IMODE((work / name).stat().st_mode) for name in ("data.sealed", "model.sealed")} == {0o600}
    out = guard("unseal", "data.sealed", "--output", "back")
    assert (out.code, out.out, out.err) == (0, "unsealed back\n", "")
    assert (work / "back").read_bytes() == (work / "data").read_bytes()
    assert guard("unseal", "model.sealed", "--output", "model2").code == 0
    subprocess.run(["diff", "-r", "model", "model2"], cwd=work, check=True)
    info = json.loads(guard("unseal", "data.sealed", "--info", "--format", "json").out)
    jsonschema.validate(info, json.loads((ROOT / "docs" / "schemas" / "sealed-file.v1.json").read_bytes()))
    assert "keys      team-a/1, team-b/1\n" in guard("unseal", "data.sealed", "--info").out
    assert info == {
        "schema": "pipeline-guard/sealed-file/v1",
        "path": "data.sealed",
        "kind": "file",
        "chunk": 524288,
        "keys": ["team-a/1", "team-b/1"],
        "verified": False,
    }
    assert guard("audit", "verify").code == 0
    records = json.loads(guard("audit", "list", "--format", "json").out)["audit-records"]
    assert [(record["action"], record["object"]) for record in records[2:]] == [
        ("seal", "data"),
        ("seal", "model"),
        ("unseal", "data.sealed"),
        ("unseal", "model.sealed"),
    ]


def test_range_and_rewrap(guard: Guard, work: Path) -> None:
    guard("seal", "data", "--key", "team-a")
    content = (work / "data").read_bytes()
    assert guard("unseal", "data.sealed", "--range", "524280:16", "--output", "part").code == 0
    assert (work / "part").read_bytes() == content[524280:524296]
    raw = subprocess.run(
        [sys.executable, "-m", "pipeline_guard", "unseal", "data.sealed", "--range", "699990:"],
        cwd=work, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True,
    )  # fmt: skip
    assert raw.stdout == content[699990:]
    before = (work / "data.sealed").read_bytes()
    assert guard("seal", "--rewrap", "data.sealed", "--key", "team-b").out == "rewrapped data.sealed  key team-b/1\n"
    after = (work / "data.sealed").read_bytes()
    assert after.split(b"\n", 4)[4] == before.split(b"\n", 4)[4]
    assert guard("unseal", "data.sealed", "--force").code == 0
    assert (work / "data").read_bytes() == content


def test_rotated_key_opens_until_the_file_is_rewrapped_and_a_compromised_one_never(guard: Guard, work: Path) -> None:
    guard("seal", "data", "--key", "team-a")
    assert guard("keys", "rotate", "team-a").code == 0
    assert guard("unseal", "data.sealed", "--output", "by-the-old-one").code == 0
    assert guard("seal", "--rewrap", "data.sealed").out == "rewrapped data.sealed  key team-a/2\n"
    assert guard("seal", "data", "--key", "team-a", "--output", "second").out == "sealed second  key team-a/2\n"
    assert guard("unseal", "data.sealed", "--output", "by-the-new-one").code == 0
    assert (work / "by-the-old-one").read_bytes() == (work / "by-the-new-one").read_bytes() == (work / "data").read_bytes()
    assert guard("keys", "revoke", "team-a", "--reason", "key-compromise").code == 0
    for words in (["unseal", "data.sealed", "--output", "x"], ["seal", "data", "--key", "team-a", "--output", "y"]):
        denied = guard(*words)
        assert (denied.code, "compromised" in denied.err) == (4, True), denied
    assert not {"x", "y"} & set(names(work))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["seal"], 2),
        (["seal", "data"], 2),
        (["seal", "missing", "--key", "team-a"], 3),
        (["seal", "data", "--key", "nobody"], 2),
        (["seal", "data", "--key", "signing"], 4),
        (["seal", "data", "--key", "team-a"], 2),
        (["seal", "data", "--key", "team-a", "--output", "nowhere/x"], 2),
        (["seal", "data.sealed", "--rewrap", "--output", "x"], 2),
        (["seal", "data", "--rewrap"], 1),
        (["unseal", "missing"], 2),
        (["unseal", "missing.sealed"], 3),
        (["unseal", "data"], 2),
        (["unseal", "data", "--output", "x"], 1),
        (["unseal", "data", "--info"], 1),
        (["unseal", "data.sealed"], 2),
        (["unseal", "data.sealed", "--range", "all"], 2),
        (["unseal", "data.sealed", "--range", "9999999:1"], 2),
        (["unseal", "data.sealed", "--range", "0:1", "--resume"], 2),
        (["unseal", "broken.sealed"], 1),
        (["unseal", "cut.sealed"], 1),
        (["unseal", "strange.sealed"], 4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_exit_codes(guard: Guard, shared: Path, words: list[str], code: int) -> None:
    before = names(shared)
    done = guard(*words, cwd=shared, env={"PIPELINE_GUARD_HOME": str(shared.parent / "home")})
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert done.err.count("pipeline-guard: error: ") == done.err.count("pipeline-guard: hint: ") == 1
    assert names(shared) == before


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sealed files in several states of repair, for calls that change nothing."""
    base = tmp_path_factory.mktemp("shared")
    folder = base / "work"
    folder.mkdir()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PIPELINE_GUARD_HOME": str(base / "home"), "HOME": str(base)}

    def guard(*words: str, home: str = "home") -> None:
        command = [sys.executable, "-m", "pipeline_guard", *words]
        subprocess.run(command, cwd=folder, env={**env, "PIPELINE_GUARD_HOME": str(base / home)}, check=True, capture_output=True)

    (folder / "data").write_bytes(os.urandom(600_000))
    guard("keys", "create", "team-a", "--type", "aes-256")
    guard("keys", "create", "signing")
    guard("seal", "data", "--key", "team-a")
    content = (folder / "data.sealed").read_bytes()
    (folder / "broken.sealed").write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    (folder / "cut.sealed").write_bytes(content[:-1])
    guard("keys", "create", "elsewhere", "--type", "aes-256", home="other")
    guard("seal", "data", "--key", "elsewhere", "--output", "strange.sealed", home="other")
    return folder


def kill_when(partial: Path, size: int, *words: str, cwd: Path) -> None:
    """Start a command and kill it with SIGKILL once its partial result has ``size`` bytes."""
    started = subprocess.Popen(
        [sys.executable, "-m", "pipeline_guard", *words], cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and started.poll() is None:
        if partial.exists() and partial.stat().st_size >= size:
            started.send_signal(signal.SIGKILL)
            break
    assert started.wait(20) == -signal.SIGKILL, started.stderr.read() if started.stderr else ""
    if started.stderr:
        started.stderr.close()


def test_kill_leaves_no_result_and_the_next_run_is_not_misled(guard: Guard, work: Path) -> None:
    with (work / "large").open("wb") as stream:
        stream.truncate(LARGE)  # holes read as zeros and cost nothing
    for size in (1, LARGE // 3):
        kill_when(work / ".large.sealed.partial", size, "seal", "large", "--key", "team-a", cwd=work)
        assert not (work / "large.sealed").exists()
    assert guard("seal", "large", "--key", "team-a").code == 0
    assert not (work / ".large.sealed.partial").exists()
    for size in (1, LARGE // 3):
        kill_when(work / ".back.partial", size, "unseal", "large.sealed", "--output", "back", "--resume", cwd=work)
        assert not (work / "back").exists()
    with (work / ".back.partial").open("r+b") as stream:  # what lies there is never believed
        stream.seek(100)
        stream.write(b"planted")
    done = guard("unseal", "large.sealed", "--output", "back", "--resume")
    assert done.code == 0, done
    subprocess.run(["cmp", "large", "back"], cwd=work, check=True)
    assert not [name for name in names(work) if name.startswith(".")]
    assert guard("audit", "verify").code == 0


def test_memory_does_not_grow_with_the_file(guard: Guard, work: Path) -> None:
    program = (
        "import resource, sys\n"
        "from pipeline_guard.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak(*words: str) -> int:
        command = [sys.executable, "-c", program, *words]
        done = subprocess.run(command, cwd=work, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
        code, kilobytes = done.stdout.splitlines()[-1].split()
        assert code == "0", done
        return int(kilobytes)

    with (work / "large").open("wb") as stream:
        stream.truncate(LARGE // 2)
    small, large = (peak("seal", name, "--key", "team-a") for name in ("data", "large"))
    assert large < small + 4096
    small, large = (peak("unseal", f"{name}.sealed", "--output", f"{name}.out") for name in ("data", "large"))
    assert large < small + 4096
