# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from pipeline_guard.adapters.oci.login import find_login
from pipeline_guard.adapters.oci.registry import is_loopback

WORD = base64.b64encode(b"ada:lovelace").decode()


def keep(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def test_logins_are_found_where_docker_and_podman_keep_them(tmp_path: Path) -> None:
    keep(tmp_path / ".docker/config.json", {"auths": {"a.example": {"auth": WORD}, "https://index.docker.io/v1/": {"auth": WORD}}})
    keep(tmp_path / "run/containers/auth.json", {"auths": {"b.example": {"auth": WORD}}})
    keep(tmp_path / "own.json", {"auths": {"c.example": {"auth": WORD}}})
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run"), "REGISTRY_AUTH_FILE": str(tmp_path / "own.json")}
    for host in ("a.example", "b.example", "c.example", "registry-1.docker.io"):
        found = find_login(host, environ)
        assert found is not None
        assert found.basic() == f"Basic {WORD}"
        assert "lovelace" not in repr(found)
        assert WORD not in repr(found)
    assert find_login("d.example", environ) is None
    assert find_login("a.example", {**environ, "DOCKER_CONFIG": str(tmp_path / "elsewhere")}) is None
    assert find_login("a.example", {}) is None


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "{",
        "{}",
        '{"auths": []}',
        '{"auths": {"a.example": 1}}',
        '{"auths": {"a.example": {"auth": 1}}}',
        '{"auths": {"a.example": {"auth": "!"}}}',
    ],
)
def test_a_file_that_is_no_list_of_logins_is_passed_over(tmp_path: Path, document: str) -> None:
    (tmp_path / "config.json").write_text(document)
    assert find_login("a.example", {"DOCKER_CONFIG": str(tmp_path)}) is None


def test_only_this_machine_may_do_without_tls() -> None:
    assert all(is_loopback(host) for host in ("localhost", "localhost:5000", "127.0.0.1:1", "127.1.2.3", "[::1]:5000"))
    assert not any(
        is_loopback(host) for host in ("localhost.example", "10.0.0.1:5000", "example", "", "127.0.0.1.example:5000", "128.0.0.1")
    )
