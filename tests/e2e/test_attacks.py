# SPDX-License-Identifier: Apache-2.0
"""The attack table of docs/threat-model.md: one test an attack, each showing the refusal and its reason.

The broker is a process of its own; who attacks it gets a bare code, the reason stands in its log. Values and tokens are made here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline_guard.adapters.oidc.job_key import JobKey
from tests.fakes.issuer import GITHUB, GITLAB, OidcIssuer
from tests.fakes.serving import Got, Job, Serving

Guard = Callable[..., Any]
ROOT = Path(__file__).parents[2]
VALUE = "kq7w9x2m-" + "T5zz-of-the-job"
OTHER = "octo/steps/.github/workflows/deploy.yml@refs/heads/main"
POLICY = """
    - name: deploy
      secrets: [db]
      issuer: '{issuer}'
      claims:
        repository_id: "4711"
        repository_owner_id: "42"
        ref: refs/heads/main
        event_name: push
        workflow_ref: octo/app/.github/workflows/deploy.yml@refs/heads/main
        job_workflow_ref: octo/app/.github/workflows/deploy.yml@refs/heads/main
"""


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcIssuer]:
    with OidcIssuer(tmp_path_factory.mktemp("issuer")).running() as running:
        yield running


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, issuer: OidcIssuer) -> Iterator[Serving]:
    made = Serving(tmp_path_factory.mktemp("broker"), issuer, policy=POLICY)
    made.run("secrets", "put", "db", given=VALUE)
    with made:
        yield made


def reason(broker: Serving) -> str:
    """Return what the broker's log says of the last request that was refused."""
    lines = [json.loads(line) for line in broker.log.read_text().splitlines() if line.startswith("{")]
    return str([line["why"] for line in lines if line.get("status", 200) >= 400][-1])


def refused(broker: Serving, got: Got, code: int, why: str) -> None:
    """The attacker learns a code; the reason stands in the log."""
    assert got.status == code, got.body
    assert got.body["error"] == {401: "invalid_token", 403: "denied", 503: "unavailable", 429: "too_many_requests"}[code]
    assert re.search(why, reason(broker)), reason(broker)
    assert VALUE not in broker.log.read_text()


def part(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(issuer: OidcIssuer, **changes: Any) -> dict[str, Any]:
    """Return claims that would be granted, each time with another jti."""
    return {**jwt.decode(issuer.token(), options={"verify_signature": False}), **changes}


def test_the_job_itself_gets_its_secret(broker: Serving, issuer: OidcIssuer) -> None:
    """Without this, every refusal below would say nothing."""
    got = Job(broker).lease(issuer.token(), "db")
    assert base64.b64decode(got.body["leases"][0]["value"]).decode() == VALUE


# runner memory or log theft


def test_session_stolen_from_runner_memory_is_useless_without_the_jobs_key(broker: Serving, issuer: OidcIssuer) -> None:
    job = Job(broker)
    assert job.lease(issuer.token(check_run_id="101"), "db").status == 200
    wanted = {"secrets": [{"variable": "A", "name": "db"}]}
    refused(broker, job.act("POST", "/v1/leases", wanted, key=JobKey.make()), 401, "session does not verify")


def test_log_theft_finds_no_value_however_it_was_encoded(guard: Guard, tmp_path: Path) -> None:
    """tj-actions (CVE-2025-30066) printed secrets as double Base64."""
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_SECRET: {from: a}}\n")
    assert guard("secrets", "put", "a", stdin=VALUE, cwd=tmp_path).code == 0
    script = (
        'echo "$A_SECRET"; echo "x=$A_SECRET;" | base64 | base64; printf %s "$A_SECRET" | od -An -tx1; printf %s "$A_SECRET" | rev; echo;'
        ' printf %s "x$A_SECRET" | gzip | base64; echo "$A_SECRET" | sed "s/./&\\n/g"; sh -c \'printf "%s" "${A_SECRET%????}"; sleep 1;'
        ' printf %s "${A_SECRET#"${A_SECRET%????}"}"\''
    )
    ran = guard("run", "--", "sh", "-c", script, cwd=tmp_path)
    assert ran.code == 0
    shown = ran.out + ran.err
    for text in (VALUE, VALUE[::-1], VALUE[:12], base64.b64encode(VALUE.encode()).decode()[:12], VALUE.encode().hex(" ")[:30]):
        assert text not in shown
    for word in shown.split():
        for _ in range(2):
            word = base64.b64decode(word + "=" * (-len(word) % 4), altchars=None) if re.fullmatch(r"[\w+/=]{8,}", str(word)) else b""
            assert VALUE[:8].encode() not in word
            word = word.decode("latin-1").strip()
    assert shown.count("***") >= 6


