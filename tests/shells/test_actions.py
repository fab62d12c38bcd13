# SPDX-License-Identifier: Apache-2.0
"""The actions for real: set up from the package index by the locks, run on good and bad repositories by a runner of our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.conftest import Outcome, Repository
from tests.fakes.forge_server import serving
from tests.fakes.github import GitHub, Identity
from tests.shells.reading import ROOT
from tests.shells.runner import Runner
from tests.shells.test_setup import pip_python

ACTIONS = ROOT / "actions"
VALUE = "correct-horse-" + "battery-staple-42"
UNSAFE = """on: pull_request
permissions: write-all
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: some/action@main
      - run: echo "${{ github.event.pull_request.title }}"
"""
FORK = {"pull_request": {"head": {"repo": {"full_name": "stranger/app"}}, "base": {"repo": {"full_name": "acme/app"}}}}

MakeRunner = Callable[[], Runner]


def key() -> str:
    """Make a private key, used nowhere."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def tool_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of this machine: the first set-up of each kind brings them from the package index."""
    return tmp_path_factory.mktemp("tool-cache")


@pytest.fixture
def job(tmp_path: Path, repository: Repository, tool_cache: Path) -> Runner:
    repository.commit(files={"README.md": "# app\n", ".pipeline-guard.yml": "version: 1\n"})
    temp = tmp_path / "runner"
    (temp / "bin").mkdir(parents=True)
    python = temp / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nexec "{pip_python()}" "$@"\n')
    python.chmod(0o755)
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/app",
        "GITHUB_RUN_ID": "7",
        "GITHUB_JOB": "guard",
        "RUNNER_TEMP": str(temp),
        "RUNNER_TOOL_CACHE": str(tool_cache),
        "PATH": f"{temp / 'bin'}:{os.environ['PATH']}",
    }
    runner = Runner(temp, repository.path, environ)
    runner.event("workflow_dispatch", {})
    return runner


def change(repository: Repository, **files: str) -> dict[str, object]:
    """Commit a change; return the event of its pull request."""
    base = repository.git("rev-parse", "HEAD")
    head = repository.commit(files={name.replace("__", "/"): text for name, text in files.items()})
    repo = {"full_name": "acme/app"}
    return {
        "number": 5,
        "pull_request": {"number": 5, "head": {"sha": head, "repo": repo}, "base": {"sha": base, "ref": "main", "repo": repo}},
    }


