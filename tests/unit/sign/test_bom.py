# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError
from pipeline_guard.sign.bom import check_bom

ONE, TWO, OTHER, ROOT = (hashlib.sha256(word).hexdigest() for word in (b"one", b"two", b"other", b"root"))
FILES = {"weights/a.safetensors": ONE, "config.json": TWO}
CYCLONEDX, SPDX = "https://cyclonedx.org/bom", "https://spdx.dev/Document/v2.3"


def component(name: str, digest: str, kind: str = "file", **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "hashes": [{"alg": "SHA-1", "content": "x"}, {"alg": "SHA-256", "content": digest}], **more}


def cyclonedx(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "components": list(components), **more}


GOOD: list[tuple[dict[str, Any], str]] = [
    (cyclonedx(component("weights/a.safetensors", ONE)), CYCLONEDX),
    (cyclonedx(component("./config.json", TWO.upper())), f"{CYCLONEDX}/v1.7"),
    (cyclonedx(component("whatever it is called", ONE)), CYCLONEDX),
    (cyclonedx(metadata={"component": component("model", ROOT, "machine-learning-model")}), CYCLONEDX),
    (cyclonedx(component("m", ROOT, "machine-learning-model", components=[component("config.json", TWO)])), CYCLONEDX),
    (cyclonedx(component("config.json", TWO), component("torch", OTHER, "library")), CYCLONEDX),
    (
        {"spdxVersion": "SPDX-2.3", "files": [{"fileName": "./config.json", "checksums": [{"algorithm": "SHA256", "checksumValue": TWO}]}]},
        SPDX,
    ),
    (
        {"@graph": [{"type": "software_File", "name": "a", "verifiedUsing": [{"algorithm": "sha256", "hashValue": ONE}]}]},
        "https://spdx.dev/Document/v3",
    ),
    ({"anything": 1}, "https://example.org/predicate"),
]


@pytest.mark.parametrize(("bom", "kind"), GOOD)
def test_a_bom_whose_digests_are_the_models_may_be_signed(bom: dict[str, Any], kind: str) -> None:
    check_bom(bom, kind, FILES, ROOT, "bom.json")


@pytest.mark.parametrize(
    ("bom", "kind", "told"),
    [
        (cyclonedx(component("config.json", ONE)), CYCLONEDX, "config.json is sha256:"),
        (cyclonedx(component("config.json", TWO), component("gone.bin", OTHER)), CYCLONEDX, "gone.bin"),
        (cyclonedx(metadata={"component": component("model", OTHER, "machine-learning-model")}), CYCLONEDX, "no file of the model"),
        (cyclonedx(component("m", ROOT, "machine-learning-model", components=[component("config.json", ONE)])), CYCLONEDX, "config.json"),
        (cyclonedx(component("torch", OTHER, "library")), CYCLONEDX, "nothing binds"),
        (cyclonedx(), CYCLONEDX, "nothing binds"),
        ({"components": 7, "metadata": []}, CYCLONEDX, "nothing binds"),
        ({"components": [7, {"type": "file", "hashes": [7, {"alg": "SHA-256", "content": 7}]}]}, CYCLONEDX, "nothing binds"),
        ({"files": [{"fileName": "./config.json", "checksums": [{"algorithm": "SHA256", "checksumValue": ONE}]}]}, SPDX, "config.json"),
        ({"files": [7]}, SPDX, "nothing binds"),
    ],
)
def test_a_bom_of_another_model_is_refused(bom: dict[str, Any], kind: str, told: str) -> None:
    with pytest.raises(IntegrityError, match=told) as caught:
        check_bom(bom, kind, FILES, ROOT, "bom.json")
    assert caught.value.hint


def test_a_bom_nested_without_end_ends() -> None:
    bom: dict[str, Any] = component("config.json", TWO)
    for _ in range(500):
        bom = {"type": "application", "components": [bom]}
    with pytest.raises(IntegrityError, match="nothing binds"):
        check_bom({"components": [bom]}, CYCLONEDX, FILES, ROOT, "bom.json")