def test_memory_of_other_steps_holds_nothing_after_the_command(guard: Guard, tmp_path: Path) -> None:
    """The value is in the command's own environment; it never enters that of the step, nor the forge's files."""
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_SECRET: {from: a}}\n")
    assert guard("secrets", "put", "a", stdin=VALUE, cwd=tmp_path).code == 0
    files = {name: str(tmp_path / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_PATH")}
    ran = guard("run", "--", "sh", "-c", 'test -n "$A_SECRET"', cwd=tmp_path, env={"GITHUB_ACTIONS": "true", **files})
    assert ran.code == 0
    assert [name for name, path in files.items() if Path(path).exists()] == []


def test_lease_of_a_killed_job_does_not_live_on(guard: Guard, tmp_path: Path) -> None:
    """See tests/e2e/test_run_killed.py for kill -9 itself; here: a second revocation, as a post step does it, finds nothing."""
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_SECRET: {from: a}}\n")
    assert guard("secrets", "put", "a", stdin=VALUE, cwd=tmp_path).code == 0
    job = {"GITHUB_RUN_ID": "1", "GITHUB_JOB": "j", "RUNNER_TEMP": str(tmp_path / "temp")}
    assert guard("inject", cwd=tmp_path, env=job).code == 0
    assert "revoked 1 lease of" in guard("revoke", cwd=tmp_path, env=job).err
    assert "revoked 0 leases of" in guard("revoke", cwd=tmp_path, env=job).err
    assert not [path for path in (tmp_path / "temp").rglob("*") if path.is_file()]


# cache poisoning into a trusted job


def test_cache_in_a_publishing_job_fails_the_gate(guard: Guard, repository: Any) -> None:
    folder = repository.path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "release.yml").write_text(
        "on: push\npermissions: {}\njobs:\n  release:\n    runs-on: ubuntu-24.04\n    steps:\n"
        f"      - uses: actions/cache@{'a' * 40}\n        with: {{path: p, key: k}}\n      - run: twine upload dist/*\n"
    )
    found = guard("gate", "--format", "json", cwd=repository.path)
    failed = [check for check in json.loads(found.out)["checks"] if check["id"] == "cache-tainted" and check["status"] == "fail"]
    assert found.code == 1
    assert failed[0]["locations"][0]["line"] == 7


# events that run a stranger's code


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment", "pull_request", "merge_group"])
def test_event_that_policy_does_not_name_gets_nothing(event: str, broker: Serving, issuer: OidcIssuer) -> None:
    refused(broker, Job(broker).lease(issuer.token(event_name=event), "db"), 403, event)


# sub confusion, renames, recycled names, customised sub


@pytest.mark.parametrize(
    "changes",
    [
        {"repository_id": "9999"},
        {"repository_owner_id": "9999"},
        {"repository_id": "9999", "sub": "repo:octo/app:ref:refs/heads/main"},
        {"repository": "octo/app", "repository_id": "9999", "sub": "repository_owner:octo"},
    ],
    ids=["recycled repository", "recycled owner", "old form of sub", "customised sub"],
)
def test_same_names_under_other_numbers_get_nothing(changes: dict[str, str], broker: Serving, issuer: OidcIssuer) -> None:
    refused(broker, Job(broker).lease(issuer.token(**changes), "db"), 403, "repository(_owner)?_id is '9999'")


