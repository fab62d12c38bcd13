# SPDX-License-Identifier: Apache-2.0
"""A broker as a job sees it: identity token and proof go there, values and bundles come back.

A session outlives one command in a private file, so that a later step needs no new identity token: GitLab gives a job only one. What
is in the file is of use to this job alone, until its end.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from ssl import SSLContext
from typing import Any, Protocol

from pipeline_guard.adapters import broker_wire as wire
from pipeline_guard.adapters.home import private_folder, write_private
from pipeline_guard.adapters.https import Answer, Expired, request
from pipeline_guard.adapters.oidc.job_key import JobKey
from pipeline_guard.errors import Denied, GuardError, IntegrityError, Unavailable, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.lease import Binding, Injection
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import TokenSource

_PATIENCE = 10.0  # seconds
_QUICK = 1.5  # seconds: a runner that cancels kills soon
_BOUND = "#"


class Source(TokenSource, Protocol):
    """Where identity tokens come from; ``binds``: their audience may name the job's key."""

    @property
    def binds(self) -> bool:
        """Tell whether any audience can be had."""
        ...


@dataclass(slots=True)
class _Session:
    key: JobKey
    token: Secret
    ends: datetime


class BrokerClient:
    """One broker, for one job. ``place`` is the folder of its private files, ``holder`` the job's own name for itself."""

    def __init__(self, url: str, audience: str, *, trust: SSLContext, tokens: Source, place: str, holder: str) -> None:
        self._url, self._audience, self._trust, self._tokens = url.rstrip("/"), audience, trust, tokens
        name = hashlib.sha256(f"{self._url}\n{holder}".encode()).hexdigest()[:16]
        self._file = Path(place) / f"pipeline-guard-session-{name}.json"
        self._holder = holder
        self._session: _Session | None = None

    def lease(self, bindings: Sequence[Binding], given: Mapping[str, str]) -> tuple[str, Injection]:
        """Lease secrets, with the session of an earlier step where there is one."""
        fields: dict[str, Any] = {"secrets": wire.write_bindings(bindings)}
        if given:
            fields["given"] = dict(given)
        session = self._opened()
        if session is not None:
            answer = self._with(session, "POST", "/v1/leases", fields)
            if answer.status == 200:
                return self._granted(answer, session.key)
            if answer.status != 401:
                raise self._refused(answer, None)
            self._forget()  # it ended
        return self._begin(fields)

    def _begin(self, fields: Mapping[str, Any]) -> tuple[str, Injection]:
        key = JobKey.make()
        audience = f"{self._audience}{_BOUND}{key.thumbprint()}" if self._tokens.binds else self._audience
        token = self._tokens.fetch(audience)
        body = json.dumps({"identity_token": token.reveal().decode("ascii", "replace"), **fields}).encode()
        skew = 0.0
        for attempt in range(4):  # the same token and key: a broker whose answer was lost gives it again
            headers = {"DPoP": key.proof("POST", self._url + "/v1/leases", skew=skew)}
            try:
                answer = self._send("POST", "/v1/leases", headers, body)
            except Unavailable:
                if attempt == 3:
                    raise
                time.sleep(0.2 * (attempt + 1))
                continue
            apart = _apart(answer)
            if answer.status == 401 and not skew and abs(apart) > 30:
                skew = apart  # this machine's clock is wrong: the proof, which we date ourselves, can be put right
                continue
            if answer.status != 503 or attempt == 3:
                break
            time.sleep(0.2 * (attempt + 1))
        if answer.status != 200:
            raise self._refused(answer, token)
        return self._granted(answer, key)

    def _granted(self, answer: Answer, key: JobKey) -> tuple[str, Injection]:
        secret, ends, grant, injection = wire.read_granted(answer.body, self._holder, datetime.now(UTC))
        if secret is not None:
            self._session = _Session(key, secret, ends)
            self._keep(self._session)
        return grant, injection

    def sign(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have a statement about digests signed; return the answer with the bundle."""
        session = self._opened()
        if session is None:
            self._begin({"secrets": []})
            session = self._session
        if session is None:  # Defensive: a broker that answers without a session
            raise Unavailable("the broker's answer holds no session", "are both of the same version?")
        answer = self._with(session, "POST", "/v1/sign", fields)
        if answer.status == 401:
            self._forget()
            self._begin({"secrets": []})
            answer = self._with(self._session or session, "POST", "/v1/sign", fields)
        if answer.status != 200:
            raise self._refused(answer, None)
        return _object(answer.body)

    @contextmanager
    def kept(self, lifetime: timedelta) -> Iterator[None]:
        """Renew twice in a lifetime, in the background; what fails is tried again the next time."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(max(lifetime.total_seconds() / 2, 1.0)):
                session = self._session
                if session is not None:
                    with suppress(GuardError):
                        self._with(session, "POST", "/v1/leases/renew", {"seconds": int(lifetime.total_seconds())})

        thread = threading.Thread(target=renew, name="renew", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(timeout=1)

    def revoke(self, grant: str = "", hidden: Mapping[str, int] | None = None) -> int:
        """End leases; without a session there is nothing to end."""
        session = self._opened(ended=True)
        if session is None:
            return 0
        fields: dict[str, Any] = {"grant": grant} if grant else {}
        if hidden:
            fields["hidden"] = dict(hidden)
        answer = self._with(session, "DELETE", "/v1/leases", fields, patience=_QUICK)
        if answer.status == 401:  # it was pruned long after its end
            self._forget()
            return 0
        if answer.status != 200:
            raise self._refused(answer, None)
        if not grant:
            self._forget()
        ended = _object(answer.body).get("ended", 0)
        return ended if isinstance(ended, int) else 0

    def ready(self) -> float:
        """Return how many seconds the broker's clock is ahead of ours. Raises Unavailable where it is not ready to serve."""
        answer = self._send("GET", "/readyz", {}, b"")
        if answer.status != 200:
            raise Unavailable(f"the broker answers with status {answer.status}", "its log tells why")
        return _apart(answer)

    def _with(self, session: _Session, method: str, path: str, fields: Mapping[str, Any], *, patience: float = _PATIENCE) -> Answer:
        body = json.dumps(fields).encode()
        skew = 0.0
        for _ in range(2):
            headers = {
                "Authorization": f"DPoP {session.token.reveal().decode('ascii')}",
                "DPoP": session.key.proof(method, self._url + path, session.token, skew=skew),
            }
            answer = self._send(method, path, headers, body, patience)
            skew = _apart(answer)
            if answer.status != 401 or abs(skew) <= 30:
                break
        return answer

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes, patience: float = _PATIENCE) -> Answer:
        try:
            return request(
                method,
                self._url + path,
                trust=self._trust,
                limit=wire.ANSWER,
                patience=patience,
                headers={"Content-Type": "application/json", **headers},
                body=body,
            )
        except Expired:
            raise
        except Unavailable as error:
            raise Unavailable(f"the broker: {error.what}", error.hint) from None

    def _refused(self, answer: Answer, token: Secret | None) -> GuardError:
        """Say why the broker refused, as far as this side can tell: the broker itself tells nobody much."""
        try:
            found = _object(answer.body)
        except Unavailable:
            found = {}
        code, number = str(found.get("error", "")), str(found.get("request", ""))[:32]
        where = f"the broker's log tells why, under {number}" if number else "the broker's log tells why"
        if answer.status == 401:
            what, hint = diagnose(token, self._audience, _apart(answer), datetime.now(UTC)) if token else ("the session has ended", where)
            return IntegrityError(f"the broker refuses the job's identity: {what}", hint or where)
        if code == "approval_required":
            place = self._file.with_name("pipeline-guard-approval-request.json")
            write_private(str(place), json.dumps(found.get("approval")).encode() + b"\n")
            hint = (
                f"have {place} approved: pipeline-guard keys approve FILE --key NAME; POST it to {self._url}/v1/approvals; then try again"
            )
            return Denied("a person has to approve this first", hint)
        if answer.status == 403:
            return Denied("the broker's policy does not grant this to this job", f"{where}; pipeline-guard policy explain helps")
        if answer.status in (400, 413, 422):
            return UsageError(f"the broker does not understand the request: {str(found.get('message', ''))[:200]}", where)
        if answer.status == 429:
            return Unavailable("the broker is asked too often", f"wait {answer.headers.get('retry-after', '60')[:6]} s, and try again")
        return Unavailable(f"the broker answers with status {answer.status}", where)

    def _opened(self, *, ended: bool = False) -> _Session | None:
        """Return this job's session, of this process or of an earlier step; one that ended only to end things."""
        if self._session is None:
            try:
                found = parse_json(self._file.read_bytes()[:65536], "the session file")
                token = Secret(found["session"].encode("ascii"))
                self._session = _Session(JobKey.load(found["key"]), token, datetime.fromisoformat(found["ends"]))
            except FileNotFoundError:
                return None
            except (OSError, UsageError, Unavailable, KeyError, TypeError, ValueError, AttributeError):
                if ended:
                    raise Unavailable(f"the session in {self._file} cannot be read", "its leases end by themselves") from None
                return None
        return self._session if ended or datetime.now(UTC) < self._session.ends else None

    def _keep(self, session: _Session) -> None:
        if not self._file.parent.exists():
            private_folder(str(self._file.parent))
        fields = {
            "url": self._url,
            "session": session.token.reveal().decode("ascii"),
            "key": session.key.dump(),
            "ends": session.ends.isoformat(),
        }
        write_private(str(self._file), json.dumps(fields).encode())

    def _forget(self) -> None:
        self._session = None
        with suppress(FileNotFoundError):
            self._file.unlink()


def diagnose(token: Secret, audience: str, apart: float, now: datetime) -> tuple[str, str]:
    """Return what is wrong with our own token, as far as can be read off it, and what to do. ``apart``: the broker's clock less ours."""
    try:
        part = token.reveal().split(b".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
        named, ends, begins = claims["aud"], int(claims["exp"]), int(claims.get("nbf", claims["iat"]))
    except (ValueError, KeyError, TypeError, IndexError):
        return "the token is malformed", "it must be a compact JWT"
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or len(names) != 1 or str(names[0]).partition(_BOUND)[0] != audience:
        hint = f"GitLab: id_tokens: {{NAME: {{aud: {audience}}}}}; or store: {{audience: ...}} in .pipeline-guard.yml"
        return f"it is for the audience {str(named)[:80]}, not {audience}", hint
    theirs = now + timedelta(seconds=apart)
    if abs(apart) > 30:
        return f"the clocks are {abs(apart):.0f} s apart", "set this machine's clock, or the broker's (NTP)"
    if theirs.timestamp() >= ends:
        hint = "GitLab: a token lives 5 minutes unless the job has a timeout: add timeout: 1h, or run this earlier in the job"
        return "it has expired", hint
    if theirs.timestamp() < begins:
        return "it is not valid yet", "set this machine's clock (NTP)"
    return "it is refused", ""


def _apart(answer: Answer) -> float:
    """Return how many seconds the broker's clock is ahead of ours; 0 where it does not tell."""
    try:
        return (parsedate_to_datetime(answer.headers["date"]) - datetime.now(UTC)).total_seconds()
    except (KeyError, ValueError, TypeError):
        return 0.0


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = parse_json(body, "the broker's answer", limit=wire.ANSWER)
    except UsageError:
        found = None
    if not isinstance(found, dict):
        raise Unavailable("the broker's answer cannot be read", "are both of the same version?")
    return found
