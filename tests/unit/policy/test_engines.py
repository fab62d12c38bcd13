# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline_guard.config import parse
from pipeline_guard.errors import UsageError
from pipeline_guard.policy.engines import KINDS

SOUND = {
    "postgresql": "{kind: postgresql, url: 'secret:db/maker', roles: [app]}",
    "github-app": "{kind: github-app, app: '1', installation: '2', key: app, permissions: {contents: read}, repositories: [tool]}",
    "gitlab": "{kind: gitlab, project: '42', token: 'env:PIPELINE_GUARD_GITLAB', scopes: [read_repository]}",
    "aws": "{kind: aws, role: 'arn:aws:iam::123456789012:role/deploy'}",
    "x509": "{kind: x509, key: ca, certificate: ca.pem, subject: deploy}",
    "ssh": "{kind: ssh, key: ca, principals: [deploy], source-address: [10.0.0.0/8, '::1']}",
    "jwt": "{kind: jwt, key: issuer, issuer: 'https://broker.example.org', audience: api, claims: [sha]}",
}


def engines(text: str) -> str:
    return f"version: 1\nengines:\n  it: {text}\n"


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_a_sound_example(kind: str) -> None:
    assert parse(engines(SOUND[kind]).encode()).engines["it"].kind == kind


def test_life_of_a_binding_is_at_most_its_engines_longest() -> None:
    text = engines(SOUND["jwt"]) + "secrets: {API: {from: it, ttl: 1h}, OTHER: {from: kept, ttl: 1h}}\n"
    api, other = parse(text.encode()).bindings()
    assert (api.lifetime, other.lifetime) == (timedelta(minutes=10), timedelta(hours=1))


def test_files_that_go_along_are_named_by_the_binding() -> None:
    text = engines(SOUND["x509"]) + "secrets: {CERT: {from: it, given: {csr: job.csr}}}\n"
    (binding,) = parse(text.encode()).bindings()
    assert binding.given == (("csr", "job.csr"),)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("{kind: oracle}", ".pipeline-guard.yml:3: engines.it: no kind of engine that is known", "postgresql | github-app"),
        ("{url: 'secret:x'}", ".pipeline-guard.yml:3: engines.it: no kind of engine that is known", "kind: "),
        ("[]", ".pipeline-guard.yml:3: engines.it: no kind", ""),
        ("\n    kind: postgresql\n    url: secret:x\n    rolls: [a]", ".pipeline-guard.yml:6: unknown key rolls", "did you mean roles?"),
        ("\n    kind: jwt\n    key: a\n    issuer: https://x\n    audience: 5", ".pipeline-guard.yml:7: audience", ""),
        ("\n    kind: ssh\n    key: a", ".pipeline-guard.yml:4: engines.it: object missing required field `principals`", ""),
        ("{kind: postgresql, url: 'postgresql://a:b@c/d', roles: [a]}", ".pipeline-guard.yml:3: engines.it: url is no reference", "secret:"),
        ("{kind: postgresql, url: 'env:DATABASE_URL', roles: [a]}", ".pipeline-guard.yml:3: engines.it: url is no reference", "PIPELINE_GUARD"),
        ("{kind: postgresql, url: 'secret:x'}", ".pipeline-guard.yml:3: engines.it: a role without roles", ""),
        ("{kind: postgresql, url: 'secret:x', roles: [a], connection-limit: 0}", ".pipeline-guard.yml:3: engines.it: connection-limit", ""),
        ("{kind: postgresql, url: 'secret:x', grants: [{schema: s, privileges: [ALL]}]}", ".pipeline-guard.yml:3", ""),
        (SOUND["github-app"].replace("{contents: read}", "{}"), ".pipeline-guard.yml:3: engines.it: permissions", "all that the App"),
        (SOUND["github-app"].replace("[tool]", "[]"), ".pipeline-guard.yml:3: engines.it: repositories", "all of the"),
        (SOUND["github-app"].replace("[tool]", "[o/tool]"), ".pipeline-guard.yml:3: engines.it: repositories", ""),
        (SOUND["github-app"].replace("'1'", "name"), ".pipeline-guard.yml:3: engines.it: app and installation are numbers", ""),
        (SOUND["gitlab"].replace("'42'", "group/name"), ".pipeline-guard.yml:3: engines.it: project is a number", "recycled"),
        (SOUND["gitlab"].replace("read_repository", "api"), ".pipeline-guard.yml:3: engines.it: the scope api", "read_"),
        (SOUND["gitlab"][:-1] + ", url: 'http://gitlab.example.org'}", ".pipeline-guard.yml:3: engines.it: url must be an https", ""),
        (SOUND["aws"].replace("arn:aws:iam", "arn:aws:sts"), ".pipeline-guard.yml:3: engines.it: role is no ARN", ""),
        (SOUND["aws"][:-1] + ", web-identity: token}", ".pipeline-guard.yml:3: engines.it: web-identity is no reference", ""),
        (SOUND["aws"][:-1] + ", policy: 'not json'}", ".pipeline-guard.yml:3: engines.it: policy is no JSON", ""),
        (SOUND["ssh"].replace("[deploy]", "[]"), ".pipeline-guard.yml:3: engines.it: principals are not named", "every user"),
        (SOUND["ssh"].replace("[deploy]", "['a,b']"), ".pipeline-guard.yml:3: engines.it: a principal is a plain", ""),
        (SOUND["ssh"].replace("10.0.0.0/8", "ten"), ".pipeline-guard.yml:3: engines.it: source-address", ""),
        (SOUND["jwt"].replace("[sha]", "[sub]"), ".pipeline-guard.yml:3: engines.it: claims names one", ""),
        (SOUND["jwt"].replace("audience: api", "audience: ''"), ".pipeline-guard.yml:3: engines.it: audience is empty", ""),
        (SOUND["jwt"][:-1] + ", longest: forever}", ".pipeline-guard.yml:3: engines.it: not a duration", ""),
        (SOUND["x509"].replace("deploy", "''"), ".pipeline-guard.yml:3: engines.it: subject is empty", ""),
    ],
)  # fmt: skip
def test_every_mistake_names_its_line(text: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(engines(text).encode())
    assert caught.value.what.startswith(what)
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["'*'", "'a b'", "'../x'", "''"])
def test_names_of_engines_are_plain(name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        parse(f"version: 1\nengines: {{{name}: {SOUND['jwt']}}}\n".encode())
