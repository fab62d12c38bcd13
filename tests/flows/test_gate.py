# SPDX-License-Identifier: Apache-2.0
"""The gate through its flow: real git, real files, real signatures; a source in memory where only its values matter."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.files import LocalFiles
from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources.opening import open_source
from pipeline_guard.adapters.streams import LocalStreams
from pipeline_guard.adapters.terminal import SilentProgress
from pipeline_guard.adapters.tree import LocalTree
from pipeline_guard.errors import NothingToDo, UsageError
from pipeline_guard.flows import gate as flow
from pipeline_guard.flows.gate import GateDoors, gate
from pipeline_guard.flows.sign import SignRequest, sign
from pipeline_guard.flows.verify import KeyDoors
from pipeline_guard.model.gate_settings import ArtifactDemand, GateSettings
from pipeline_guard.model.key import KeyState
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Verdict
from tests.fakes.signing import SigningPlace, StandingClock
from tests.fakes.source import MemorySource
from tests.unit.gate.pickles import gadget, packed, tensor_state, torch_zip

SHA = "0123456789abcdef0123456789abcdef01234567"
WORKFLOW = "jobs:\n  a:\n    steps:\n      - uses: o/r@{}\n"
DEMAND = ArtifactDemand("dist/*", "keys/ci.pem")
PLAIN = GateSettings()
LOOKED_UP = {"malicious-package", "vulnerable-package", "package-altered", "package-unpublished", "package-withdrawn", "provenance-lost"}


def leading_out() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../x", b"")
    return stream.getvalue()


class Place:
    """A repository, a signing key, and the gate's doors to them."""

    def __init__(self, repository: Any) -> None:
        self.repository = repository
        self.signing = SigningPlace()
        self.doors = GateDoors(
            source=lambda selection: open_source(selection, str(repository.path), os.environ),
            git=lambda: GitRepository(str(repository.path)),
            files=LocalFiles(),
            tree=LocalTree(),
            keys=KeyDoors(lambda: self.signing.state, lambda: self.signing.token),
            clock=StandingClock(),
            progress=SilentProgress(),
        )
        repository.write("keys/ci.pem", self.signing.key.public_pem)

    def sign(self, name: str) -> None:
        sign(SignRequest((str(self.repository.path / name),), "", "signing", "", "user:ada"), doors=self.signing.sign_doors)

    def gate(self, settings: GateSettings = PLAIN, base: str = "") -> Verdict:
        return gate(settings, base, doors=self.doors)

    def artifacts(self, *demands: ArtifactDemand, base: str = "") -> list[Check]:
        return of(self.gate(GateSettings(artifacts=demands or (DEMAND,)), base), "artifact-unverified")


