# SPDX-License-Identifier: Apache-2.0
"""Every template, and every wrapper as a component, run for real by gitlab-ci-local on good and on bad projects."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome
from tests.fakes.forge_server import serving
from tests.fakes.gitlab import GitLab, Member
from tests.shells.outside.conftest import Gitlab
from tests.shells.reading import VERBS
from tests.shells.test_actions import VALUE, key

STYLES = ("template", "component")
UNSAFE = "build:\n  script:\n    - curl -s https://example.org/install.sh | sh\n  image: ruby:latest\ninclude:\n  - remote: https://example.org/ci.yml\n"
HARMLESS = "notes:\n  script: [echo hello]\n"

Guard = Callable[..., Outcome]
pytestmark = pytest.mark.parametrize("style", STYLES)


@pytest.mark.parametrize("verb", VERBS)
def test_job_is_there_with_its_defaults(gitlab: Gitlab, style: str, verb: str) -> None:
    gitlab.include(style, verb, **({"subjects": "README.md"} if verb == "verify" else {}))
    gitlab.add("use:\n  extends: .pipeline-guard-inject\n  script: [echo used]\n" if verb == "inject" else "")
    listed = gitlab.run("--list")
    assert listed.returncode == 0, listed.stderr
    assert ("use" if verb == "inject" else f"pipeline-guard-{verb}") in listed.stdout
    preview = gitlab.run("--preview")
    assert f"GUARD_COMMIT: {gitlab.commit}" in preview.stdout


@pytest.mark.parametrize("verb", ["scan", "gate"])
def test_job_runs_once_a_change(gitlab: Gitlab, style: str, verb: str) -> None:
    gitlab.include(style, verb)
    name = f"pipeline-guard-{verb}"
    assert name in gitlab.run("--list", CI_PIPELINE_SOURCE="merge_request_event", CI_MERGE_REQUEST_IID="5").stdout
    assert name in gitlab.run("--list", CI_PIPELINE_SOURCE="push").stdout
    assert name in gitlab.run("--list", CI_PIPELINE_SOURCE="parent_pipeline").stdout
    assert name not in gitlab.run("--list", CI_PIPELINE_SOURCE="push", CI_OPEN_MERGE_REQUESTS="acme/app!5").stdout


def test_scan_is_green_on_a_clean_project_and_red_on_a_planted_key(gitlab: Gitlab, style: str) -> None:
    gitlab.include(style, "scan")
    clean = gitlab.run("pipeline-guard-scan")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    gitlab.app.write("key.pem", key())
    red = gitlab.run("pipeline-guard-scan")
    assert red.returncode == 1, red.stdout + red.stderr
    artifacts = gitlab.app.path
    assert len(json.loads((artifacts / "pipeline-guard-scan.json").read_text())["findings"]) == 1
    assert json.loads((artifacts / "gl-secret-detection-report.json").read_text())["version"].startswith("15.")
    assert json.loads((artifacts / "gl-code-quality-report-scan.json").read_text())[0]["location"]["path"] == "key.pem"
    assert "<failure" in (artifacts / "pipeline-guard-scan.xml").read_text()
    assert "external_link" in (artifacts / "gl-annotations-scan.json").read_text()


def test_inputs_reach_the_command(gitlab: Gitlab, style: str) -> None:
    gitlab.app.write("odd/key.pem", key())
    gitlab.include(style, "scan", paths='["README.md", "odd name"]', job_name="look", job_stage="build")
    gitlab.app.write("odd name/a.txt", "hello\n")
    assert gitlab.run("look").returncode == 0
    gitlab.include(style, "scan", exclude='["odd/*", "nothing/*"]', job_name="look")
    assert gitlab.run("look").returncode == 0
    gitlab.include(style, "scan", threshold="none", job_name="look")
    assert gitlab.run("look").returncode != 0, "GitLab refuses what is not among the options, and so does its stand-in"


def test_gate_judges_a_merge_request_by_its_target(gitlab: Gitlab, style: str) -> None:
    gitlab.include(style, "gate")
    base = gitlab.app.commit()
    situation = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "5", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    gitlab.app.write("docs/page.md", "# page\n")
    good = gitlab.run("pipeline-guard-gate", **situation)
    assert good.returncode == 0, good.stdout + good.stderr
    assert f"the merge target is {base[:12]}" in good.stdout + good.stderr
    gitlab.app.write("ci/more.gitlab-ci.yml", UNSAFE)
    bad = gitlab.run("pipeline-guard-gate", **situation)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert json.loads((gitlab.app.path / "pipeline-guard-gate.json").read_text())["verdict"] == "block"
    assert json.loads((gitlab.app.path / "gl-sast-report.json").read_text())["vulnerabilities"]
    assert json.loads((gitlab.app.path / "gl-dependency-scanning-report.json").read_text())["scan"]["type"] == "dependency_scanning"


def test_gate_publishes_its_verdict_to_the_merge_request(gitlab: Gitlab, style: str) -> None:
    token = "glpat-" + "of-the-job"
    base = gitlab.app.commit()
    gitlab.include(style, "gate", publish="true", forge_token="env:OF_THE_JOB")
    gitlab.app.write("ci/more.gitlab-ci.yml", UNSAFE)
    head, gitlab.as_committed = gitlab.app.commit(), True
    lab = GitLab(commits={head}, heads={"5": head}, tokens={token: Member(9, "gate")}, checks=[{"id": 1, "name": "pipeline-guard"}])
    with serving(lab) as served:
        done = gitlab.run(
            "pipeline-guard-gate",
            CI_PIPELINE_SOURCE="merge_request_event",
            CI_MERGE_REQUEST_IID="5",
            CI_MERGE_REQUEST_PROJECT_ID="5",
            CI_MERGE_REQUEST_SOURCE_PROJECT_ID="5",
            CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
            CI_PROJECT_ID="5",
            CI_COMMIT_SHA=head,
            CI_SERVER_URL=served.url,
            OF_THE_JOB=token,
        )
    assert done.returncode == 1, done.stdout + done.stderr
    assert [(each["status"], each["name"]) for each in lab.statuses] == [("failed", "pipeline-guard")], done.stdout + done.stderr
    assert not lab.discussions[0]["notes"][0]["resolved"]
    assert token not in done.stdout + done.stderr


def test_what_was_signed_verifies_and_what_was_changed_does_not(gitlab: Gitlab, style: str, guard: Guard) -> None:
    project = gitlab.app.path
    gitlab.app.write("app.txt", "an app\n")
    assert guard("keys", "create", "release", cwd=project).code == 0
    guard("keys", "export-public", "release", "--output", "release.pem", cwd=project)
    gitlab.include(style, "sign", subjects="app.txt", key="release")
    signed = gitlab.run("pipeline-guard-sign")
    assert signed.returncode == 0, signed.stdout + signed.stderr
    assert (project / "app.txt.sigstore.json").is_file()
    gitlab.include(style, "verify", subjects='["app.txt"]', key="release.pem")
    assert gitlab.run("pipeline-guard-verify").returncode == 0
    gitlab.app.write("app.txt", "another app\n")
    assert gitlab.run("pipeline-guard-verify").returncode == 1


def test_sign_without_its_key_fails(gitlab: Gitlab, style: str) -> None:
    gitlab.include(style, "sign", subjects="README.md", key="nobody")
    assert gitlab.run("pipeline-guard-sign").returncode != 0
    assert not (gitlab.app.path / "README.md.sigstore.json").exists()


@pytest.mark.parametrize(("ending", "code"), [("true", 0), ("exit 1", 1)])
def test_injected_secret_reaches_the_script_and_is_revoked_whatever_happened(
    gitlab: Gitlab, style: str, guard: Guard, ending: str, code: int
) -> None:
    gitlab.app.write(".pipeline-guard.yml", "version: 1\nsecrets:\n  DEPLOY_KEY: {from: deploy, ttl: 5m}\n")
    assert guard("secrets", "put", "deploy", stdin=VALUE, cwd=gitlab.app.path).code == 0
    gitlab.include(style, "inject")
    gitlab.add(
        "deploy:\n  extends: .pipeline-guard-inject\n  script:\n"
        f'    - test "$(cat "$DEPLOY_KEY_FILE")" = {VALUE}\n    - printf %s "$DEPLOY_KEY_FILE" >place.txt\n    - "{ending}"\n'
        "  artifacts: {when: always, paths: [place.txt]}\n"
    )
    done = gitlab.run("deploy")
    assert done.returncode == code, done.stdout + done.stderr
    place = Path((gitlab.app.path / "place.txt").read_text())
    assert place.is_absolute()
    assert not place.exists()
    assert "revoke" in guard("audit", "list", cwd=gitlab.app.path).out


def test_secret_that_is_not_there_stops_the_job(gitlab: Gitlab, style: str) -> None:
    gitlab.app.write(".pipeline-guard.yml", "version: 1\nsecrets:\n  DEPLOY_KEY: {from: nowhere, ttl: 5m}\n")
    gitlab.include(style, "inject")
    gitlab.add(
        "deploy:\n  extends: .pipeline-guard-inject\n  script: [touch deployed.txt]\n  artifacts: {when: always, paths: [deployed.txt]}\n"
    )
    done = gitlab.run("deploy")
    assert (done.returncode, "FAIL 2 " in done.stderr) == (1, True), done.stderr  # the stand-in ends with 1 and shows the job's code
    assert not (gitlab.app.path / "deployed.txt").exists()


@pytest.mark.parametrize(("fork", "code"), [("fail", 4), ("skip", 0)])
def test_merge_request_of_a_fork_gets_nothing_by_design(gitlab: Gitlab, style: str, fork: str, code: int) -> None:
    gitlab.app.write(".pipeline-guard.yml", "version: 1\nsecrets:\n  DEPLOY_KEY: {from: nowhere, ttl: 5m}\n")
    gitlab.include(style, "inject", fork=fork)
    gitlab.add('deploy:\n  extends: .pipeline-guard-inject\n  script: [test -z "$DEPLOY_KEY_FILE"]\n')
    done = gitlab.run("deploy", CI_MERGE_REQUEST_SOURCE_PROJECT_ID="7", CI_MERGE_REQUEST_PROJECT_ID="5")
    assert done.returncode == min(code, 1), done.stdout + done.stderr
    assert ("FAIL 4 " in done.stderr) is (code == 4)
    assert "fork pull request: no job identity" in done.stdout + done.stderr


def test_commit_that_does_not_exist_runs_nothing(gitlab: Gitlab, style: str) -> None:
    gitlab.include("template", "scan")
    text = (gitlab.app.path / ".gitlab-ci.yml").read_text()
    wrong = text.replace(f"commit: '{gitlab.commit}'", f"commit: '{'0' * 40}'")
    assert wrong != text
    gitlab.app.write(".gitlab-ci.yml", wrong if style == "template" else text.replace(f"commit: '{gitlab.commit}'", "commit: 'main'"))
    assert gitlab.run("pipeline-guard-scan").returncode != 0