# the reusable workflow as a confused deputy


@pytest.mark.parametrize("claim", ["workflow_ref", "job_workflow_ref"])
def test_other_caller_or_other_callee_gets_nothing(claim: str, broker: Serving, issuer: OidcIssuer) -> None:
    refused(broker, Job(broker).lease(issuer.token(**{claim: OTHER}), "db"), 403, f"{claim} is 'octo/steps")


# GitLab's fork merge requests

GITLAB_POLICY = """
    - name: deploy
      secrets: [db]
      issuer: '{issuer}'
      claims: {{project_id: "7", namespace_id: "3", ref_path: refs/heads/main, ref_protected: "true", pipeline_source: push}}
"""


def test_gitlab_fork_whose_branch_is_called_main_gets_nothing(tmp_path: Path, issuer: OidcIssuer) -> None:
    serving = Serving(tmp_path, issuer, policy=GITLAB_POLICY)
    serving.config.write_text(serving.config.read_text().replace("kind: github", "kind: gitlab"))
    serving.run("secrets", "put", "db", given=VALUE)
    with serving:
        assert Job(serving).lease(issuer.token(GITLAB), "db").status == 200
        fork = {"project_id": "8", "namespace_id": "4", "pipeline_source": "merge_request_event", "ref_protected": "false"}
        refused(serving, Job(serving).lease(issuer.token({**GITLAB, **fork}), "db"), 403, "claim|fork")
        # the fork's own claims made to look right: the place where the job runs still tells
        refused(serving, Job(serving).lease(issuer.token({**GITLAB, "job_project_id": "8"}), "db"), 403, "job_project_id|fork")


# forged tokens


def test_token_signed_with_the_public_key_as_a_secret_is_refused(broker: Serving, issuer: OidcIssuer) -> None:
    pem = issuer.keys["first"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{part(claims_of(issuer))}"
    forged = f"{text}.{part(hmac.new(pem, text.encode(), hashlib.sha256).digest())}"
    refused(broker, Job(broker).lease(forged, "db"), 401, "^the identity token is refused: its header is not allowed$")


@pytest.mark.parametrize("name", ["none", "None", "nOnE", "RS256 "])
def test_token_without_a_signature_is_refused(name: str, broker: Serving, issuer: OidcIssuer) -> None:
    forged = f"{part({'alg': name, 'kid': 'first'})}.{part(claims_of(issuer))}."
    refused(broker, Job(broker).lease(forged, "db"), 401, "^the identity token is refused: its header is not allowed$")
    signed = f"{part({'alg': name, 'kid': 'first'})}.{part(claims_of(issuer))}.{part(b'x' * 256)}"
    refused(broker, Job(broker).lease(signed, "db"), 401, "^the identity token is refused: its header is not allowed$")


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "x5c", "crit"])
def test_token_that_brings_its_own_key_is_refused_and_nobody_is_asked(header: str, broker: Serving, issuer: OidcIssuer) -> None:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    content: Any = {"jwk": {"kty": "RSA"}, "x5c": ["MIIB"], "crit": ["exp"]}.get(header, f"{issuer.url}/evil")
    asked = len(issuer.asked)
    forged = jwt.encode(claims_of(issuer), own, "RS256", {"kid": "first", header: content})
    refused(broker, Job(broker).lease(forged, "db"), 401, "header is not allowed")
    assert "/evil" not in issuer.asked[asked:]