@pytest.fixture
def place(repository: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(repository.path)
    found = Place(repository)
    repository.commit("start")
    return found


def of(verdict: Verdict, identifier: str) -> list[Check]:
    return [check for check in verdict.checks if check.id == identifier]


def failed(verdict: Verdict) -> set[str]:
    return {check.id for check in verdict.checks if check.status is CheckStatus.FAIL}


def test_clean_tree_is_allowed(place: Place) -> None:
    place.repository.write(".github/workflows/ci.yml", WORKFLOW.format(SHA))
    place.repository.write("requirements.txt", f"a==1 --hash=sha256:{'a' * 64}\n")
    place.repository.write("model.pt", torch_zip(tensor_state()))
    verdict = place.gate()
    assert verdict.outcome is Outcome.ALLOW
    assert of(verdict, "pickle-unsafe")[0].why == "1 model file looked at"


def test_every_kind_of_failure_is_found_without_being_listed(place: Place) -> None:
    place.repository.write(".github/workflows/ci.yml", WORKFLOW.format("v4"))
    place.repository.write("actions/x/action.yml", "runs: {using: composite, steps: [{uses: o/r@v1}]}")
    place.repository.write(".gitlab-ci.yml", "include: {project: g/p, file: x.yml}")
    place.repository.write("Dockerfile", "FROM a:1\n")
    place.repository.write("requirements.txt", f"--extra-index-url http://h.example\na\nb==1 --hash=md5:{'a' * 32}\n")
    place.repository.write("docs/picture.png", torch_zip(gadget()))
    place.repository.write("model/config.json", '{"auto_map": {"AutoModel": "code.Model"}}')
    place.repository.write("model/model.safetensors", b"\xff" * 9)
    place.repository.write("x.zip", leading_out())
    place.repository.write("dist/app", b"app")
    verdict = place.gate(GateSettings(artifacts=(DEMAND,)))
    assert verdict.outcome is Outcome.BLOCK
    assert failed(verdict) == {
        "requirement-unhashed", "requirement-unpinned", "requirement-weak-hash", "requirement-index", "action-unpinned", "include-unpinned",
        "image-unpinned", "pickle-unsafe", "model-code", "model-malformed", "archive-unsafe", "artifact-unverified",
    }  # fmt: skip
    assert len(of(verdict, "action-unpinned")) == 2
    for check in verdict.checks:
        if check.status is CheckStatus.FAIL:
            assert check.fix
            assert check.locations
            whole = ("pickle-unsafe", "model-code", "model-malformed", "artifact-unverified", "archive-unsafe")
            assert check.locations[0].line or check.id in whole


def test_unreadable_files_reach_the_verdict(place: Place) -> None:
    source = MemorySource({"requirements.txt": "--nonsense\n", ".gitlab-ci.yml": "a: ["}, {"weights.bin": "larger than 1 byte"})
    place.doors = replace(place.doors, source=lambda _selection: source)
    verdict = place.gate()
    assert verdict.outcome is Outcome.INCOMPLETE
    unchecked = {check.id for check in verdict.checks if check.status is CheckStatus.UNCHECKED}
    assert {"requirement-unhashed", "include-unpinned", "pickle-unsafe"} <= unchecked
    assert of(verdict, "pickle-unsafe")[0].why == "larger than 1 byte"


def test_a_tree_without_any_file_is_nothing_to_do(place: Place) -> None:
    place.doors = replace(place.doors, source=lambda _selection: MemorySource({}))
    with pytest.raises(NothingToDo):
        place.gate()


def test_excluded_files_are_left_out(place: Place) -> None:
    place.repository.write("tests/data/m.pkl", gadget())
    assert place.gate(GateSettings(exclude=("tests/data/*",))).outcome is Outcome.ALLOW
    assert place.gate().outcome is Outcome.BLOCK


def test_settings_that_cannot_be_meant_are_refused_before_anything_is_read(place: Place) -> None:
    with pytest.raises(UsageError, match="no check is called"):
        place.gate(GateSettings(allow_unchecked=("nonsense",)))


# --- a change


def test_only_what_the_change_touches_is_looked_at(place: Place) -> None:
    place.repository.commit("legacy", {"old/requirements.txt": "a\n", "m.pkl": gadget()})
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("topic", {"readme.txt": "x"})
    assert place.gate(base="main").outcome is Outcome.ALLOW
    place.repository.write("new/requirements.txt", "b\n")
    verdict = place.gate(base="main")
    assert failed(verdict) == {"requirement-unhashed", "requirement-unpinned"}
    assert [check.locations[0].path for check in of(verdict, "requirement-unhashed")] == ["new/requirements.txt"]


def test_what_happened_on_the_merge_target_meanwhile_is_not_the_changes(place: Place) -> None:
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("topic", {"readme.txt": "x"})
    place.repository.git("switch", "-q", "main")
    place.repository.commit("legacy", {"m.pkl": gadget()})
    place.repository.git("switch", "-q", "topic")
    assert place.gate(base="main").outcome is Outcome.ALLOW


def test_a_name_that_is_no_text_hides_nothing(place: Place) -> None:
    Path(os.fsdecode(os.fsencode(place.repository.path) + b"/m\xff.pkl")).write_bytes(gadget())
    assert failed(place.gate(base="main")) == {"pickle-unsafe"}


def test_changes_to_the_gates_own_files_are_shown(place: Place) -> None:
    place.repository.write(".pipeline-guard.yml", "version: 1\n")
    place.repository.write(".github/workflows/ci.yml", WORKFLOW.format(SHA))
    verdict = place.gate(base="main")
    assert verdict.outcome is Outcome.ALLOW
    (check,) = of(verdict, "gate-file-changed")
    assert {location.path for location in check.locations} == {".pipeline-guard.yml", ".github/workflows/ci.yml"}


def test_unknown_merge_target_is_refused(place: Place) -> None:
    with pytest.raises(UsageError, match="unknown revision"):
        place.gate(base="nowhere")


# --- artifacts


def test_signed_artifact_passes_and_one_changed_byte_fails(place: Place) -> None:
    place.repository.write("dist/app", b"app")
    place.sign("dist/app")
    assert [check.status for check in place.artifacts()] == [CheckStatus.PASS]
    place.repository.write("dist/app", b"apq")
    (check,) = place.artifacts()
    assert check.status is CheckStatus.FAIL
    assert check.why.startswith("does not verify: dist/app: not the content that was signed")


def test_missing_bundle_and_wrong_key_are_told_apart(place: Place) -> None:
    place.repository.write("dist/app", b"app")
    assert place.artifacts()[0].why.startswith("no bundle: there is no dist/app.sigstore.json")
    place.sign("dist/app")
    place.repository.write("keys/ci.pem", SigningPlace().key.public_pem)
    assert place.artifacts()[0].why.startswith("does not verify: dist/app.sigstore.json: made with another key")


def test_a_report_names_no_folder_of_this_machine(place: Place) -> None:
    place.repository.write("dist/app", b"app")
    place.repository.write("dist/app.sigstore.json", b"{")
    (check,) = place.artifacts()
    assert str(place.repository.path) not in check.why + check.fix


def test_model_folder_is_one_artifact(place: Place) -> None:
    place.repository.write("models/bert/w.safetensors", b"w")
    demand = ArtifactDemand("models/*", "keys/ci.pem")
    assert place.artifacts(demand)[0].status is CheckStatus.FAIL
    place.sign("models/bert")
    assert [check.status for check in place.artifacts(demand)] == [CheckStatus.PASS]
    place.repository.write("models/bert/extra", b"x")
    assert place.artifacts(demand)[0].status is CheckStatus.FAIL


def test_the_gate_works_from_a_folder_inside_the_repository(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.repository.write("dist/app", b"app")
    place.sign("dist/app")
    monkeypatch.chdir(place.repository.path / "keys")
    assert place.artifacts()[0].status is CheckStatus.PASS


def test_a_rule_that_matches_nothing_is_unchecked(place: Place) -> None:
    (check,) = place.artifacts()
    assert (check.status, check.locations[0].path) == (CheckStatus.UNCHECKED, "dist/*")


@pytest.mark.parametrize("key", ["keys/none.pem", "nobody", "pkcs11:object=none"])
def test_a_key_that_is_not_there_is_unchecked(place: Place, key: str) -> None:
    place.repository.write("dist/app", b"app")
    (check,) = place.artifacts(ArtifactDemand("dist/*", key))
    assert check.status is CheckStatus.UNCHECKED


def test_a_compromised_key_fails(place: Place) -> None:
    place.repository.write("dist/app", b"app")
    place.sign("dist/app")
    demand = ArtifactDemand("dist/*", "signing")
    assert place.artifacts(demand)[0].status is CheckStatus.PASS
    place.signing.state.records["signing"] = replace(place.signing.key, state=KeyState.COMPROMISED)
    assert place.artifacts(demand)[0].status is CheckStatus.FAIL


def test_a_change_cannot_bring_the_key_that_vouches_for_it(place: Place) -> None:
    other = SigningPlace()
    place.repository.write("dist/app", b"app")
    sign(SignRequest((str(place.repository.path / "dist/app"),), "", "signing", "", "user:eve"), doors=other.sign_doors)
    place.repository.write("keys/ci.pem", other.key.public_pem)
    assert place.artifacts()[0].status is CheckStatus.PASS  # the work tree's own word
    assert place.artifacts(base="main")[0].status is CheckStatus.FAIL
    place.repository.write("keys/new.pem", other.key.public_pem)
    (check,) = place.artifacts(ArtifactDemand("dist/*", "keys/new.pem"), base="main")
    assert (check.status, check.why) == (CheckStatus.UNCHECKED, "keys/new.pem is not there as of main")


def test_in_a_change_untouched_artifacts_rest_and_build_results_count(place: Place) -> None:
    place.repository.commit("legacy", {"dist/old": b"unsigned", ".gitignore": "dist/built\n"})
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.write("readme.txt", "x")
    assert place.artifacts(base="main")[0].status is CheckStatus.PASS
    place.repository.write("dist/built", b"unsigned")
    (check,) = place.artifacts(base="main")
    assert (check.status, check.locations[0].path) == (CheckStatus.FAIL, "dist/built")
    place.sign("dist/built")
    place.repository.write("dist/old.sigstore.json", b"{}")
    (check,) = place.artifacts(base="main")
    assert (check.status, check.locations[0].path) == (CheckStatus.FAIL, "dist/old")


def test_a_link_in_the_artifacts_folder_is_not_passed_over(place: Place) -> None:
    place.repository.write("dist/app", b"app")
    place.sign("dist/app")
    (place.repository.path / "dist" / "link").symlink_to("app")
    assert place.artifacts()[0].status is CheckStatus.UNCHECKED


def test_a_lock_behind_a_link_is_unchecked_not_overlooked(place: Place) -> None:
    (place.repository.path / "requirements.txt").symlink_to("../elsewhere/requirements.txt")
    (place.repository.path / "latest").symlink_to("../elsewhere")
    verdict = place.gate()
    assert verdict.outcome is Outcome.INCOMPLETE
    assert next(check.locations[0].path for check in verdict.checks if check.status is CheckStatus.UNCHECKED) == "requirements.txt"


def test_a_change_that_takes_the_signature_away_is_blocked(place: Place) -> None:
    place.repository.write("dist/app", b"app")
    place.sign("dist/app")
    place.repository.commit("released")
    place.repository.git("switch", "-q", "-c", "topic")
    (place.repository.path / "dist/app.sigstore.json").unlink()
    place.repository.commit("unsigned")
    (check,) = place.artifacts(base="main")
    assert (check.status, check.locations[0].path) == (CheckStatus.FAIL, "dist/app")


def test_no_change_at_all_is_nothing_to_look_at(place: Place) -> None:
    with pytest.raises(NothingToDo, match="nothing differs from main"):
        place.gate(base="main")


def test_included_requirements_of_another_name_are_unchecked(place: Place) -> None:
    place.repository.write("requirements.txt", "-r deps/more.lst\n")
    place.repository.write("deps/more.lst", "flask\n")
    assert "deps/more.lst" in [check.locations[0].path for check in place.gate().checks if check.status is CheckStatus.UNCHECKED]


def test_requirements_in_an_encoding_of_their_own_are_unchecked(place: Place) -> None:
    place.repository.write("requirements.txt", "# -*- coding: utf-7 -*-\n#+AAo-evilpkg\n")
    assert place.gate().outcome is Outcome.INCOMPLETE


def test_action_with_an_escaped_key_is_still_one(place: Place) -> None:
    place.repository.write("act/action.yml", 'name: x\n"\\x72uns":\n  using: composite\n  steps:\n    - uses: evil/action@main\n')
    assert failed(place.gate()) == {"action-unpinned"}


# --- pipelines


def test_an_included_file_of_any_name_is_looked_at(place: Place) -> None:
    place.repository.write(".gitlab-ci.yml", "include: /ci/build.yaml\n")
    place.repository.write("ci/build.yaml", "include: ci/more.yml\njob: {script: [make]}\n")
    place.repository.write("ci/more.yml", "job: {script: ['eval \"$CI_COMMIT_MESSAGE\"']}\n")
    (check,) = of(place.gate(), "gitlab-injection")
    assert (check.status, str(check.locations[0])) == (CheckStatus.FAIL, "ci/more.yml:1")


def test_an_included_file_that_cannot_be_read_is_unchecked(place: Place) -> None:
    place.repository.write(".gitlab-ci.yml", "include: /ci/build.yaml\n")
    place.repository.write("ci/build.yaml", "job: [\n")
    assert [check.status for check in of(place.gate(), "include-unpinned")] == [CheckStatus.UNCHECKED]


def test_a_changed_caller_is_judged_by_what_it_hands_to_an_unchanged_action(place: Place) -> None:
    called = "on: {workflow_call: {inputs: {t: {type: string}}}}\njobs: {a: {permissions: {}, steps: [{run: 'echo ${{ inputs.t }}'}]}}\n"
    caller = "on: issues\npermissions: {}\njobs: {b: {uses: ./.github/workflows/called.yml, with: {t: '${{ TEXT }}'}}}\n"
    path = ".github/workflows/caller.yml"
    place.repository.commit("both", {".github/workflows/called.yml": called, path: caller.replace("TEXT", "github.sha")})
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("change", {path: caller.replace("TEXT", "github.event.issue.title")})
    assert failed(place.gate(base="main")) == {"expression-injection"}


def test_one_unreadable_workflow_is_told_once(place: Place) -> None:
    place.repository.write(".github/workflows/w.yml", "jobs: [\n")
    unchecked = [check.id for check in place.gate().checks if check.status is CheckStatus.UNCHECKED]
    assert unchecked == ["action-unpinned"]


# --- models that are too large to be held


def test_large_models_are_read_page_by_page(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MAX_BYTES", 1000)
    place.doors = replace(place.doors, streams=LocalStreams())
    place.repository.write("good.pt", packed({"m/data.pkl": tensor_state(), "m/data/0": bytes(5000)}))
    place.repository.write("film.mkv", bytes(5000))
    assert place.gate().outcome is Outcome.ALLOW
    place.repository.write("evil.pt", packed({"m/data/0": bytes(5000), "m/data.pkl": gadget()}))
    place.repository.write("raw.bin", gadget(4, lambda made: [bytes(5000), made]))
    verdict = place.gate()
    assert {check.locations[0].path for check in of(verdict, "pickle-unsafe")} == {"evil.pt", "raw.bin"}


def test_large_files_stay_unchecked_where_nobody_can_read_them(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MAX_BYTES", 1000)
    place.repository.write("good.pt", packed({"m/data.pkl": tensor_state(), "m/data/0": bytes(5000)}))
    assert place.gate().outcome is Outcome.INCOMPLETE
