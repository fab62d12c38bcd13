# SPDX-License-Identifier: Apache-2.0
"""The JSON of verify is enough to decide by: a reader that has nothing else comes to the gate's own answer, for every verdict."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline_guard.adapters.files import LocalFiles
from pipeline_guard.adapters.git import GitRepository
from pipeline_guard.adapters.sources.opening import open_source
from pipeline_guard.adapters.terminal import SilentProgress
from pipeline_guard.adapters.tree import LocalTree
from pipeline_guard.flows.gate import GateDoors, gate
from pipeline_guard.flows.sign import SignRequest, sign
from pipeline_guard.flows.trust import CertificateTrust, KeyTrust, Trust
from pipeline_guard.flows.verify import KeyDoors, find_key, verify
from pipeline_guard.model.gate_settings import ArtifactDemand, GateSettings
from pipeline_guard.model.key import KeyState
from pipeline_guard.model.verification import Verified
from pipeline_guard.report.as_verification import as_json
from pipeline_guard.sign.certificate import Expected
from pipeline_guard.sign.public_key import load
from pipeline_guard.sign.statement import PROVENANCE
from pipeline_guard.sign.trusted_root import TrustedRoot, read_timestamp_chain, read_trusted_root
from tests.fakes.signing import SigningPlace, StandingClock
from tests.fakes.trust import IDENTITY, ISSUER, LATEST, PrivateTrust, b64

NOW, DAY = StandingClock().now(), timedelta(days=1)
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "verification.v1.json").read_bytes())
SUBJECT = "dist/app.bin"
PREDICATE = {
    "buildDefinition": {
        "buildType": "https://h.example/build",
        "externalParameters": {"workflow": {"repository": "https://h.example/app", "ref": "refs/tags/v1", "path": "release.yml"}},
        "resolvedDependencies": [{"uri": "git+https://h.example/app", "digest": {"gitCommit": "5" * 40}}],
    },
    "runDetails": {"builder": {"id": "https://h.example/builder"}, "metadata": {"invocationId": "https://h.example/run/1"}},
}


class Place:
    """A repository whose policy wants one artifact signed by the key ``signing``, with the gate and ``verify`` to ask."""

    def __init__(self, repository: Any) -> None:
        self.repository, self.signing, self.root = repository, SigningPlace(), TrustedRoot()
        self.trust = PrivateTrust(NOW - 2 * DAY)
        self.key = load(self.signing.key.public_pem).fingerprint
        self.change(created=NOW - 100 * DAY)

    def change(self, **changed: Any) -> None:
        records = self.signing.state.records
        records["signing"] = dataclasses.replace(records["signing"], **changed)

    def sign(self, key: str = "signing", subject: str = SUBJECT, *, stamped: bool = False) -> None:
        doors = dataclasses.replace(self.signing.sign_doors, stamp=self.trust.stamp if stamped else None)
        sign(SignRequest((subject,), "", key, "", "user:ada"), doors=doors)

    def trust_the_time(self) -> None:
        pems = (
            f"-----BEGIN CERTIFICATE-----\n{b64(der)}\n-----END CERTIFICATE-----\n" for der in (self.trust.tsa_certificate, self.trust.root)
        )
        self.root = TrustedRoot().with_timestamps_of(read_timestamp_chain("".join(pems).encode(), "tsa.pem"))

    def told(self, trust: Trust | None = None, bundle: str = "") -> dict[str, Any]:
        """Return the JSON of ``verify``, valid by its schema."""
        keys = KeyDoors(lambda: self.signing.state, lambda: self.signing.token)
        timeline = find_key("signing", files=LocalFiles(), keys=keys, clock=StandingClock())
        answers = verify([SUBJECT], bundle, trust or KeyTrust(timeline, self.root), doors=self.signing.verify_doors)
        document: dict[str, Any] = json.loads(as_json(Verified(tuple(answers))))
        jsonschema.validate(document, SCHEMA)
        return document

    def gated(self) -> str:
        """Return what the gate's own check makes of the artifact."""
        doors = GateDoors(
            source=lambda selection: open_source(selection, str(self.repository.path), os.environ),
            git=lambda: GitRepository(str(self.repository.path)),
            files=LocalFiles(),
            tree=LocalTree(),
            keys=KeyDoors(lambda: self.signing.state, lambda: self.signing.token),
            clock=StandingClock(),
            progress=SilentProgress(),
        )
        verdict = gate(GateSettings(artifacts=(ArtifactDemand("dist/*", "signing"),)), "", doors=doors)
        (check,) = [each for each in verdict.checks if each.id == "artifact-unverified"]
        if check.status.value == "fail" and check.why.startswith("no bundle"):
            return "missing"
        return {"pass": "verified", "fail": "refused", "unchecked": "unchecked"}[check.status.value]