@pytest.mark.parametrize("kid", ["../../../etc/passwd", "https://evil.example/key", "first' OR '1'='1", "", "first\x00"])
def test_key_name_is_a_name_and_nothing_else(kid: str, broker: Serving, issuer: OidcIssuer) -> None:
    forged = jwt.encode(claims_of(issuer), issuer.keys["first"], "RS256", {"kid": kid})
    asked = len(issuer.asked)
    refused(
        broker,
        Job(broker).lease(forged, "db"),
        401,
        "^the identity token is refused: (no key of the issuer made it|its header is not allowed)$",
    )
    assert set(issuer.asked[asked:]) <= {"/.well-known/openid-configuration", "/keys"}, "nothing of it is an address"


def test_weak_key_of_an_issuer_is_not_believed(tmp_path: Path) -> None:
    with OidcIssuer(tmp_path / "issuer").running() as weak:
        weak.keys["first"] = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        serving = Serving(tmp_path / "broker", weak, policy=POLICY)
        serving.run("secrets", "put", "db", given=VALUE)
        with serving, pytest.warns(match="below the minimum"):
            got = Job(serving).lease(weak.token(), "db")
        refused(serving, got, 401, "^the identity token is refused: its key is too weak, or too large$")


# the audience of another service


@pytest.mark.parametrize(
    ("audience", "why"),
    [
        ("https://github.com/octo", "it is for another audience"),
        ("sts.amazonaws.com", "it is for another audience"),
        ("pipeline-guard#another-key", "it is for another audience"),
        (["pipeline-guard", "sts.amazonaws.com"], "it is for another audience"),
        (None, "it is malformed"),
    ],
)
def test_token_for_another_service_is_refused(audience: Any, why: str, broker: Serving, issuer: OidcIssuer) -> None:
    refused(broker, Job(broker).lease(issuer.token(aud=audience), "db"), 401, f"^the identity token is refused: {why}$")


# replay


def test_identity_token_counts_once_whoever_is_first(broker: Serving, issuer: OidcIssuer) -> None:
    token = issuer.token(check_run_id="200")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: Job(broker).lease(token, "db").status, range(8)))
    assert sorted(statuses) == [200] + [401] * 7
    refused(broker, Job(broker).lease(token, "db"), 401, "used before")


# patterns that match too much


@pytest.mark.parametrize(
    "ref", ["refs/heads/main\n", "refs/heads/main-evil", "evil/refs/heads/main", "refs/heads/MAIN", " refs/heads/main", "refs/heads/main/x"]
)
def test_ref_matches_as_a_whole_or_not_at_all(ref: str, broker: Serving, issuer: OidcIssuer) -> None:
    refused(broker, Job(broker).lease(issuer.token(ref=ref), "db"), 403, "claim ref is")


def test_claim_of_another_type_or_missing_does_not_match(broker: Serving, issuer: OidcIssuer) -> None:
    for changes in ({"event_name": True}, {"ref": None}, {"ref": ["refs/heads/main"]}, {"repository_id": 4711.0}, {"run_id": ""}):
        (name,) = changes
        refused(broker, Job(broker).lease(issuer.token(**changes), "db"), 403, f"^the identity token lacks {name}$")
    for changes in ({"workflow_ref": None}, {"job_workflow_ref": ["x"]}, {"repository_id": "04711"}, {"ref": "refs/heads/\uff4dain"}):
        (name,) = changes
        refused(broker, Job(broker).lease(issuer.token(**changes), "db"), 403, f"nearest grant deploy: .*{name}")


# mask evasion on the runner


def test_lines_of_a_value_are_masked_one_by_one_before_it_stands_anywhere(guard: Guard, tmp_path: Path) -> None:
    """GHSA-4mgv-m5cm-f9h7: only the whole of a multi-line secret was masked."""
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_KEY: {from: a}}\n")
    lines = [hashlib.sha256(bytes((number,))).hexdigest() for number in range(3)]
    assert guard("secrets", "put", "a", stdin="\n".join(lines) + "\n100%\n", cwd=tmp_path).code == 0
    job = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1", "GITHUB_ENV": str(tmp_path / "env"), "RUNNER_TEMP": str(tmp_path / "t")}
    injected = guard("inject", "--target", "env", cwd=tmp_path, env=job)
    masks = injected.out.splitlines()
    assert {f"::add-mask::{line}" for line in lines} <= set(masks)
    assert any("%0A" in mask and mask.endswith("100%25") for mask in masks), "the whole value, escaped"
    assert all(line.startswith("::add-mask::") for line in masks)


