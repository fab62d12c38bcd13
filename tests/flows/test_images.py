# SPDX-License-Identifier: Apache-2.0
"""Container images: signatures as referrers, in a layout folder and in a registry over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.errors import IntegrityError, NothingToDo, Unavailable, UsageError
from pipeline_guard.flows.sign import Signed, SignRequest, sign
from pipeline_guard.flows.verify import verify
from pipeline_guard.model.signature import SignatureVerdict
from pipeline_guard.model.verification import Verification
from pipeline_guard.sign.timeline import bare
from tests.fakes.registry import Registry, running
from tests.fakes.signing import SigningPlace

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
TITLE = "org.opencontainers.image.ref.name"


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def entry(content: bytes, kind: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest_of(content), "size": len(content), **more}


def image(word: str) -> tuple[dict[str, Any], bytes, bytes]:
    config, layer = json.dumps({"architecture": word}).encode(), word.encode() * 1000
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": entry(config, "application/vnd.oci.image.config.v1+json")}
    return {**manifest, "layers": [entry(layer, "application/vnd.oci.image.layer.v1.tar")]}, config, layer


def put(content: bytes) -> bytes:
    Path("image/blobs/sha256").mkdir(parents=True, exist_ok=True)
    Path("image/blobs/sha256", hashlib.sha256(content).hexdigest()).write_bytes(content)
    return content


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningPlace:
    """A signing key and a layout with two images, one of them for two platforms."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    documents = [image("amd64"), image("arm64"), image("other")]
    first, second, other = (put(json.dumps(document).encode()) for document, *_ in documents)
    for _, *blobs in documents:
        [put(blob) for blob in blobs]
    index = put(
        json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry(first, MANIFEST), entry(second, MANIFEST)]}).encode()
    )
    Path("image/oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    listed = [entry(index, INDEX, annotations={TITLE: "v1"}), entry(other, MANIFEST, annotations={TITLE: "other"})]
    Path("image/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": listed}))
    return SigningPlace()


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running(Registry()) as found:
        found.push("v1", *image("amd64"))
        found.push("other", *image("other"))
        yield found


def signed(place: SigningPlace, subject: str, kind: str = "", bundle: str = "") -> Signed:
    return sign(SignRequest((subject,), kind, "signing", bundle, "user:ada"), doors=place.sign_doors)[0]


def verified(place: SigningPlace, subject: str, bundle: str = "") -> Verification:
    return verify([subject], bundle, bare(place.key.public_pem), doors=place.verify_doors)[0]


def layout_index() -> list[dict[str, Any]]:
    return list(json.loads(Path("image/index.json").read_bytes())["manifests"])


# --- layouts


def test_a_signature_in_a_layout_is_found_again(place: SigningPlace) -> None:
    made = signed(place, "oci:image:v1")
    answer = verified(place, "oci:image:v1")
    assert (answer.verdict, answer.bundle) == (SignatureVerdict.VALID, made.bundle)
    assert answer.digest == layout_index()[0]["digest"]
    assert verified(place, f"oci:image@{answer.digest}").verified
    assert verified(place, "oci:image:other").verdict is SignatureVerdict.NO_SIGNATURE


def test_the_referrer_is_what_cosign_3_writes(place: SigningPlace) -> None:
    signed(place, "oci:image:v1")
    v1, _, referrer, fallback = layout_index()
    assert referrer["artifactType"] == BUNDLE
    assert fallback["annotations"] == {TITLE: "sha256-" + v1["digest"].removeprefix("sha256:")}
    manifest = json.loads(Path("image/blobs/sha256", referrer["digest"][7:]).read_bytes())
    assert manifest["artifactType"] == manifest["layers"][0]["mediaType"] == BUNDLE
    assert manifest["subject"] == {key: v1[key] for key in ("mediaType", "digest", "size")}
    assert manifest["config"] == {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2}
    assert manifest["annotations"]["dev.sigstore.bundle.predicateType"] == "https://sigstore.dev/cosign/sign/v1"
    bundle = json.loads(Path("image/blobs/sha256", manifest["layers"][0]["digest"][7:]).read_bytes())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    assert statement["subject"] == [{"name": "image", "digest": {"sha256": v1["digest"][7:]}}]


def test_several_signatures_stand_beside_each_other(place: SigningPlace) -> None:
    other = SigningPlace()
    for signer, kind in ((other, ""), (place, "provenance"), (place, "")):
        signed(signer, "oci:image:v1", kind)
    assert verified(place, "oci:image:v1").verified
    assert verified(other, "oci:image:v1").verified
    assert verified(SigningPlace(), "oci:image:v1").verdict is SignatureVerdict.UNKNOWN_KEY
    assert len([one for one in layout_index() if one.get("artifactType") == BUNDLE]) == 3


