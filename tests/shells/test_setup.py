# SPDX-License-Identifier: Apache-2.0
"""The set-up: what it demands, what it makes, whom it believes, what it never imports."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline_guard import __version__
from tests.shells.reading import ROOT

LOCKS = ("requirements", "requirements-gate", "requirements-hsm")
UV = """#!/usr/bin/env bash
printf '%s\\n' "$*" >>"{notes}"
[ -z "${{UV_FAILS:-}}" ] || exit 1
while [ "$1" != --target ]; do shift; done
mkdir -p "$2" && touch "$2/by_uv.py"
"""


def pip_python() -> str:
    """Return an interpreter that has pip."""
    for path in (sys.executable, shutil.which("python3") or ""):
        if path and subprocess.run([path, "-I", "-c", "import pip"], capture_output=True).returncode == 0:
            return path
    raise AssertionError("no python3 with pip: on Debian, apt-get install python3-pip, or run the tests by make test")


class Job:
    """A job's world: a checkout with locks of tiny wheels of our own, a real pip that is offered them, no index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = self.checkout("checkout")
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        for lock in LOCKS:
            self.lock(lock, self.wheel(lock.replace("-", "_")))
        self.tools = folder / "tools"
        self.tool("python3", f'#!/bin/sh\nexec "{pip_python()}" "$@"\n')
        self.cache = folder / "cache"
        self.env = {
            **os.environ,
            "RUNNER_TOOL_CACHE": str(self.cache),
            "PATH": f"{self.tools}:/usr/bin:/bin",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }
        self.temp = self.next_job()

    def next_job(self) -> Path:
        number = len(list(self.folder.glob("temp-*")))
        self.temp = self.folder / f"temp-{number}"
        self.temp.mkdir()
        self.env["RUNNER_TEMP"] = str(self.temp)
        return self.temp

    def checkout(self, name: str) -> Path:
        root = self.folder / name
        shutil.copytree(ROOT / "actions" / "_setup", root / "actions" / "_setup")
        (root / "pipeline_guard").symlink_to(ROOT / "pipeline_guard")
        (root / ".ci").mkdir()
        script = root / ".ci" / "prerequisites.sh"
        script.write_text(f'#!/bin/sh\necho "$@" >>"{self.folder}/wanted"\n')
        script.chmod(0o755)
        return root

    def tool(self, name: str, text: str) -> None:
        self.tools.mkdir(exist_ok=True)
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def wheel(self, name: str, **more: str) -> Path:
        path = self.wheels / f"{name}-1.0-py3-none-any.whl"
        info = f"{name}-1.0.dist-info"
        members = {f"{name}.py": "", f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"}
        members |= {f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n", f"{info}/RECORD": ""}
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in (members | more).items():
                archive.writestr(member, text)
        return path

    def lock(self, lock: str, wheel: Path) -> None:
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        name = wheel.name.split("-")[0]
        (self.root / "actions" / "_setup" / f"{lock}.txt").write_text(f"{name}==1.0 \\\n    --hash=sha256:{digest}\n")

    def setup(self, *words: str, root: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        script = (root or self.root) / "actions" / "_setup" / "setup.sh"
        return subprocess.run(["bash", str(script), *words], capture_output=True, text=True, env={**self.env, **env})

    def installed(self, *words: str, **env: str) -> set[str]:
        done = self.setup(*words, **env)
        assert done.returncode == 0, done.stderr
        return {path.name for path in (Path(done.stdout.strip()).parent / "wheels").glob("*.py")}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_command_runs_from_the_checkout_and_lies_in_the_jobs_own_folder(job: Job) -> None:
    done = job.setup()
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.parent.parent == job.temp
    ran = subprocess.run([folder / "pipeline-guard", "--version"], capture_output=True, text=True, env=job.env)
    assert (ran.stdout, ran.stderr) == (f"pipeline-guard {__version__}\n", "")


@pytest.mark.parametrize(
    ("verb", "module"),
    [
        ("scan", "requirements.py"),
        ("gate", "requirements_gate.py"),
        ("verify", "requirements_gate.py"),
        ("sign", "requirements_hsm.py"),
        ("inject", "requirements_hsm.py"),
        ("revoke", "requirements_hsm.py"),
    ],
)
def test_verb_gets_what_it_needs_and_no_more(job: Job, verb: str, module: str) -> None:
    assert job.installed(verb) == {module}
    assert (job.folder / "wanted").exists() is (module == "requirements_hsm.py")


def test_gate_that_signs_its_verdict_gets_a_token(job: Job) -> None:
    assert job.installed("gate", PIPELINE_GUARD_SIGN_VERDICT="verdict.json") == {"requirements_hsm.py"}
    assert (job.folder / "wanted").read_text() == "softhsm\n"


def test_locks_of_lighter_verbs_are_part_of_the_heavier_ones() -> None:
    texts = [(ROOT / "actions" / "_setup" / f"{lock}.txt").read_text() for lock in LOCKS]
    scan, gate, hsm = ({line.split(" ")[0] for line in text.splitlines() if not line.startswith(" ")} for text in texts)
    assert scan < gate < hsm
    assert not {word.split("==")[0] for word in scan | gate} & {"sqlalchemy", "python-pkcs11", "alembic"}
    assert all("--hash=sha256:" in text and "http" not in text for text in texts)


def test_second_call_finds_what_the_first_made(job: Job) -> None:
    first = job.setup()
    assert job.setup(PIP_FIND_LINKS="").stdout == first.stdout
    assert [path.name[:19] for path in job.temp.iterdir()] == ["pipeline-guard-env-"]


def test_another_checkout_has_an_environment_of_its_own(job: Job) -> None:
    other = job.checkout("other")
    shutil.copytree(job.root / "actions", other / "actions", dirs_exist_ok=True)
    assert job.setup().stdout != job.setup(root=other).stdout


def test_next_job_takes_the_wheels_from_the_tool_cache(job: Job) -> None:
    job.setup("scan")
    job.next_job()
    assert job.installed("scan", PIP_FIND_LINKS="") == {"requirements.py"}


def test_wheel_that_somebody_changed_in_the_cache_is_not_believed(job: Job) -> None:
    job.setup("scan")
    (wheel,) = job.cache.glob("*/*.whl")
    good = wheel.read_bytes()
    wheel.write_bytes(job.wheel("requirements", **{"evil.py": "raise SystemExit('owned')"}).read_bytes())
    job.next_job()
    done = job.setup("scan", PIP_FIND_LINKS="")
    assert (done.returncode, done.stdout) == (5, "")
    (job.wheels / "requirements-1.0-py3-none-any.whl").write_bytes(good)
    assert job.installed("scan") == {"requirements.py"}
    assert wheel.read_bytes() == good


def test_cache_cannot_name_a_wheel_that_is_not_in_the_lock(job: Job) -> None:
    job.setup("scan")
    (listed,) = job.cache.glob("*/*.txt")
    evil = job.wheel("evil").read_bytes()
    digest = hashlib.sha256(evil).hexdigest()
    (listed.parent / f"{digest}.whl").write_bytes(evil)
    for text in (digest, "", f"{listed.read_text()} {digest}", "../../evil", "\xff"):
        listed.write_text(text, "latin-1")
        job.next_job()
        assert job.installed("scan") == {"requirements.py"}


def test_cache_that_cannot_be_written_to_is_told_and_costs_nothing_but_time(job: Job) -> None:
    job.cache.write_text("a file where the folder should be")
    done = job.setup("scan")
    assert done.returncode == 0
    assert "cannot keep the wheels" in done.stderr


@pytest.mark.parametrize("name", ["../evil.py", "a/../../evil.py", "/evil.py", "a\\..\\evil.py"])
def test_wheel_that_reaches_outside_is_refused(job: Job, name: str) -> None:
    job.lock("requirements", job.wheel("requirements", **{name: "raise SystemExit('owned')"}))
    done = job.setup("scan")
    assert (done.returncode, done.stdout) == (5, "")
    assert "outside of its folder" in done.stderr
    assert not list(job.folder.rglob("*evil*"))
    assert list(job.temp.iterdir()) == []


def test_modules_of_a_wheels_data_folder_are_modules_and_its_scripts_are_not(job: Job) -> None:
    more = {"x-1.0.data/purelib/inner.py": "", "x-1.0.data/platlib/outer.py": "", "x-1.0.data/scripts/command.py": ""}
    job.lock("requirements", job.wheel("requirements", **more))
    assert job.installed("scan") == {"requirements.py", "inner.py", "outer.py"}


def test_wheel_of_another_hash_than_the_locks_is_not_installed(job: Job) -> None:
    job.wheel("requirements", **{"evil.py": ""})
    done = job.setup("scan")
    assert (done.returncode, done.stdout) == (5, "")
    assert "pipeline-guard: error: cannot install the locked requirements" in done.stderr
    assert list(job.temp.iterdir()) == []


def test_uv_is_asked_first_without_a_cache_that_others_can_write_to(job: Job) -> None:
    notes = job.folder / "uv.txt"
    job.tool("uv", UV.format(notes=notes))
    assert job.installed("scan", PIP_INDEX_URL="https://mirror.example/simple") == {"by_uv.py"}
    for word in ("--no-cache", "--no-config", "--require-hashes", "--only-binary :all:", "--no-deps"):
        assert word in notes.read_text()


def test_pip_steps_in_where_uv_fails_and_nothing_of_uv_stays(job: Job) -> None:
    job.tool("uv", UV.format(notes=job.folder / "uv.txt"))
    assert job.installed("scan", UV_FAILS="1") == {"requirements.py"}
    assert (job.folder / "uv.txt").exists()


def test_two_steps_at_once_agree(job: Job) -> None:
    script = str(job.root / "actions" / "_setup" / "setup.sh")
    both = [subprocess.Popen(["bash", script, "scan"], stdout=subprocess.PIPE, text=True, env=job.env) for _ in range(2)]
    answers = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0] == answers[1] != ""


def test_modules_of_the_repository_under_test_and_python_variables_are_not_imported(job: Job, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    for name in ("yaml", "argparse", "pipeline_guard", "json", "zipfile", "pip", "sitecustomize", "usercustomize"):
        (hostile / f"{name}.py").write_text("raise SystemExit('owned')\n")
    env = {**job.env, "PYTHONPATH": str(hostile), "PYTHONSTARTUP": str(hostile / "json.py"), "PYTHONHOME": ""}
    script = str(job.root / "actions" / "_setup" / "setup.sh")
    made = subprocess.run(["bash", script], cwd=hostile, capture_output=True, text=True, env=env)
    assert made.returncode == 0, made.stderr
    done = subprocess.run([f"{made.stdout.strip()}/pipeline-guard", "--help"], cwd=hostile, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: pipeline-guard")


def test_folders_with_spaces_and_quotes_work(tmp_path: Path) -> None:
    folder = tmp_path / "a b'c$d"
    folder.mkdir()
    odd = Job(folder)
    done = odd.setup(PIP_FIND_LINKS=(folder / "wheels").as_uri())
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([f"{done.stdout.strip()}/pipeline-guard", "--version"], capture_output=True, text=True, env=odd.env)
    assert ran.stdout == f"pipeline-guard {__version__}\n"


def test_job_without_a_folder_of_its_own_is_refused(job: Job) -> None:
    done = job.setup(RUNNER_TEMP="")
    assert done.returncode == 2
    assert "RUNNER_TEMP names no folder" in done.stderr


def test_windows_is_refused_clearly(job: Job) -> None:
    done = job.setup(RUNNER_OS="Windows")
    assert done.returncode == 2
    assert "does not run on Windows runners" in done.stderr
    assert "hint: use ubuntu-24.04" in done.stderr


def test_newer_python_is_found_beside_one_that_is_too_old(job: Job) -> None:
    shutil.move(job.tools / "python3", job.tools / "python3.13")
    job.tool("python3", "#!/bin/sh\nexit 1\n")
    assert job.setup().returncode == 0


def test_job_without_a_python_that_is_new_enough_is_told(job: Job) -> None:
    for name in ("python3", *(f"python3.{minor}" for minor in range(11, 15))):
        job.tool(name, "#!/bin/sh\nexit 1\n")
    done = job.setup()
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in done.stderr


def test_softhsm_that_cannot_be_had_ends_with_its_code(job: Job) -> None:
    (job.root / ".ci" / "prerequisites.sh").write_text("#!/bin/sh\necho 'pipeline-guard: error: missing: softhsm2' >&2\nexit 5\n")
    done = job.setup(HSM="true")
    assert (done.returncode, done.stdout) == (5, "")


def test_hsm_must_be_true_or_false(job: Job) -> None:
    done = job.setup(HSM="yes; rm -rf /")
    assert done.returncode == 2
    assert "hsm is neither true nor false" in done.stderr


def test_prerequisites_of_this_repository_know_softhsm() -> None:
    assert "softhsm)" in (ROOT / ".ci" / "prerequisites.sh").read_text()