# injection into the forge's files


def test_value_cannot_add_a_variable_to_the_environment_file(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_SECRET: {from: a}}\n")
    evil = "first-line-of-it\nEOF\nLD_PRELOAD=/evil.so\nPATH<<X\n/evil\nX"
    assert guard("secrets", "put", "a", stdin=evil, cwd=tmp_path).code == 0
    job = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1", "GITHUB_ENV": str(tmp_path / "env"), "RUNNER_TEMP": str(tmp_path / "t")}
    assert guard("inject", "--target", "env", cwd=tmp_path, env=job).code == 0
    first, *rest = (tmp_path / "env").read_text().splitlines()
    name, mark = first.split("<<")
    assert (name, rest[-1], "\n".join(rest[:-1])) == ("A_SECRET", mark, evil)
    assert len(mark) >= 32
    assert mark not in evil


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "PATH", "BASH_ENV", "NODE_OPTIONS", "PYTHONPATH", "GIT_SSH_COMMAND", "GITHUB_TOKEN_X", "SSL_CERT", "RUSTFLAGS"]
)
def test_variable_that_changes_what_programs_do_is_refused(name: str, guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".pipeline-guard.yml").write_text(f"version: 1\nsecrets: {{{name}: {{from: a}}}}\n")
    guard("secrets", "put", "a", stdin=VALUE, cwd=tmp_path)
    for words in (["run", "--", "true"], ["inject"]):
        ran = guard(*words, cwd=tmp_path)
        assert ran.code == 2
        assert f"the variable {name} would change how programs behave" in ran.err
    assert guard("run", "--", "true", cwd=tmp_path, env={"PIPELINE_GUARD_CONFIG": "missing.yml"}).code == 2