def test_a_layout_of_one_image_needs_no_tag_even_when_it_is_signed(place: SigningPlace) -> None:
    with pytest.raises(UsageError, match="several images"):
        signed(place, "oci:image")
    Path("image/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": layout_index()[1:]}))
    signed(place, "oci:image")
    assert verified(place, "oci:image").verified
    signed(place, "oci:image", "provenance")
    assert verified(place, "oci:image").verified


@pytest.mark.parametrize("what", ["layer", "config", "manifest", "gone"])
def test_a_layout_that_is_not_what_its_manifest_says_is_refused(place: SigningPlace, what: str) -> None:
    signed(place, "oci:image:v1")
    document, config, layer = image("arm64")
    content = {"layer": layer, "config": config, "manifest": json.dumps(document).encode(), "gone": layer}[what]
    path = Path("image/blobs/sha256", hashlib.sha256(content).hexdigest())
    if what == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-1] + b"!")
    answer = verified(place, "oci:image:v1")
    assert not answer.verified
    assert answer.hint
    assert verified(place, "oci:image:other").verdict is SignatureVerdict.NO_SIGNATURE


def test_a_tag_that_was_moved_to_another_image_does_not_verify(place: SigningPlace) -> None:
    signed(place, "oci:image:other")
    listed = layout_index()
    listed[0]["annotations"], listed[1]["annotations"] = listed[1]["annotations"], listed[0]["annotations"]
    Path("image/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": listed}))
    assert not verified(place, "oci:image:other").verified


def test_a_referrer_that_was_hung_on_another_image_does_not_verify(place: SigningPlace) -> None:
    signed(place, "oci:image:other")
    listed = layout_index()
    listed[-1]["annotations"][TITLE] = "sha256-" + listed[0]["digest"][7:]
    Path("image/index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": listed}))
    assert verified(place, "oci:image:v1").verdict is SignatureVerdict.WRONG_SUBJECT


def test_a_named_bundle_serves_too(place: SigningPlace) -> None:
    assert signed(place, "oci:image:v1", bundle="image.json").bundle == "image.json"
    assert len(layout_index()) == 2
    assert verified(place, "oci:image:v1").verdict is SignatureVerdict.NO_SIGNATURE
    assert verified(place, "oci:image:v1", "image.json").verified
    assert verified(place, "oci:image:v1", "nothing.json").verdict is SignatureVerdict.NO_SIGNATURE
    assert not verified(place, "oci:image:other", "image.json").verified


@pytest.mark.parametrize(
    "damage",
    [b"", b"[]", b"{}", b'{"manifests":[1]}', b'{"manifests":[{"mediaType":"x","digest":"md5:0","size":1}]}', b"\xff", b"[" * 50_000],
    ids=lambda damage: repr(damage[:30]),
)
def test_a_damaged_index_is_refused(place: SigningPlace, damage: bytes) -> None:
    Path("image/index.json").write_bytes(damage)
    with pytest.raises((IntegrityError, NothingToDo)):
        signed(place, "oci:image:v1")