@pytest.fixture
def place(repository: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(repository.path)
    repository.write(".gitignore", "dist/\n")
    repository.commit("start")
    repository.write(SUBJECT, "one")
    return Place(repository)


def decide(document: dict[str, Any], fingerprint: str) -> str:
    """Come to the gate's answer by the document alone, believing no single field of it without what it rests on."""
    (answer,) = document["subjects"]
    if answer["verdict"] == "no-signature":
        return "missing"
    if answer["verdict"] == "unreadable":
        return "unchecked"
    if not answer["verified"] or answer["signer"] is None or answer["signer"]["fingerprint"] != f"sha256:{fingerprint}":
        return "refused"
    (statement,) = [each for each in document["statements"] if each["payload"] == answer["payload"]]
    assert answer["digest"] in [subject["digest"] for subject in statement["subjects"]]
    if answer["verdict"] != "valid" and answer["time"] is None:
        return "refused"
    return "verified"


Deed = Callable[[Place], None]


def signed(place: Place) -> None:
    place.sign()


def unsigned(place: Place) -> None:
    Path(SUBJECT + ".sigstore.json").unlink(missing_ok=True)


def tampered(place: Place) -> None:
    place.sign()
    Path(SUBJECT).write_text("two")


def by_another(place: Place) -> None:
    other = SigningPlace()
    sign(SignRequest((SUBJECT,), "", "signing", "", "user:eve"), doors=other.sign_doors)


def of_another(place: Place) -> None:
    Path("other.bin").write_text("other")
    place.sign(subject="other.bin")
    Path("other.bin.sigstore.json").rename(SUBJECT + ".sigstore.json")


def ended(place: Place) -> None:
    place.sign()
    place.change(state=KeyState.DEACTIVATED, deactivated=NOW - DAY)


def compromised(place: Place) -> None:
    place.sign()
    place.change(state=KeyState.COMPROMISED, compromised=NOW - DAY, deactivated=NOW - DAY)


def suspended(place: Place) -> None:
    place.sign()
    place.change(state=KeyState.SUSPENDED)


def early(place: Place) -> None:
    place.sign()
    place.change(state=KeyState.PRE_ACTIVATION)


def in_the_way(place: Place) -> None:
    place.sign()
    Path(SUBJECT).rename("dist/real")
    os.mkfifo(SUBJECT)


@pytest.mark.parametrize(
    ("deed", "verdict", "decision"),
    [
        (signed, "valid", "verified"),
        (unsigned, "no-signature", "missing"),
        (tampered, "tampered", "refused"),
        (by_another, "unknown-key", "refused"),
        (of_another, "wrong-subject", "refused"),
        (ended, "untimestamped", "refused"),
        (compromised, "compromised", "refused"),
        (suspended, "suspended", "refused"),
        (early, "not-yet-valid", "refused"),
        (in_the_way, "unreadable", "unchecked"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_reader_of_the_json_decides_as_the_gate_does(place: Place, deed: Deed, verdict: str, decision: str) -> None:
    deed(place)
    document = place.told()
    assert document["subjects"][0]["verdict"] == verdict
    assert decide(document, place.key) == decision == place.gated()
    assert bool(document["subjects"][0]["hint"]) is (decision != "verified")


@pytest.mark.parametrize(
    ("end", "verdict", "decision"),
    [
        ({"state": KeyState.DEACTIVATED, "deactivated": NOW - DAY}, "signed-before-expiry", "verified"),
        ({"state": KeyState.DEACTIVATED, "deactivated": NOW - 3 * DAY}, "expired", "refused"),
        ({"state": KeyState.COMPROMISED, "compromised": NOW - DAY, "deactivated": NOW - DAY}, "signed-before-revocation", "verified"),
        ({"state": KeyState.COMPROMISED, "compromised": NOW - 3 * DAY, "deactivated": NOW - 3 * DAY}, "compromised", "refused"),
    ],
)
def test_what_a_trusted_time_proves_is_in_the_json(place: Place, end: dict[str, Any], verdict: str, decision: str) -> None:
    place.sign(stamped=True)
    place.trust_the_time()
    place.change(**end)
    document = place.told()
    answer = document["subjects"][0]
    assert (answer["verdict"], decide(document, place.key)) == (verdict, decision)
    if decision == "verified":
        assert answer["time"]["time"] == (NOW - 2 * DAY).isoformat()
        assert answer["time"]["source"].startswith("rfc3161:")
    assert decide(document, "0" * 64) == "refused"  # whoever wants another signer is not content


def test_provenance_is_told_with_its_facts_its_payload_and_its_bundle(place: Place) -> None:
    Path("p.json").write_text(json.dumps(PREDICATE))
    request = SignRequest((SUBJECT,), "", "signing", "", "user:ada", predicate="p.json", predicate_type="provenance")
    (made,) = sign(request, doors=place.signing.sign_doors)
    document = place.told(bundle=made.bundle)
    (answer,), (statement,) = document["subjects"], document["statements"]
    assert answer["payload"] == statement["payload"] == str(made.payload)
    assert (answer["media_type"], answer["predicate_type"]) == (LATEST, PROVENANCE)
    assert statement["subjects"] == [{"name": "app.bin", "digest": answer["digest"]}]
    assert statement["subject_count"] == 1
    assert statement["facts"] == {
        "builder": "https://h.example/builder",
        "build_type": "https://h.example/build",
        "source": "https://h.example/app",
        "commit": "5" * 40,
        "ref": "refs/tags/v1",
        "workflow": "release.yml",
        "run": "https://h.example/run/1",
    }


def test_a_certified_signer_is_told_with_certificate_and_root(place: Place) -> None:
    sign(SignRequest((SUBJECT,), "", "signing", "", "user:ada"), doors=place.signing.sign_doors)
    payload = json.loads(Path(SUBJECT + ".sigstore.json").read_bytes())["dsseEnvelope"]["payload"]
    Path("c.json").write_bytes(place.trust.bundle(payload=base64.b64decode(payload)))
    root = read_trusted_root(place.trust.root_bytes(), "root")
    answer = place.told(CertificateTrust(root, Expected(IDENTITY, ISSUER)), "c.json")["subjects"][0]
    signer = answer["signer"]
    assert (answer["verdict"], signer["identity"], signer["issuer"]) == ("valid", IDENTITY, ISSUER)
    assert signer["certificate"]["root"] == "CN=private root"
    assert signer["certificate"]["begins"] <= answer["time"]["time"] <= answer["time"]["latest"] <= signer["certificate"]["ends"]
    for expected, verdict in ((Expected(IDENTITY + "x", ISSUER), "not-by-policy"), (Expected(IDENTITY, ISSUER + "x"), "not-by-policy")):
        refused = place.told(CertificateTrust(root, expected), "c.json")
        assert (refused["subjects"][0]["verdict"], decide(refused, signer["fingerprint"][7:])) == (verdict, "refused")
    revoked = place.told(CertificateTrust(root, Expected(IDENTITY, ISSUER), frozenset({signer["certificate"]["serial"]})), "c.json")
    assert (revoked["subjects"][0]["verdict"], decide(revoked, signer["fingerprint"][7:])) == ("revoked", "refused")


def test_a_bare_key_and_a_lenient_look_are_warned_of(place: Place) -> None:
    place.sign()
    Path("key.pem").write_text(place.signing.key.public_pem)
    keys = KeyDoors(lambda: place.signing.state, lambda: place.signing.token)
    bare = find_key("./key.pem", files=LocalFiles(), keys=keys, clock=StandingClock())
    assert place.told()["subjects"][0]["warnings"] == []
    (warning,) = place.told(bare)["subjects"][0]["warnings"]
    assert "nothing here tells" in warning
