# SPDX-License-Identifier: Apache-2.0
"""The rows of docs/dry-run.md's table on gitlab-ci-local, from runs: where that tool learns something, the page is to be mended."""

from __future__ import annotations

from tests.shells.outside.conftest import Gitlab

PIPELINE = """
token:
  id_tokens: {ID: {aud: guard}}
  script: ['echo "token is [$ID]"']
masked:
  variables: {VALUE: kept-out-of-logs}
  script: ['echo "::add-mask::$VALUE"', 'echo "value is $VALUE"']
again:
  retry: 2
  script: ['echo one >>"$TALLY"', 'false']
slow:
  timeout: 1 second
  script: ['sleep 2', 'echo still here']
"""


def test_identity_masks_time_outs_and_retries_are_not_there(gitlab: Gitlab) -> None:
    gitlab.app.write(".gitlab-ci.yml", PIPELINE)
    tally = gitlab.app.path.parent / "tally"
    assert "token is []" in gitlab.run("token").stdout
    assert "value is kept-out-of-logs" in gitlab.run("masked").stdout
    assert gitlab.run("again", TALLY=str(tally)).returncode == 1
    assert tally.read_text() == "one\n"
    slow = gitlab.run("slow")
    assert (slow.returncode, "still here" in slow.stdout) == (0, True)


def test_input_that_is_none_is_accepted_and_the_project_is_written_to(gitlab: Gitlab) -> None:
    gitlab.include("template", "scan", no_such_input="x")
    assert gitlab.run("--list").returncode == 0
    gitlab.app.write(".gitlab-ci.yml", PIPELINE)
    gitlab.run("token")
    assert (gitlab.app.path / ".gitlab-ci-local").is_dir()


def test_job_that_calls_a_child_pipeline_is_not_followed(gitlab: Gitlab) -> None:
    gitlab.app.write(".gitlab-ci.yml", "child: {trigger: {include: ci/child.yml, strategy: depend}}\n")
    gitlab.app.write("ci/child.yml", "inner: {script: ['echo ran >ran.txt']}\n")
    gitlab.run("child")
    assert not (gitlab.app.path / "ran.txt").exists()
