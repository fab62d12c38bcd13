# SPDX-License-Identifier: Apache-2.0
"""Whatever our own description permits, and what it does not: no 5xx, no hang, no answer of another form."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline_guard.broker.openapi import openapi
from tests.fakes.issuer import OidcIssuer
from tests.fakes.serving import Job, Serving

DESCRIPTION = openapi("https://broker.example")
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
FEW = settings(
    max_examples=20, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
ANSWERS = {200, 400, 401, 403, 404, 405, 406, 413, 415, 429}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A job with a session, so that what is behind the session is reached too."""
    broker = "  rates: {issuer: 1000000, repository: 1000000, job: 1000000}\n"
    with OidcIssuer(tmp_path_factory.mktemp("issuer")).running() as issuer:
        serving = Serving(tmp_path_factory.mktemp("broker"), issuer, broker=broker)
        serving.run("secrets", "put", "db", given="a value of some length")
        with serving:
            made = Job(serving)
            assert made.lease(issuer.token(), "db").status == 200
            yield made


def check(got: Any, method: str = "", path: str = "") -> None:
    assert got.status in ANSWERS, got
    operation = DESCRIPTION["paths"].get(path, {}).get(method.lower(), {})
    if operation and got.status not in (404, 405, 406, 413, 415):  # of the framework, before any of our routes
        told = operation["responses"].get(str(got.status))
        assert told is not None, f"{method} {path} is not described as answering {got.status}"
        content = told["content"].get("application/json")
        assert (content is not None) == isinstance(got.body, dict), got
        if content:
            jsonschema.validate(got.body, {**content["schema"], "components": DESCRIPTION["components"]})
    if got.status in (400, 401, 403) and isinstance(got.body, dict):
        schema = {"$ref": "#/components/schemas/Error", "components": DESCRIPTION["components"]}
        jsonschema.validate(got.body, schema)


@pytest.mark.filterwarnings("ignore")
@SCHEMA.parametrize()
@FEW
def test_requests_made_from_the_description_are_answered(case: Any, job: Job) -> None:
    """Schemathesis makes requests that fit the description, and such that break it; a proof and a session are added to each."""
    path = case.formatted_path
    body = (
        None if case.body is None or type(case.body).__name__ == "NotSet" else json.dumps(case.body, default=str).encode("utf-8", "replace")
    )
    method = case.method.upper()
    if path.startswith("/v1/") and method != "GET" and not path.endswith("approvals"):
        check(job.act(method, path, body), method, path)
    headers = {name: value for name, value in dict(case.headers or {}).items() if value.isascii() and value.isprintable()}
    check(job.ask(method, path, body, headers), method, path)


@FEW
@given(
    path=st.sampled_from(["/v1/leases", "/v1/leases/renew", "/v1/sign", "/v1/approvals"]),
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["secrets", "given", "key", "type", "subjects", "model", "files", "algorithm", "hidden", "seconds", "name", "variable", "identity_token", "grant", "request", "schema"]) | st.text(max_size=5), inner, max_size=5),
            max_leaves=12,
        ).map(lambda thing: json.dumps(thing).encode()),
    ),
    proof=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60) | st.just("a.b.c"),
)  # fmt: skip
def test_any_body_behind_a_session_is_answered(job: Job, path: str, body: bytes, proof: str) -> None:
    check(job.act("POST", path, body), "POST", path)
    check(job.ask("POST", path, body, {"DPoP": proof}), "POST", path)


def test_endless_headers_and_bodies_are_cut_off(job: Job) -> None:
    check(job.act("POST", "/v1/leases", b"[" * 1_000_000))
    deep = json.dumps({"secrets": []}).encode()[:-2] + b"[" * 50_000 + b"]" * 50_000 + b"]}"
    check(job.act("POST", "/v1/leases", deep))
    connection = http.client.HTTPSConnection(job.serving.address.removeprefix("https://"), timeout=30, context=job.serving.trust())
    with closing(connection), suppress(OSError):  # it may close before it has read all of it
        connection.request("GET", "/healthz", headers={"X-Long": "a" * 5_000_000})
        assert connection.getresponse().status == 400
    assert job.ask("GET", "/readyz").status == 200


def test_request_of_two_lengths_is_refused_and_nothing_behind_it_is_read(job: Job) -> None:
    """Smuggling: what stands before the broker might have taken the second request for a body."""
    host, _, port = job.serving.address.removeprefix("https://").partition(":")
    head = b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with socket.create_connection((host, int(port)), 60) as plain, job.serving.trust().wrap_socket(plain, server_hostname=host) as line:
        line.sendall(head + b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        with suppress(OSError):
            while piece := line.recv(65536):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"pipeline_guard_" not in answer


@pytest.mark.parametrize("path", ["/v1/leases/", "/v1/leases%2f", "//v1/leases", "/v1/./leases", "/v1/x/../leases", "/V1/leases"])
def test_no_other_way_to_write_a_path_is_that_path_and_none_leads_elsewhere(path: str, job: Job) -> None:
    got = job.ask("POST", path, b"{}", {"Host": "evil.example"})
    assert (got.status, "location" in got.headers) == (404, False)
