# SPDX-License-Identifier: Apache-2.0
"""The set-up script: what it demands, what it makes, what it never imports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from pipeline_guard import __version__
from tests.shells.reading import ROOT

# Stands where pip would be: everything else goes to the real interpreter. It notes what pip was asked and
# "installs" by pointing to the packages of this test environment.
PYTHON = """#!/usr/bin/env bash
for word in "$@"; do
    if [ "$word" = pip ]; then
        printf '%s\\n' "$*" >>"{notes}"
        [ -z "${{PIP_FAILS:-}}" ] || exit 1
        while [ "$1" != --target ]; do shift; done
        ln -s "{packages}" "$2"
        exit 0
    fi
done
exec "{python}" "$@"
"""


class Job:
    """A job's world: its temporary folder, and a python3 whose pip only takes notes."""

    def __init__(self, folder: Path) -> None:
        self.temp = folder / "temp"
        self.temp.mkdir()
        self.notes = folder / "pip.txt"
        tools = folder / "tools"
        tools.mkdir()
        python = tools / "python3"
        packages = sysconfig.get_path("purelib")
        python.write_text(PYTHON.format(notes=self.notes, packages=packages, python=sys.executable))
        python.chmod(0o755)
        self.env = {**os.environ, "RUNNER_TEMP": str(self.temp), "PATH": f"{tools}:{os.environ['PATH']}"}

    def setup(self, root: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
        script = root / "actions" / "_setup" / "setup.sh"
        return subprocess.run(["bash", str(script)], capture_output=True, text=True, env={**self.env, **env})

    def asked(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def checkout(folder: Path, prerequisites: str = "exit 0") -> Path:
    """Make a stand-in for another checkout of this repository."""
    shutil.copytree(ROOT / "actions" / "_setup", folder / "actions" / "_setup")
    (folder / ".ci").mkdir()
    script = folder / ".ci" / "prerequisites.sh"
    script.write_text(f"#!/bin/sh\n{prerequisites}\n")
    script.chmod(0o755)
    return folder


def test_requirements_are_installed_by_hash_as_wheels_into_the_jobs_own_folder(job: Job) -> None:
    done = job.setup()
    assert done.returncode == 0, done.stderr
    (asked,) = job.asked()
    for word in ("-I -m pip install", "--require-hashes", "--only-binary :all:", "--no-deps", "actions/_setup/requirements.txt"):
        assert word in asked
    assert Path(done.stdout.strip()).parent.parent == job.temp


def test_command_runs_from_the_checkout(job: Job) -> None:
    folder = job.setup().stdout.strip()
    done = subprocess.run([f"{folder}/pipeline-guard", "--version"], capture_output=True, text=True, env=job.env)
    assert (done.stdout, done.stderr) == (f"pipeline-guard {__version__}\n", "")


def test_second_call_finds_what_the_first_made(job: Job) -> None:
    assert job.setup().stdout == job.setup().stdout
    assert len(job.asked()) == 1
    assert [path.name[:19] for path in job.temp.iterdir()] == ["pipeline-guard-env-"]


def test_another_checkout_has_an_environment_of_its_own(job: Job, tmp_path: Path) -> None:
    other = checkout(tmp_path / "other")
    assert job.setup().stdout != job.setup(other).stdout


def test_modules_of_the_repository_under_test_and_python_variables_are_not_imported(job: Job, tmp_path: Path) -> None:
    folder = job.setup().stdout.strip()
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    for name in ("yaml", "argparse", "pipeline_guard", "json", "sitecustomize", "usercustomize"):
        (hostile / f"{name}.py").write_text("raise SystemExit('owned')\n")
    env = {**job.env, "PYTHONPATH": str(hostile), "PYTHONSTARTUP": str(hostile / "json.py"), "PYTHONHOME": ""}
    done = subprocess.run([f"{folder}/pipeline-guard", "--help"], cwd=hostile, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: pipeline-guard")


def test_folders_with_spaces_and_quotes_work(tmp_path: Path) -> None:
    folder = tmp_path / "a b'c$d"
    folder.mkdir()
    odd = Job(folder)
    done = odd.setup()
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([f"{done.stdout.strip()}/pipeline-guard", "--version"], capture_output=True, text=True, env=odd.env)
    assert ran.stdout == f"pipeline-guard {__version__}\n"


def test_failed_installation_leaves_nothing_that_a_second_call_would_take_for_done(job: Job) -> None:
    done = job.setup(PIP_FAILS="1")
    assert done.returncode == 2
    assert "pipeline-guard: error: cannot install the locked requirements" in done.stderr
    assert list(job.temp.iterdir()) == []
    assert job.setup().returncode == 0


def test_job_without_a_folder_of_its_own_is_refused(job: Job) -> None:
    done = job.setup(RUNNER_TEMP="")
    assert done.returncode == 2
    assert "RUNNER_TEMP names no folder" in done.stderr


def test_softhsm_is_asked_for_only_when_wanted(job: Job, tmp_path: Path) -> None:
    root = checkout(tmp_path / "other", f'echo "$@" >>"{tmp_path}/wanted"')
    assert job.setup(root).returncode == 0
    assert not (tmp_path / "wanted").exists()
    assert job.setup(root, HSM="true").returncode == 0
    assert (tmp_path / "wanted").read_text() == "softhsm\n"


def test_softhsm_that_cannot_be_had_ends_with_its_code(job: Job, tmp_path: Path) -> None:
    root = checkout(tmp_path / "other", "echo 'pipeline-guard: error: missing: softhsm2' >&2; exit 5")
    done = job.setup(root, HSM="true")
    assert (done.returncode, done.stdout) == (5, "")


def test_hsm_must_be_true_or_false(job: Job) -> None:
    done = job.setup(HSM="yes; rm -rf /")
    assert done.returncode == 2
    assert "hsm is neither true nor false" in done.stderr


def test_prerequisites_of_this_repository_know_softhsm() -> None:
    assert "softhsm)" in (ROOT / ".ci" / "prerequisites.sh").read_text()


def test_real_installation_from_the_package_index_works(tmp_path: Path) -> None:
    """The one run with the real pip: package installation, with the hashes of the lock."""
    candidates = [sys.executable, shutil.which("python3") or ""]
    has_pip = [
        path for path in candidates if path and subprocess.run([path, "-I", "-c", "import pip"], capture_output=True).returncode == 0
    ]
    assert has_pip, "no python3 with pip: on Debian, apt-get install python3-pip, or run the tests by make test"
    folder = Path(has_pip[0]).parent
    if not (folder / "python3").exists():
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "python3").symlink_to(has_pip[0])
    env = {**os.environ, "RUNNER_TEMP": str(tmp_path), "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", str(ROOT / "actions/_setup/setup.sh")], capture_output=True, text=True, env=env, timeout=300)
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([f"{done.stdout.strip()}/pipeline-guard", "--help"], capture_output=True, text=True, env=env)
    assert ran.stdout.startswith("usage: pipeline-guard")
    wheels = Path(done.stdout.strip()).parent / "wheels"
    assert {"yaml", "msgspec", "cryptography"} <= {path.name for path in wheels.iterdir()}
