# SPDX-License-Identifier: Apache-2.0
"""The gate with a network: registries say what they published, and silence is never green where policy insists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.http import Place, serving

GOOD, OTHER = "a" * 64, "b" * 64
ONLINE = ("package-altered", "package-unpublished", "package-withdrawn", "provenance-lost")


@pytest.fixture
def index() -> Iterator[Place]:
    with serving() as place:
        place.answers["/simple/a/"] = {"files": [{"filename": "a-1.tar.gz", "hashes": {"sha256": GOOD}, "yanked": False}]}
        yield place


def outcome(guard: Callable[..., Any], repository: Any, network: str, address: str, *words: str) -> tuple[int, dict[str, str]]:
    lookup = f"  lookup: {{PyPI: '{address}'}}\n" if address else ""
    repository.commit("policy", {".pipeline-guard.yml": f"version: 1\ngate:\n  network: {network}\n{lookup}"})
    done = guard("gate", "--format", "json", *words, cwd=repository.path)
    assert "Traceback" not in done.err
    return done.code, {check["id"]: check["status"] for check in json.loads(done.out)["checks"] if check["id"] in ONLINE}


def test_hash_that_is_published_passes_and_another_is_red(guard: Callable[..., Any], repository: Any, index: Place) -> None:
    repository.write("requirements.txt", f"a==1 --hash=sha256:{GOOD}\n")
    assert outcome(guard, repository, "require", index.url) == (0, dict.fromkeys(ONLINE, "pass"))
    repository.write("requirements.txt", f"a==1 --hash=sha256:{OTHER}\n")
    code, checks = outcome(guard, repository, "require", index.url)
    assert (code, checks["package-altered"]) == (1, "fail")


def test_invented_package_is_red(guard: Callable[..., Any], repository: Any, index: Place) -> None:
    repository.write("requirements.txt", f"invented==1 --hash=sha256:{GOOD}\n")
    code, checks = outcome(guard, repository, "try", index.url)
    assert (code, checks["package-unpublished"]) == (1, "fail")


@pytest.mark.parametrize(("network", "code"), [("off", 0), ("try", 0), ("require", 6)])
@pytest.mark.parametrize("fault", ["silent", "broken", "unnamed", "unsafe"])
def test_silence_is_unchecked_and_policy_decides(
    guard: Callable[..., Any], repository: Any, index: Place, network: str, code: int, fault: str
) -> None:
    repository.write("requirements.txt", f"a==1 --hash=sha256:{GOOD}\n")
    index.answers["/simple/a/"] = 500 if fault == "broken" else index.answers["/simple/a/"]
    address = {"silent": "http://127.0.0.1:1", "broken": index.url, "unnamed": "", "unsafe": "http://r.example"}[fault]
    assert outcome(guard, repository, network, address) == (code, dict.fromkeys(ONLINE, "unchecked"))


def test_only_what_the_change_brings_in_is_asked_for(guard: Callable[..., Any], repository: Any, index: Place) -> None:
    repository.write("requirements.txt", f"old==1 --hash=sha256:{GOOD}\n")
    outcome(guard, repository, "require", index.url)
    repository.git("switch", "-q", "-c", "topic")
    repository.write("requirements.txt", f"old==1 --hash=sha256:{GOOD}\na==1 --hash=sha256:{GOOD}\n")
    index.asked.clear()
    assert outcome(guard, repository, "require", index.url, "--base", "main")[0] == 0
    assert index.asked == ["/simple/a/"]