def test_scan_of_a_clean_repository_is_green_and_writes_its_results(job: Runner) -> None:
    done = job.uses(ACTIONS / "scan")
    assert done.code == 0, done.log
    assert done.outputs["exit-code"] == "0"
    assert json.loads(Path(done.outputs["json"]).read_text())["findings"] == []
    assert json.loads(Path(done.outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert done.summary.startswith("## pipeline-guard scan")
    assert done.of("error") == []
    assert done.of("group") == ["pipeline-guard scan"]


def test_scan_of_planted_keys_is_red_and_shows_the_worst_ten_and_how_many_more(job: Runner, repository: Repository) -> None:
    repository.commit(files={f"keys/{number}.pem": key() for number in range(13)})
    done = job.uses(ACTIONS / "scan")
    assert (done.code, done.outputs["exit-code"]) == (1, "1")
    errors = [properties for name, properties, _ in done.commands if name == "error"]
    assert len(errors) == 10
    assert all("file=keys/" in properties and "line=1" in properties for properties in errors)
    assert "3 more of level error" in done.log
    assert len(json.loads(Path(done.outputs["json"]).read_text())["findings"]) == 13
    for shown in (done.log, done.summary, Path(done.outputs["sarif"]).read_text()):
        assert "MIGHAgEA" not in shown


def test_name_of_a_file_cannot_give_the_runner_commands(job: Runner, repository: Repository) -> None:
    repository.commit(files={"a\n::set-output name=x::y\n::error::forged": key(), "::add-mask::e": key()})
    done = job.uses(ACTIONS / "scan")
    assert done.code == 1
    assert {name for name, _, _ in done.commands} <= {"group", "endgroup", "error", "notice", "warning"}
    assert "forged" not in done.of("error")
    assert job.masks == []


def test_inputs_are_text_and_never_code(job: Runner, tmp_path: Path) -> None:
    evil = f'$(touch {tmp_path}/owned)"; touch {tmp_path}/owned; echo "'
    done = job.uses(ACTIONS / "scan", paths=evil, rules=evil)
    assert done.code not in (0, 1)
    assert not (tmp_path / "owned").exists()
    assert any("log of this step" in message for message in done.of("error"))


def test_several_paths_come_one_a_line(job: Runner, repository: Repository) -> None:
    repository.commit(files={"good/a.txt": "hello\n", "bad/key.pem": key(), "also good/b.txt": "hello\n"})
    assert job.uses(ACTIONS / "scan", paths="good\nalso good").code == 0
    assert job.uses(ACTIONS / "scan", paths="good\nbad").code == 1


def test_scan_that_sees_nothing_is_not_green(job: Runner, repository: Repository) -> None:
    (repository.path / "empty").mkdir()
    done = job.uses(ACTIONS / "scan", paths="empty")
    assert done.code == 3
    assert "never green by accident" in done.of("error")[0]


def test_scan_looks_at_the_commits_of_the_event(job: Runner, repository: Repository) -> None:
    job.event("pull_request", change(repository, key__pem=key()))
    assert job.uses(ACTIONS / "scan", range="auto").code == 1
    job.event("pull_request", change(repository, clean__txt="hello\n"))
    assert job.uses(ACTIONS / "scan", range="auto").code == 0


def test_gate_blocks_an_unsafe_workflow_by_the_policy_of_the_merge_target(job: Runner, repository: Repository) -> None:
    waiver = "version: 1\ngate: {waive: [{check: action-unpinned, reason: because, until: 2999-01-01}]}\n"
    event = change(repository, **{".github__workflows__build.yml": UNSAFE, ".pipeline-guard.yml": waiver})
    job.event("pull_request", event)
    done = job.uses(ACTIONS / "gate")
    assert done.code == 1, done.log
    verdict = json.loads(Path(done.outputs["json"]).read_text())
    assert verdict["verdict"] == "block"
    assert "waived" not in {check["status"] for check in verdict["checks"]}
    assert any("file=.github/workflows/build.yml" in properties for _, properties, _ in done.commands)
    assert "the merge target is" in done.log
    assert done.summary.startswith("## pipeline-guard gate")


@pytest.mark.parametrize(
    ("files", "code", "shown"), [({"docs__page__md": "# page\n"}, 0, "success"), ({"requirements__txt": "flask\n"}, 1, "failure")]
)
def test_gate_publishes_its_verdict_for_the_commit_it_checked(
    job: Runner, repository: Repository, files: dict[str, str], code: int, shown: str
) -> None:
    token = "ghs_" + "of-the-job"
    event = change(repository, **{name.replace("__txt", ".txt").replace("__md", ".md"): text for name, text in files.items()})
    head, base = (event["pull_request"][side]["sha"] for side in ("head", "base"))  # type: ignore[index]
    hub = GitHub(required=[("pipeline-guard", 99)])
    hub.tokens[token] = Identity("gate[bot]", {"statuses", "checks", "pull-requests", "security-events", "contents"}, 99)
    hub.commits |= {head, base}
    hub.pulls[5] = {"head": head, "base": base}
    with serving(hub) as served:
        job.event("pull_request", event)
        job.environ |= {
            "GITHUB_API_URL": served.url,
            "GITHUB_REPOSITORY_ID": "42",
            "GITHUB_SHA": head,
            "GITHUB_REF": "refs/pull/5/head",
            "OF_THE_JOB": token,
        }
        done = job.uses(ACTIONS / "gate", publish="true", forge_token="env:OF_THE_JOB")
        assert served.broken == []
    assert (done.code, done.outputs["exit-code"]) == (code, str(code)), done.log
    (run,) = hub.runs
    assert (run["head_sha"], run["conclusion"]) == (head, shown)
    assert token not in done.log + done.summary


def test_gate_that_cannot_publish_is_no_success(job: Runner, repository: Repository) -> None:
    job.event("pull_request", change(repository, **{"page.md": "# page\n"}))
    job.environ |= {"GITHUB_SHA": repository.git("rev-parse", "HEAD"), "GITHUB_REF": "refs/pull/5/head"}
    done = job.uses(ACTIONS / "gate", publish="true", forge_token="env:NO_SUCH_TOKEN")
    assert done.code not in (0, 1), done.log
    assert "NO_SUCH_TOKEN" in done.log


def test_gate_of_a_harmless_change_is_green_in_a_fork_too(job: Runner, repository: Repository) -> None:
    event = change(repository, docs__page__md="# page\n")
    event["pull_request"]["head"]["repo"]["full_name"] = "stranger/app"  # type: ignore[index]
    job.event("pull_request", event)
    done = job.uses(ACTIONS / "gate")
    assert done.code == 0, done.log


def test_gate_after_a_merge_looks_at_the_whole_tree(job: Runner, repository: Repository) -> None:
    repository.commit(files={".github/workflows/build.yml": UNSAFE})
    job.event("push", {})
    done = job.uses(ACTIONS / "gate")
    assert done.code == 1
    assert "looking at the whole work tree" in done.log


def test_what_was_signed_verifies_and_what_was_changed_since_does_not(
    job: Runner, repository: Repository, guard: Callable[..., Outcome]
) -> None:
    repository.commit(files={"app.txt": "an app\n"})
    assert guard("keys", "create", "release", cwd=repository.path).code == 0
    signed = job.uses(ACTIONS / "sign", subjects="app.txt", key="release")
    assert signed.code == 0, signed.log
    guard("keys", "export-public", "release", "--output", "release.pem", cwd=repository.path)
    assert job.uses(ACTIONS / "verify", subjects="app.txt", key="release.pem").code == 0
    repository.write("app.txt", "another app\n")
    refused = job.uses(ACTIONS / "verify", subjects="app.txt", key="release.pem")
    assert (refused.code, refused.outputs["exit-code"]) == (1, "1")
    assert refused.of("error") == ["it does not verify; the log of this step says more"]


def test_injected_secret_reaches_later_steps_masked_and_is_gone_at_the_jobs_end(
    job: Runner, repository: Repository, guard: Callable[..., Outcome]
) -> None:
    repository.write(".pipeline-guard.yml", "version: 1\nsecrets:\n  DEPLOY_KEY: {from: deploy, ttl: 5m}\n")
    assert guard("secrets", "put", "deploy", stdin=VALUE, cwd=repository.path).code == 0
    done = job.uses(ACTIONS / "inject")
    assert (done.code, done.outputs["exit-code"]) == (0, "0"), done.log
    used = job.run('test -s "$DEPLOY_KEY_FILE" && cat "$DEPLOY_KEY_FILE"')
    assert used.code == 0
    assert VALUE not in done.log + used.log
    assert "***" in used.log
    place = Path(job.environ["DEPLOY_KEY_FILE"])
    (post,) = job.finish()
    assert post.code == 0, post.log
    assert not place.exists()
    again = job.uses(ACTIONS / "inject")
    assert again.code == 0


def test_secret_that_is_not_there_fails_and_the_post_step_still_cleans_up(job: Runner, repository: Repository) -> None:
    repository.write(".pipeline-guard.yml", "version: 1\nsecrets:\n  DEPLOY_KEY: {from: nowhere, ttl: 5m}\n")
    done = job.uses(ACTIONS / "inject")
    assert done.code not in (0, 1, 70)
    assert len(done.of("error")) == 1
    (post,) = job.finish()
    assert post.code == 0


@pytest.mark.parametrize("name", ["sign", "inject"])
def test_job_of_a_fork_is_told_that_it_has_no_identity_by_design(job: Runner, repository: Repository, name: str) -> None:
    job.event("pull_request", FORK)
    inputs = {"subjects": "README.md", "key": "release"} if name == "sign" else {}
    refused = job.uses(ACTIONS / name, **inputs)
    assert refused.code == 4
    assert "fork pull request: no job identity, so this step is refused by design" in refused.log
    skipped = job.uses(ACTIONS / name, fork="skip", **inputs)
    assert skipped.code == 0
    assert "fork pull request: no job identity; skipped by design" in skipped.log
    assert not list(repository.path.glob("*.sigstore.json"))


def test_set_up_puts_the_command_on_the_path(job: Runner) -> None:
    assert job.uses(ACTIONS / "_setup").code == 0
    done = job.run("pipeline-guard --version")
    assert (done.code, done.log[:14]) == (0, "pipeline-guard")


def test_action_at_the_root_does_what_its_verb_says(job: Runner, repository: Repository, guard: Callable[..., Outcome]) -> None:
    clean = job.uses(ROOT, verb="scan")
    assert clean.code == 0, clean.log
    assert clean.summary.startswith("## pipeline-guard scan")
    assert Path(clean.outputs["sarif"]).is_file()
    assert job.uses(ROOT, verb="gate").code == 0
    repository.write("key.pem", key())
    assert job.uses(ROOT, verb="scan", paths="key.pem").code == 1
    repository.write(".pipeline-guard.yml", "version: 1\nsecrets:\n  DEPLOY_KEY: {from: deploy, ttl: 5m}\n")
    assert guard("secrets", "put", "deploy", stdin=VALUE, cwd=repository.path).code == 0
    assert job.uses(ROOT, verb="inject", target="env").code == 0
    assert job.environ["DEPLOY_KEY"] == VALUE
    assert [post.code for post in job.finish()] == [0] * 4
    leases = guard("audit", "list", cwd=repository.path).out
    assert "revoke" in leases


@pytest.mark.parametrize("verb", ["", "keys", "scan; touch owned", "--help"])
def test_action_at_the_root_refuses_any_other_verb(job: Runner, repository: Repository, verb: str) -> None:
    done = job.uses(ROOT, verb=verb)
    assert done.code == 2
    assert done.of("error") == ["verb must be scan, gate, sign, verify or inject"]
    assert not (repository.path / "owned").exists()
    assert [post.code for post in job.finish()] == [0]


def test_cancelled_step_lets_the_log_speak_again(job: Runner, tmp_path: Path) -> None:
    """The runner sends SIGINT, later SIGTERM: what is stopped must be allowed again, or later commands are lost."""
    actions = tmp_path / "actions"
    shutil.copytree(ACTIONS / "_setup", actions / "_setup")
    (actions / "_setup" / "setup.sh").write_text("kill -TERM $PPID; sleep 1\n")
    environ = {**os.environ, **job.environ}
    done = subprocess.run(["bash", str(actions / "_setup" / "run.sh"), "scan"], env=environ, capture_output=True, text=True)
    assert done.returncode != 0
    lines = done.stdout.splitlines()
    (stopped,) = [line.removeprefix("::stop-commands::") for line in lines if line.startswith("::stop-commands::")]
    assert f"::{stopped}::" in lines
    assert len(stopped) == 32
