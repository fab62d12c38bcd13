# SPDX-License-Identifier: Apache-2.0
"""Attacks on images as commands: a layout on disk whose signature was made in memory, then changed by somebody else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.flows.sign import SignRequest, sign
from tests.e2e.attacking import told
from tests.fakes.signing import SigningPlace

MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
TITLE = "org.opencontainers.image.ref.name"
BLOBS = Path("image/blobs/sha256")


def put(content: bytes, kind: str, **more: Any) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    (BLOBS / digest).write_bytes(content)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content), **more}


def platform(word: str) -> dict[str, Any]:
    config = put(json.dumps({"architecture": word}).encode(), "application/vnd.oci.image.config.v1+json")
    layers = [put(word.encode() * 100, "application/vnd.oci.image.layer.v1.tar")]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    return put(json.dumps(manifest).encode(), MANIFEST)


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(Path("image/index.json").read_bytes())["manifests"]
    return found


def relist(entries: list[dict[str, Any]]) -> None:
    Path("image/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))


class Yard:
    """A layout with an index of two platforms under v1 and an image under other; v1 is signed, other is not."""

    def __init__(self) -> None:
        BLOBS.mkdir(parents=True)
        Path("image/oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.amd, self.arm = platform("amd64"), platform("arm64")
        self.index = put(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [self.amd, self.arm]}).encode(), INDEX)
        self.other = platform("other")
        relist([{**self.index, "annotations": {TITLE: "v1"}}, {**self.other, "annotations": {TITLE: "other"}}])
        self.signing = SigningPlace()
        Path("key.pem").write_text(self.signing.key.public_pem)
        sign(SignRequest(("oci:image:v1",), "", "signing", "", "user:ada"), doors=self.signing.sign_doors)

    def tag(self, name: str, entry: dict[str, Any]) -> None:
        relist([{**entry, "annotations": {TITLE: name}}, *(each for each in listed() if each.get("annotations", {}).get(TITLE) != name)])


Deed = Callable[[Yard], str]


def the_signed_image(_yard: Yard) -> str:
    return "oci:image:v1"


def the_signed_image_by_digest(yard: Yard) -> str:
    return f"oci:image@{yard.index['digest']}"


def tag_moved_to_another_image(yard: Yard) -> str:
    yard.tag("v1", yard.other)
    return "oci:image:v1"


def one_platform_of_a_signed_index(yard: Yard) -> str:
    return f"oci:image@{yard.amd['digest']}"


def referrer_hung_on_another_image(yard: Yard) -> str:
    referrer = next(each for each in listed() if "bundle" in each.get("artifactType", ""))
    path = BLOBS / referrer["digest"][7:]
    manifest = {**json.loads(path.read_bytes()), "subject": {key: yard.other[key] for key in ("mediaType", "digest", "size")}}
    entry = put(json.dumps(manifest).encode(), MANIFEST, artifactType=referrer["artifactType"])
    relist([*listed(), entry])
    tag = "sha256-" + yard.other["digest"][7:]
    fallback = put(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode(), INDEX, annotations={TITLE: tag})
    relist([*listed(), fallback])
    return "oci:image:other"


def layer_changed_in_place(yard: Yard) -> str:
    layer = json.loads((BLOBS / yard.amd["digest"][7:]).read_bytes())["layers"][0]["digest"][7:]
    (BLOBS / layer).write_bytes(b"evil!" * 100)
    return "oci:image:v1"


def layer_of_another_length(yard: Yard) -> str:
    layer = json.loads((BLOBS / yard.amd["digest"][7:]).read_bytes())["layers"][0]["digest"][7:]
    (BLOBS / layer).write_bytes(b"")
    return "oci:image:v1"


def layer_missing(yard: Yard) -> str:
    (BLOBS / json.loads((BLOBS / yard.arm["digest"][7:]).read_bytes())["layers"][0]["digest"][7:]).unlink()
    return "oci:image:v1"


def layer_as_a_link_to_the_same_bytes(yard: Yard) -> str:
    layer = BLOBS / json.loads((BLOBS / yard.amd["digest"][7:]).read_bytes())["layers"][0]["digest"][7:]
    layer.rename("elsewhere")
    layer.symlink_to(Path("elsewhere").resolve())
    return "oci:image:v1"


def manifest_changed_in_place(yard: Yard) -> str:
    path = BLOBS / yard.amd["digest"][7:]
    path.write_bytes(path.read_bytes().replace(b"layers", b"Layers"))
    return "oci:image:v1"


def index_changed_in_place(yard: Yard) -> str:
    (BLOBS / yard.index["digest"][7:]).write_bytes(b'{"schemaVersion":2,"manifests":[]}')
    return "oci:image:v1"


def digest_that_leads_out(yard: Yard) -> str:
    Path("out").write_bytes(b"{}")
    yard.tag("v1", {**yard.index, "digest": "sha256:../../../out"})
    return "oci:image:v1"


def digest_of_another_algorithm(yard: Yard) -> str:
    yard.tag("v1", {**yard.index, "digest": "md5:" + "0" * 32})
    return "oci:image:v1"


def size_that_lies(yard: Yard) -> str:
    yard.tag("v1", {**yard.index, "size": 5})
    return "oci:image:v1"


def list_that_is_there_twice(yard: Yard) -> str:
    path = Path("image/index.json")
    evil = json.dumps([{**yard.other, "annotations": {TITLE: "v1"}}])
    path.write_text(path.read_text().replace('"manifests"', f'"manifests":{evil},"manifests"', 1))
    return "oci:image:v1"


def image_and_index_at_once(yard: Yard) -> str:
    index, manifest = (json.loads((BLOBS / each["digest"][7:]).read_bytes()) for each in (yard.index, yard.amd))
    yard.tag("both", put(json.dumps({**manifest, **index}).encode(), INDEX))
    sign(SignRequest(("oci:image:both",), "", "signing", "", "user:ada"), doors=yard.signing.sign_doors)
    return "oci:image:both"


def two_entries_under_one_tag(yard: Yard) -> str:
    relist([*listed(), {**yard.other, "annotations": {TITLE: "v1"}}])
    return "oci:image:v1"


def index_that_is_a_pipe(yard: Yard) -> str:
    del yard
    Path("image/index.json").unlink()
    os.mkfifo("image/index.json")
    return "oci:image:v1"


def bundle_of_the_referrer_changed(yard: Yard) -> str:
    del yard
    referrer = next(each for each in listed() if "bundle" in each.get("artifactType", ""))
    layer = BLOBS / json.loads((BLOBS / referrer["digest"][7:]).read_bytes())["layers"][0]["digest"][7:]
    layer.write_bytes(layer.read_bytes()[:-1] + b" ")
    return "oci:image:v1"


GOOD = [the_signed_image, the_signed_image_by_digest]
ATTACKS = [
    tag_moved_to_another_image, one_platform_of_a_signed_index, referrer_hung_on_another_image, layer_changed_in_place,
    layer_of_another_length, layer_missing, layer_as_a_link_to_the_same_bytes, manifest_changed_in_place, index_changed_in_place,
    digest_that_leads_out, digest_of_another_algorithm, size_that_lies, list_that_is_there_twice, image_and_index_at_once, two_entries_under_one_tag,
    index_that_is_a_pipe, bundle_of_the_referrer_changed,
]  # fmt: skip


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    monkeypatch.chdir(tmp_path)
    return Yard()


@pytest.mark.parametrize("deed", GOOD, ids=[deed.__name__ for deed in GOOD])
def test_a_good_image_is_accepted(yard: Yard, capsys: pytest.CaptureFixture[str], deed: Deed) -> None:
    code, out, err = told(capsys, "verify", deed(yard), "--key", "key.pem")
    assert (code, out[:5], err) == (0, "ok   ", "")


@pytest.mark.parametrize("deed", ATTACKS, ids=[deed.__name__ for deed in ATTACKS])
def test_an_attack_on_an_image_is_refused_in_one_line(yard: Yard, capsys: pytest.CaptureFixture[str], deed: Deed) -> None:
    subject = deed(yard)
    code, out, err = told(capsys, "verify", subject, "--key", "key.pem")
    assert code in (1, 2, 3), (code, out, err)
    lines = out.splitlines() or [line for line in err.splitlines() if "error:" in line]
    assert len(lines) == 1, (out, err)
    assert lines[0].startswith((f"FAIL {subject}  ", "pipeline-guard: error: "))
    assert "hint: " in err