def test_variable_in_small_letters_is_no_way_around(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {ld_preload: {from: a}}\n")
    ran = guard("run", "--", "true", cwd=tmp_path)
    assert (ran.code, "not a variable name" in ran.err) == (2, True)


# the policy itself


def test_policy_of_the_change_under_test_is_not_the_one_that_counts(guard: Guard, repository: Any) -> None:
    """The gate takes configuration from the merge target; the change cannot excuse itself."""
    repository.write(".pipeline-guard.yml", "version: 1\n")
    repository.commit("base")
    subprocess.run(["git", "switch", "-qc", "change"], cwd=repository.path, check=True)
    waiver = "version: 1\ngate: {waive: [{check: action-unpinned, reason: mine, until: '2030-01-01', owner: me}]}\n"
    repository.write(".pipeline-guard.yml", waiver)
    repository.write(".github/workflows/a.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{uses: evil/action@main}]\n")
    repository.commit("change")
    found = json.loads(guard("gate", "--base", "main", "--format", "json", cwd=repository.path).out)
    assert [check["status"] for check in found["checks"] if check["id"] == "action-unpinned"] == ["fail"]


def test_every_lease_names_the_policy_that_granted_it(broker: Serving, issuer: OidcIssuer) -> None:
    assert Job(broker).lease(issuer.token(check_run_id="300"), "db").status == 200
    lines = [json.loads(line) for line in broker.run("audit", "export").splitlines() if '"secret.lease"' in line]
    assert {len(line["policy_digest"]) for line in lines} == {64}


@pytest.mark.parametrize(
    "policy", [" []\n", "\n    - {{secrets: [db], issuer: 'https://other.example', claims: {{repository_id: '4711'}}}}\n"]
)
def test_without_a_policy_or_without_the_issuer_in_it_nobody_gets_anything(policy: str, tmp_path: Path, issuer: OidcIssuer) -> None:
    serving = Serving(tmp_path, issuer, policy=policy)
    serving.run("secrets", "put", "db", given=VALUE)
    with serving:
        refused(serving, Job(serving).lease(issuer.token(), "db"), 403, "grant|policy")


# the audit log


SWAP = """
CREATE TABLE two AS SELECT * FROM audit WHERE seq IN (2, 3);
UPDATE audit SET {text} = (SELECT {text} FROM two WHERE two.seq = 5 - audit.seq),
  hash = (SELECT hash FROM two WHERE two.seq = 5 - audit.seq) WHERE seq IN (2, 3);
DROP TABLE two
"""


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE audit SET {text} = replace({text}, 'secret.put', 'secret.get')", "audit record 2 was changed"),
        ("DELETE FROM audit WHERE seq = 2", "audit record 2 is missing"),
        (SWAP, "audit record"),
        ("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", "its end was cut off"),
    ],
    ids=["edit", "removal", "reorder", "cut at the end"],
)
def test_audit_log_that_was_touched_does_not_verify(statement: str, why: str, guard: Guard, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        assert guard("secrets", "put", name, stdin=VALUE, cwd=tmp_path).code == 0
    assert guard("audit", "export", "--output", str(tmp_path / "log.jsonl"), cwd=tmp_path).code == 0  # signs how far the log is
    assert guard("audit", "verify", cwd=tmp_path).code == 0
    database = sqlite3.connect(Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db")
    columns = [row[1] for row in database.execute("PRAGMA table_info(audit)")]
    text = next(name for name in ("record", "line", "content", "text", "body", "action") if name in columns)
    database.executescript(statement.format(text=text))
    assert database.total_changes >= 1
    database.commit()
    database.close()
    found = guard("audit", "verify", cwd=tmp_path)
    assert found.code == 1
    assert re.search(why, found.out + found.err)


# the issuer or the forge is away


def test_issuer_that_is_away_means_refusal_that_may_be_retried(tmp_path: Path) -> None:
    with OidcIssuer(tmp_path / "issuer").running() as away:
        serving = Serving(tmp_path / "broker", away, policy=POLICY)
        serving.run("secrets", "put", "db", given=VALUE)
        serving.start()
        token = away.token()
    try:
        refused(serving, Job(serving).lease(token, "db"), 503, r"^cannot reach 127\.0\.0\.1: connection refused$")
    finally:
        serving.stop()


# the token (HSM)


def test_token_is_tried_for_ways_to_get_a_key_out(guard: Guard, tmp_path: Path) -> None:
    """Wrap and decrypt, conflicting attributes, re-import and the others: each is tried on throw-away keys, none works."""
    checked = guard("token", "check", cwd=tmp_path)
    assert checked.code == 0, checked.err
    tried = {name: answer for answer, name in re.findall(r"(?m)^(refused|unsupported|allowed|open|\w+)\s{2,}([\w-]+)\s{2,}\S", checked.out)}
    assert len(tried) >= 20
    assert set(tried.values()) <= {"refused", "unsupported"}, tried
    ways = ("read-secret", "read-private", "set-extractable", "copy-extractable", "wrap-aes-key-wrap", "wrap-rsa-pkcs", "short-unwrap")
    assert {tried[way] for way in ways} == {"refused"}, "tried for real, not only unknown to this token"
    assert "verdict  accepted" in checked.out


# the broker as an oracle


def test_what_is_missing_and_what_is_forbidden_look_the_same(broker: Serving, issuer: OidcIssuer) -> None:
    answers = []
    for name, changes in (("no-such-secret", {}), ("../../etc/passwd", {}), ("db", {"repository_id": "1"})):
        got = Job(broker).lease(issuer.token(check_run_id="400", **changes), name)
        answers.append((got.status, {key: value for key, value in got.body.items() if key != "request"}))
    assert answers[0] == answers[2] == (403, {"schema": "pipeline-guard/broker-error/v1", "error": "denied"})
    assert answers[1] == (400, {"schema": "pipeline-guard/broker-error/v1", "error": "invalid_request", "message": "not a secret's name"})
    told = [json.loads(line) for line in broker.run("audit", "export").splitlines() if "no-such-secret" in line]
    assert [(each["action"], each["outcome"]) for each in told] == [("secret.lease", "denied")]
    assert "no grant" in told[0]["why"], "the reason is for those who run it"


def test_guessing_is_slowed_down(tmp_path: Path, issuer: OidcIssuer) -> None:
    serving = Serving(tmp_path, issuer, policy=POLICY, broker="  rates: {job: 4}\n")
    with serving:
        statuses = [Job(serving).lease(issuer.token(check_run_id="500"), f"guess-{number}").status for number in range(7)]
        assert 429 in statuses[4:], "a minute may end in between"
        refused(serving, Job(serving).lease(issuer.token(check_run_id="500"), "guess"), 429, "too many requests of this job")
        denied = [line for line in serving.run("audit", "export").splitlines() if '"outcome":"denied"' in line]
        assert len(denied) == statuses.count(403), "each guess that was heard is on record"


# what the action itself depends on


def test_everything_the_actions_install_and_use_is_pinned_by_hash() -> None:
    setup = ROOT / "actions" / "_setup"
    for lock in setup.glob("requirements*.txt"):
        lines = lock.read_text().replace("\\\n", " ").splitlines()
        wanted = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "--"))]
        assert len(wanted) > 3
        assert [line for line in wanted if "--hash=sha256:" not in line] == []
    assert any("--require-hashes" in path.read_text() for path in setup.iterdir() if path.suffix in (".sh", ".py"))
    used = [
        found
        for path in (ROOT / "actions").rglob("action.yml")
        for found in re.findall(r"uses:\s*(\S+)", path.read_text())
        if found[0] != "."
    ]
    assert [name for name in used if not re.search(r"@[0-9a-f]{40}$", name)] == []


