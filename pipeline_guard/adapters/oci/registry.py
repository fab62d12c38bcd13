# SPDX-License-Identifier: Apache-2.0
"""A repository of a registry over HTTP (OCI distribution specification 1.1), with its referrers API or the referrers tag.

TLS always, but for a registry on this machine. Everything read is bounded and checked against its digest.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from pipeline_guard.adapters.oci.index import (
    INDEX,
    MANIFESTS,
    MAX_INDEX,
    checked,
    descriptor,
    entries,
    index_of,
    referrers_tag,
    with_referrer,
)
from pipeline_guard.adapters.oci.login import Login
from pipeline_guard.errors import IntegrityError, NothingToDo, Unavailable, UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.image import Descriptor, ImageReference

_TIMEOUT = (10, 60)  # seconds to connect, and between two packets
_PAGES = 50  # of a list of referrers
_PIECE = 64 * 1024
_ACCEPT = ", ".join(MANIFESTS)


class Registry:
    """One repository; the connection is made at first need."""

    def __init__(self, reference: ImageReference, login: Callable[[str], Login | None]) -> None:
        host = "registry-1.docker.io" if reference.place == "docker.io" else reference.place
        self._host = host
        self._base = f"{'http' if is_loopback(host) else 'https'}://{host}/v2/{reference.repository}"
        self._name = reference.name
        self._login = login
        self._session: Any = None
        self._bearer = ""

    def manifest(self, reference: ImageReference) -> tuple[Descriptor, bytes]:
        """Fetch by digest, or by tag and then name what came by its digest."""
        wanted = str(reference.digest) if reference.digest else reference.tag or "latest"
        status, headers, content = self._ask("GET", f"{self._base}/manifests/{wanted}", accept=_ACCEPT)
        if status == 404:
            raise NothingToDo(f"{self._name}: no image {wanted}", "check name and tag; the registry may hide it without a login")
        self._expect(status, 200, f"read the image {wanted}")
        digest = reference.digest or Digest.sha256(content)
        media_type = headers.get("Content-Type", "").partition(";")[0].strip()
        return Descriptor(media_type or MANIFESTS[1], digest, len(content)), checked(content, digest, self._name)

    def referrers(self, digest: Digest) -> Sequence[Descriptor]:
        """Ask the referrers API; a registry without it, or that knows of none, has the list under the referrers tag."""
        url, found = f"{self._base}/referrers/{digest}", dict[Digest, Descriptor]()
        for _ in range(_PAGES):
            status, headers, content = self._ask("GET", url, accept=INDEX)
            if status != 200 or headers.get("Content-Type", "").partition(";")[0] != INDEX:
                break
            for entry in entries(content, self._name):
                one = descriptor(entry, self._name)
                found[one.digest] = one
            url = self._next(headers, url)
            if not url:
                break
        listed = [descriptor(entry, self._name) for entry in self._tagged(digest)]
        return list({**{one.digest: one for one in listed}, **found}.values())

    def content(self, digest: Digest, limit: int, *, manifest: bool = False) -> bytes:
        """Fetch a blob or manifest."""
        url = f"{self._base}/{'manifests' if manifest else 'blobs'}/{digest}"
        status, _, content = self._ask("GET", url, accept=_ACCEPT if manifest else "*/*", limit=limit)
        if status == 404:
            raise IntegrityError(f"{self._name}: {digest} is listed and not there", "push it again")
        self._expect(status, 200, f"read {digest}")
        return checked(content, digest, self._name)

    def put_blob(self, content: bytes) -> None:
        """Upload a blob in one piece, unless it is there."""
        digest = Digest.sha256(content)
        if self._ask("HEAD", f"{self._base}/blobs/{digest}")[0] == 200:
            return
        status, headers, _ = self._ask("POST", f"{self._base}/blobs/uploads/")
        self._expect(status, 202, "begin an upload")
        place = urljoin(f"{self._base}/", headers.get("Location", ""))
        if not self._is_ours(place):
            raise Unavailable(f"{self._name}: the registry sends the upload to another host", "")
        url = f"{place}{'&' if urlsplit(place).query else '?'}digest={digest}"
        self._expect(self._ask("PUT", url, body=content, kind="application/octet-stream")[0], 201, "upload a blob")

    def put_referrer(self, manifest: bytes, listed: Descriptor, subject: Digest) -> None:
        """Push the manifest; where the registry does not say that it understood its subject, keep the list under the tag."""
        status, headers, _ = self._ask("PUT", f"{self._base}/manifests/{listed.digest}", body=manifest, kind=listed.media_type)
        self._expect(status, 201, "push a manifest")
        if headers.get("OCI-Subject", "") == str(subject):
            return
        content = index_of(with_referrer(self._tagged(subject), listed))
        status, _, _ = self._ask("PUT", f"{self._base}/manifests/{referrers_tag(subject)}", body=content, kind=INDEX)
        self._expect(status, 201, "push the list of referrers")

    def _tagged(self, digest: Digest) -> list[Mapping[str, Any]]:
        status, _, content = self._ask("GET", f"{self._base}/manifests/{referrers_tag(digest)}", accept=INDEX)
        if status == 404:
            return []
        self._expect(status, 200, "read the list of referrers")
        return entries(content, self._name)

    def _ask(
        self, method: str, url: str, *, accept: str = "", body: bytes = b"", kind: str = "", limit: int = MAX_INDEX
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request, once more with a token where the registry asks for one; follow redirects, never with our token."""
        headers = {name: value for name, value in {"Accept": accept, "Content-Type": kind}.items() if value}
        answer = self._send(method, url, headers, body, limit)
        if answer[0] == 401:
            login = self._login(self._host)
            self._bearer = self._token(answer[1].get("WWW-Authenticate", ""), login)
            answer = self._send(method, url, headers, body, limit)
        return answer

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, limit: int) -> tuple[int, Mapping[str, str], bytes]:
        requests = _requests()
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = True  # proxies and certificate bundles; a .netrc is not asked, see below
            self._session.auth = _NoNetrc()
        sent = {**headers, **({"Authorization": self._bearer} if self._bearer else {})}
        try:
            with self._session.request(method, url, headers=sent, data=body or None, timeout=_TIMEOUT, stream=True) as answer:
                content = b""
                for piece in answer.iter_content(_PIECE):
                    content += piece
                    if len(content) > limit:
                        raise IntegrityError(f"{self._name}: the answer is longer than {limit} bytes", "not a signature")
                return answer.status_code, answer.headers, content
        except requests.RequestException as error:
            raise Unavailable(f"{self._host} does not answer: {type(error).__name__}", "try again, and check host and network") from None

    def _token(self, challenge: str, login: Login | None) -> str:
        """Answer the registry's challenge: with the login itself, or with a token that it gives access to."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic" and login is not None:
            return login.basic()
        words = dict(_pairs(rest))
        realm = words.get("realm", "")
        if scheme.lower() != "bearer" or not (
            realm.startswith("https://") or (is_loopback(self._host) and is_loopback(urlsplit(realm).netloc))
        ):
            raise Unavailable(f"{self._host} wants a login", f"docker login {self._host}")
        requests = _requests()
        question = {key: words[key] for key in ("service", "scope") if key in words}
        headers = {"Authorization": login.basic()} if login else {}
        try:
            answer = requests.get(realm, params=question, headers=headers, auth=_NoNetrc(), timeout=_TIMEOUT, allow_redirects=False)
            told = answer.json() if answer.status_code == 200 and len(answer.content) <= MAX_INDEX else {}
        except (requests.RequestException, ValueError):
            told = {}
        token = told.get("token") or told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Unavailable(f"{self._host} gives no token", f"docker login {self._host}")
        return f"Bearer {token}"

    def _next(self, headers: Mapping[str, str], url: str) -> str:
        link, _, relation = headers.get("Link", "").partition(";")
        if 'rel="next"' not in relation:
            return ""
        following = urljoin(url, link.strip().strip("<>"))
        return following if self._is_ours(following) else ""

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url)[:2] == urlsplit(self._base)[:2]

    def _expect(self, status: int, wanted: int, act: str) -> None:
        if status == wanted:
            return
        if status in (401, 403):
            raise Unavailable(f"{self._name}: not allowed to {act}", f"docker login {self._host}")
        kind = Unavailable if status == 429 or status >= 500 else UsageError
        raise kind(
            f"{self._name}: cannot {act}: the registry answers {status}", "try again later" if kind is Unavailable else "check the name"
        )


class _NoNetrc:
    """Keeps requests from taking a password out of a .netrc."""

    def __call__(self, request: Any) -> Any:
        return request


def _requests() -> Any:
    try:
        import requests
    except ImportError:
        raise Unavailable("requests is not installed", 'pip install "pipeline-guard[images]"') from None
    return requests


def _pairs(text: str) -> list[tuple[str, str]]:
    import re

    return re.findall(r'([a-zA-Z]+)="([^"]*)"', text)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine; only there a registry may do without TLS."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