@pytest.mark.parametrize(("subject", "error"), [("oci:nowhere", NothingToDo), ("oci:image:v9", NothingToDo), ("oci:", UsageError)])
def test_an_image_that_is_not_there_is_told(place: SigningPlace, subject: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        signed(place, subject)
    with pytest.raises(error):
        verified(place, subject) if error is NothingToDo else signed(place, subject)


# --- registries


@pytest.mark.parametrize("referrers", [True, False])
def test_a_signature_in_a_registry_is_found_again(place: SigningPlace, registry: Registry, referrers: bool) -> None:
    registry.referrers = referrers
    subject = f"docker://{registry.host}/team/app:v1"
    signed(place, subject)
    signed(place, subject, "provenance")
    answer = verified(place, subject)
    assert answer.verdict is SignatureVerdict.VALID
    assert answer.digest == registry.tags["v1"]
    assert (f"sha256-{registry.tags['v1'][7:]}" in registry.tags) is not referrers
    assert len([kind for kind in registry.asked if kind.startswith("PUT") and "manifests/sha256:" in kind]) == 2
    assert verified(place, f"docker://{registry.host}/team/app@{registry.tags['v1']}").verified
    assert verified(place, f"docker://{registry.host}/team/app:other").verdict is SignatureVerdict.NO_SIGNATURE
    registry.tags["v1"] = registry.tags["other"]
    assert not verified(place, subject).verified


def test_every_page_of_referrers_is_read(place: SigningPlace, registry: Registry) -> None:
    subject = f"docker://{registry.host}/team/app:v1"
    for signer in (SigningPlace(), SigningPlace(), place):
        signed(signer, subject)
    registry.page = 1
    assert verified(place, subject).verified


def test_a_list_that_was_kept_under_the_tag_before_counts_still(place: SigningPlace, registry: Registry) -> None:
    subject = f"docker://{registry.host}/team/app:v1"
    registry.referrers = False
    signed(place, subject)
    digest = next(digest for digest, (_, content) in registry.manifests.items() if b'"subject"' in content)
    kind, content = registry.manifests[digest]
    registry.referrers = True
    assert verified(place, subject).verified
    registry.manifests[digest] = (kind, content + b" ")
    assert not verified(place, subject).verified


def test_a_list_as_cosign_keeps_it_without_a_referrers_api_is_read(place: SigningPlace, registry: Registry) -> None:
    subject = f"docker://{registry.host}/team/app:v1"
    registry.referrers = False
    signed(place, subject)
    tag = f"sha256-{registry.tags['v1'][7:]}"
    kind, content = registry.manifests[registry.tags[tag]]
    document = json.loads(content)
    for listed in document["manifests"]:
        del listed["annotations"]
        listed["artifactType"] = "application/vnd.oci.empty.v1+json"
    registry.keep(kind, json.dumps(document).encode(), tag)
    assert verified(place, subject).verified


@pytest.mark.parametrize("login", ["basic", "bearer"])
def test_a_registry_that_wants_a_login_gets_the_one_of_docker(place: SigningPlace, registry: Registry, login: str) -> None:
    registry.login = login
    subject = f"docker://{registry.host}/team/app:v1"
    with pytest.raises(Unavailable) as caught:
        signed(place, subject)
    assert caught.value.hint == f"docker login {registry.host}"
    Path(".docker").mkdir()
    word = base64.b64encode(b"ada:lovelace").decode()
    Path(".docker/config.json").write_text(json.dumps({"auths": {registry.host: {"auth": word}}}))
    signed(place, subject)
    assert verified(place, subject).verified


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_in_trouble_may_be_asked_again_later(place: SigningPlace, registry: Registry, status: int) -> None:
    registry.broken = status
    with pytest.raises(Unavailable):
        signed(place, f"docker://{registry.host}/team/app:v1")


def test_a_registry_that_is_not_there_is_unavailable(place: SigningPlace) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        verified(place, "docker://127.0.0.1:1/team/app:v1")


def test_a_manifest_that_is_not_what_was_asked_for_is_refused(place: SigningPlace, registry: Registry) -> None:
    digest = registry.tags["v1"]
    registry.manifests[digest] = registry.manifests[registry.tags["other"]]
    with pytest.raises(IntegrityError):
        signed(place, f"docker://{registry.host}/team/app@{digest}")


def test_a_bundle_that_is_too_large_or_missing_is_refused(place: SigningPlace, registry: Registry) -> None:
    subject = f"docker://{registry.host}/team/app:v1"
    before = set(registry.blobs)
    signed(place, subject)
    (bundle,) = (name for name in set(registry.blobs) - before if registry.blobs[name] != b"{}")
    content = registry.blobs[bundle]
    registry.blobs[bundle] = content + b" " * 100
    assert "longer than" in verified(place, subject).why
    del registry.blobs[bundle]
    assert "is listed and not there" in verified(place, subject).why


def test_policy_takes_images(place: SigningPlace, registry: Registry) -> None:
    from pipeline_guard.config import parse_signature_policy
    from pipeline_guard.flows.demands import verify_by_policy
    from pipeline_guard.flows.trust import TrustFiles
    from pipeline_guard.flows.verify import KeyDoors

    Path("key.pem").write_text(place.key.public_pem)
    text = f"version: 1\nrules:\n- subjects: ['{registry.host}/team/*', image]\n  signers: [{{key: ./key.pem}}]\n"
    rules = parse_signature_policy(text.encode(), "policy.yml")
    keys = KeyDoors(lambda: place.state, lambda: place.token)
    subjects = [f"docker://{registry.host}/team/app:v1", "oci:image:v1"]

    def answers() -> list[bool]:
        found = verify_by_policy(subjects, [], rules, TrustFiles(), doors=place.verify_doors, keys=keys)
        return [one.verified for one in found]

    assert answers() == [False, False]
    for subject in subjects:
        signed(place, subject)
    assert answers() == [True, True]


def test_images_and_files_are_signed_in_one_go_and_the_token_is_opened_once(place: SigningPlace) -> None:
    Path("a.bin").write_bytes(b"a")
    sign(SignRequest(("oci:image:v1", "a.bin", "oci:image:other"), "", "signing", "", "user:ada"), doors=place.sign_doors)
    answers = verify(["a.bin", "oci:image:v1", "oci:image:other"], "", bare(place.key.public_pem), doors=place.verify_doors)
    assert [answer.verified for answer in answers] == [True, True, True]
    with pytest.raises(UsageError):
        sign(SignRequest(("oci:image:v1", "a.bin"), "", "signing", "x.json", "user:ada"), doors=place.sign_doors)
    with pytest.raises(UsageError):
        signed(place, "oci:image:v1", "model")