# a database thief


def test_stolen_database_opens_nothing_and_its_rows_cannot_be_swapped(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".pipeline-guard.yml").write_text("version: 1\nsecrets: {A_SECRET: {from: low}}\n")
    for name in ("low", "high"):
        assert guard("secrets", "put", name, stdin=f"{VALUE}-{name}", cwd=tmp_path).code == 0
    path = Path(os.environ["PIPELINE_GUARD_HOME"]) / "store.db"
    assert VALUE.encode() not in path.read_bytes()
    database = sqlite3.connect(path)
    database.execute(
        "UPDATE secrets SET ciphertext = (SELECT ciphertext FROM secrets WHERE name = 'high'),"
        " wrapped_key = (SELECT wrapped_key FROM secrets WHERE name = 'high') WHERE name = 'low'"
    )
    database.commit()
    database.close()
    ran = guard("run", "--", "sh", "-c", 'echo "got $A_SECRET"', cwd=tmp_path)
    assert ran.code == 1
    assert "does not unwrap" in ran.err
    assert "got" not in ran.out


def test_old_and_expired_tokens_are_refused(broker: Serving, issuer: OidcIssuer) -> None:
    now = int(time.time())
    refused(broker, Job(broker).lease(issuer.token(iat=now - 900, nbf=now - 900, exp=now - 600), "db"), 401, "refused: it has expired$")
    refused(
        broker,
        Job(broker).lease(issuer.token(**{**GITHUB, "iat": now + 900, "nbf": now + 900, "exp": now + 1200}), "db"),
        401,
        "not valid yet$",
    )
    refused(broker, Job(broker).lease(issuer.token(exp=now + 7200), "db"), 401, "refused: it lives too long$")
