# SPDX-License-Identifier: Apache-2.0
"""The rows of docs/dry-run.md's table on gitlab-ci-local, from runs: where that tool learns something, the page is to be mended.

The rows on act are in test_act.py. No row without a run: ROWS names for each what ran it, ours first.
"""

from __future__ import annotations

import re

from tests.shells.outside.conftest import Gitlab
from tests.shells.reading import ROOT

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

OURS, ACT, PREVIEW, FORGE = (
    "tests/flows/test_rehearse.py",
    "tests/shells/outside/test_act.py",
    "tests/shells/outside/test_gitlab_preview.py",
    "tests/shells/outside/test_gitlab.py",
)
HERE, NEW, COMMAND = "tests/shells/outside/test_table.py", "tests/flows/test_rehearse_newcomers.py", "tests/e2e/test_dry_run_command.py"
EXPRESSIONS = "tests/shells/outside/test_expressions.py"
# what a row says of a tool, by the test that ran it; rows without a claim of their own (which forge, what it needs) are not here
ROWS = {
    "our steps, through our own files": [
        (OURS, "test_inputs_conditions_and_outputs_are_evaluated"),
        (ACT, "test_verdict_is_that_of_act_which_runs_our_actions"),
        (FORGE, "test_scan_is_green_on_a_clean_project_and_red_on_a_planted_key"),
    ],
    "runs everybody's steps": [(HERE, "test_lines_of_everybody_are_run_without_a_network")],
    "works without network": [
        (ACT, "test_scripts_behind_files_are_run_and_actions_of_others_need_the_network"),
        (HERE, "test_lines_of_everybody_are_run_without_a_network"),
    ],
    "writes nothing": [
        (COMMAND, "test_nothing_is_written_whatever_the_steps_would_write"),
        (ACT, "test_copies_of_the_work_tree_stay_in_its_cache"),
        (HERE, "test_input_that_is_none_is_accepted_and_the_project_is_written_to"),
    ],
    "signed job identity": [
        (OURS, "test_policy_decides_on_a_locally_signed_identity"),
        (ACT, "test_job_has_no_identity_and_permissions_change_nothing"),
        (HERE, "test_identity_masks_time_outs_and_retries_are_not_there"),
    ],
    "says which secret a job would get, and why": [
        (OURS, "test_policy_decides_on_a_locally_signed_identity"),
        (ACT, "test_fork_gets_every_secret_that_act_was_given"),
        (HERE, "test_secrets_are_empty_and_a_forks_merge_request_is_as_any_other"),
    ],
    "masks": [
        (OURS, "test_inject_runs_main_and_post_and_its_values_are_masked"),
        (ACT, "test_summary_masks_and_annotations_are_lines_of_its_log"),
        (HERE, "test_identity_masks_time_outs_and_retries_are_not_there"),
    ],
    "job summary, annotations": [(ACT, "test_summary_masks_and_annotations_are_lines_of_its_log")],
    "pull request of a fork": [
        (NEW, "test_plan_is_what_the_forge_would_do"),
        (ACT, "test_fork_gets_every_secret_that_act_was_given"),
        (HERE, "test_secrets_are_empty_and_a_forks_merge_request_is_as_any_other"),
    ],
    "post steps": [
        (OURS, "test_inject_runs_main_and_post_and_its_values_are_masked"),
        (ACT, "test_launcher_s_main_and_post_are_run"),
        (HERE, "test_lines_of_everybody_are_run_without_a_network"),
    ],
    "expressions": [(EXPRESSIONS, "test_fresh_expressions_are_answered_alike")],
    "`include`, `extends`, `!reference`, inputs": [(PREVIEW, "test_configuration_is_put_together_alike")],
    "composite actions, reusable workflows, child pipelines of the repository": [
        (NEW, "test_plan_is_what_the_forge_would_do"),
        (ACT, "test_reusable_workflow_and_outputs_of_jobs_are_followed"),
        (HERE, "test_job_that_calls_a_child_pipeline_is_not_followed"),
    ],
    "filters of an event (`branches`)": [
        (OURS, "test_event_chooses_the_workflows"),
        (ACT, "test_branches_of_an_event_and_services_are_not_looked_at_and_an_input_that_is_none_is_not_told"),
    ],
    "a condition on what only the forge knows": [
        (NEW, "test_plan_is_what_the_forge_would_do"),
        (ACT, "test_condition_on_a_variable_of_the_repository_is_silently_false"),
        (HERE, "test_variable_of_the_project_is_empty_unless_it_is_given"),
    ],
    "our steps behind a script file, `make`, npm, pre-commit": [
        (NEW, "test_plan_is_what_the_forge_would_do"),
        (ACT, "test_scripts_behind_files_are_run_and_actions_of_others_need_the_network"),
        (HERE, "test_lines_of_everybody_are_run_without_a_network"),
    ],
    "an unknown input": [
        (OURS, "test_input_that_is_none_is_a_warning"),
        (ACT, "test_branches_of_an_event_and_services_are_not_looked_at_and_an_input_that_is_none_is_not_told"),
        (HERE, "test_input_that_is_none_is_accepted_and_the_project_is_written_to"),
    ],
    "a key that does not exist": [
        (NEW, "test_what_the_forge_refuses_is_refused"),
        (ACT, "test_key_that_does_not_exist_is_refused"),
        (HERE, "test_key_that_does_not_exist_is_refused_or_not"),
    ],
    "`rules` with an empty or missing variable": [(PREVIEW, "test_gitlab_ci_local_is_wrong_about_empty_and_missing_texts")],
    "stages, `when: on_failure`": [
        (NEW, "test_plan_is_what_the_forge_would_do"),
        (HERE, "test_stages_are_in_order_and_a_failure_that_is_allowed_by_its_code_is_allowed_with_any"),
    ],
    "`allow_failure: exit_codes`": [
        (NEW, "test_plan_is_what_the_forge_would_do"),
        (HERE, "test_stages_are_in_order_and_a_failure_that_is_allowed_by_its_code_is_allowed_with_any"),
    ],
    "time limits": [
        (ACT, "test_time_limit_below_a_minute_is_not_kept"),
        (HERE, "test_identity_masks_time_outs_and_retries_are_not_there"),
    ],
    "retries": [(HERE, "test_identity_masks_time_outs_and_retries_are_not_there")],
    "services": [
        (ACT, "test_branches_of_an_event_and_services_are_not_looked_at_and_an_input_that_is_none_is_not_told"),
        (HERE, "test_artifacts_reach_later_jobs_and_services_need_a_container"),
    ],
    "artifacts between jobs": [(HERE, "test_artifacts_reach_later_jobs_and_services_need_a_container")],
    "JSON": [(ACT, "test_log_is_json_and_there_is_no_plan"), (HERE, "test_list_of_jobs_is_json")],
}


def test_every_row_of_the_page_names_the_tests_that_ran_it() -> None:
    table = (ROOT / "docs" / "dry-run.md").read_text().split("## Beside other local tools")[1]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert [row for row in rows if row not in ("", "---", "forges", "needs")] == list(ROWS)
    for row, tests in ROWS.items():
        for file, name in tests:
            assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), (row, file, name)


def test_key_that_does_not_exist_is_refused_or_not(gitlab: Gitlab) -> None:
    gitlab.app.write(".gitlab-ci.yml", "x: {scripts: ['true']}\n")
    assert gitlab.run("--list").returncode == 1


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


def test_lines_of_everybody_are_run_without_a_network(gitlab: Gitlab) -> None:
    gitlab.app.write("ci.sh", "echo from a file\n")
    gitlab.app.write(".gitlab-ci.yml", "behind: {script: ['sh ci.sh'], after_script: ['echo ended $CI_JOB_STATUS']}\n")
    done = gitlab.run("behind", HTTPS_PROXY="http://127.0.0.1:9")
    assert "from a file" in done.stdout
    assert "ended success" in done.stdout


def test_variable_of_the_project_is_empty_unless_it_is_given(gitlab: Gitlab) -> None:
    gitlab.app.write(".gitlab-ci.yml", "guard: {rules: [{if: '$RUN_GUARD == \"yes\"'}], script: ['false']}\nother: {script: ['true']}\n")
    silent = gitlab.run()
    assert (silent.returncode, "RUN_GUARD" in silent.stdout + silent.stderr) == (0, False)
    assert gitlab.run(RUN_GUARD="yes").returncode == 1


def test_secrets_are_empty_and_a_forks_merge_request_is_as_any_other(gitlab: Gitlab) -> None:
    gitlab.app.write(
        ".gitlab-ci.yml",
        "x:\n  secrets: {S: {vault: a/b@c, file: false}}\n  script: ['echo \"secret is [$S]\"', 'echo \"own is [$OWN]\"']\n",
    )
    fork = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "mallory/app"}
    done = gitlab.run("x", OWN="given", **fork)
    assert ("secret is []" in done.stdout, "own is [given]" in done.stdout) == (True, True)


def test_stages_are_in_order_and_a_failure_that_is_allowed_by_its_code_is_allowed_with_any(gitlab: Gitlab) -> None:
    gitlab.app.write(
        ".gitlab-ci.yml",
        "stages: [one, two]\nlate: {stage: two, script: ['echo late']}\n"
        "soft: {stage: one, allow_failure: {exit_codes: [3]}, script: ['exit 3']}\nmend: {stage: two, when: on_failure, script: ['echo mending']}\n",
    )
    done = gitlab.run()
    assert (done.returncode, "late" in done.stdout, "mending" in done.stdout) == (0, True, False)
    gitlab.app.write(".gitlab-ci.yml", "soft: {allow_failure: {exit_codes: [3]}, script: ['exit 4']}\n")
    assert gitlab.run().returncode == 0  # GitLab: the pipeline fails
    gitlab.app.write(".gitlab-ci.yml", "hard: {script: ['exit 4']}\n")
    assert gitlab.run().returncode == 1


def test_artifacts_reach_later_jobs_and_services_need_a_container(gitlab: Gitlab) -> None:
    gitlab.app.write(
        ".gitlab-ci.yml",
        "make: {stage: build, script: ['echo made >made.txt'], artifacts: {paths: [made.txt]}}\nuse: {stage: test, script: ['cat made.txt']}\n",
    )
    done = gitlab.run()
    assert (done.returncode, "made" in done.stdout) == (0, True)
    gitlab.app.write(".gitlab-ci.yml", "use: {image: 'debian:13', services: ['postgres:18'], script: ['true']}\n")
    assert gitlab.run("use", PATH="/usr/bin:/bin", DOCKER_HOST="tcp://127.0.0.1:9").returncode != 0


def test_list_of_jobs_is_json(gitlab: Gitlab) -> None:
    gitlab.app.write(".gitlab-ci.yml", "a: {script: ['true']}\n")
    assert '"name":"a"' in gitlab.run("--list-json").stdout.replace(" ", "")


def test_job_that_calls_a_child_pipeline_is_not_followed(gitlab: Gitlab) -> None:
    gitlab.app.write(".gitlab-ci.yml", "child: {trigger: {include: ci/child.yml, strategy: depend}}\n")
    gitlab.app.write("ci/child.yml", "inner: {script: ['echo ran >ran.txt']}\n")
    gitlab.run("child")
    assert not (gitlab.app.path / "ran.txt").exists()
