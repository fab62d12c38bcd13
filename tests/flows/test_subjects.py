# SPDX-License-Identifier: Apache-2.0
"""What can be signed as plain files: patterns, lists, folders, and very many at once."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.errors import GuardError, IntegrityError, NothingToDo, UsageError
from pipeline_guard.flows.payloads import to_verify
from pipeline_guard.flows.sign import Signed, SignRequest, sign
from pipeline_guard.flows.verify import verify
from pipeline_guard.model.key import KeyType, KeyUsage
from pipeline_guard.sign.timeline import bare
from tests.fakes.signing import SigningPlace

MANY = 100_000


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningPlace:
    """A signing key and what a build leaves."""
    monkeypatch.chdir(tmp_path)
    for name in ("dist/a-1.whl", "dist/b-1.tar.gz", "dist/deep/c.bin", "sbom.cdx.json"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return SigningPlace()


def signed(place: SigningPlace, *subjects: str, kind: str = "", bundle: str = "", **more: Any) -> list[Signed]:
    return sign(SignRequest(subjects, kind, "signing", bundle, "user:ada", **more), doors=place.sign_doors)


def verified(place: SigningPlace, *subjects: str, bundle: str = "") -> list[bool]:
    return [answer.verified for answer in verify(subjects, bundle, bare(place.key.public_pem), doors=place.verify_doors)]


def subjects_in(bundle: str) -> dict[str, str]:
    payload = base64.b64decode(json.loads(Path(bundle).read_bytes())["dsseEnvelope"]["payload"])
    return {subject["name"]: subject["digest"]["sha256"] for subject in json.loads(payload)["subject"]}


def sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_a_pattern_stands_for_the_files_that_match(place: SigningPlace) -> None:
    assert [made.subjects for made in signed(place, "dist/*")] == [("dist/a-1.whl",), ("dist/b-1.tar.gz",)]
    assert [made.subjects for made in signed(place, "dist/*")] == [("dist/a-1.whl",), ("dist/b-1.tar.gz",)]  # no signatures of signatures
    (made,) = signed(place, "dist/**/*.[wb]*", "dist/a-1.whl", bundle="all.json")
    assert made.subjects == ("dist/a-1.whl", "dist/deep/c.bin")
    assert subjects_in("all.json") == {"a-1.whl": sha256("dist/a-1.whl"), "c.bin": sha256("dist/deep/c.bin")}


def test_a_pattern_that_matches_nothing_is_told(place: SigningPlace) -> None:
    with pytest.raises(NothingToDo, match=r"dist/\*\.rpm"):
        signed(place, "dist/*.whl", "dist/*.rpm")
    assert place.token.signatures == 0


def test_a_file_with_brackets_in_its_name_is_no_pattern(place: SigningPlace) -> None:
    Path("a[1].bin").write_text("x")
    assert signed(place, "a[1].bin")[0].subjects == ("a[1].bin",)
    assert verified(place, "a[1].bin") == [True]


def test_a_pattern_follows_no_link(place: SigningPlace) -> None:
    Path("dist/link.whl").symlink_to("a-1.whl")
    assert [made.subjects for made in signed(place, "dist/*.whl")] == [("dist/a-1.whl",)]


def test_paths_of_a_list_share_one_statement(place: SigningPlace) -> None:
    Path("list.json").write_text('["dist/*.whl", {"path": "sbom.cdx.json"}]')
    signed(place, "dist/deep/c.bin", bundle="all.json", listed="list.json")
    assert list(subjects_in("all.json")) == ["c.bin", "a-1.whl", "sbom.cdx.json"]
    assert verified(place, "dist/deep/c.bin", "dist/a-1.whl", "sbom.cdx.json", bundle="all.json") == [True] * 3
    assert place.token.signatures == 1


def test_checksums_are_taken_as_told(place: SigningPlace) -> None:
    done = subprocess.run(["sha256sum", "dist/a-1.whl", "sbom.cdx.json"], capture_output=True, check=True)
    Path("sums").write_bytes(done.stdout)
    (made,) = signed(place, bundle="all.json", listed="sums", kind="provenance")
    assert made.subjects == ("dist/a-1.whl", "sbom.cdx.json")
    assert subjects_in("all.json") == {"dist/a-1.whl": sha256("dist/a-1.whl"), "sbom.cdx.json": sha256("sbom.cdx.json")}
    assert verified(place, "dist/a-1.whl", bundle="all.json") == [True]
    assert verified(place, "dist/deep/c.bin", bundle="all.json") == [False]


def test_a_list_without_a_place_for_its_statement_is_refused(place: SigningPlace) -> None:
    Path("list.json").write_text('["sbom.cdx.json"]')
    with pytest.raises(UsageError) as caught:
        signed(place, listed="list.json")
    assert "--bundle" in caught.value.hint
    with pytest.raises(GuardError):
        signed(place, listed="nowhere.json", bundle="x.json")
    Path("twice").write_text(f"{'11' * 32}  a\n{'22' * 32}  a\n")
    with pytest.raises(UsageError, match="two subjects are called a"):
        signed(place, listed="twice", bundle="x.json")


def test_a_folder_can_be_signed_as_plain_files(place: SigningPlace) -> None:
    (made,) = signed(place, "dist", kind="blob")
    assert made.bundle == "dist.sigstore.json"
    assert list(subjects_in(made.bundle)) == ["a-1.whl", "b-1.tar.gz", "deep/c.bin"]
    assert verified(place, "dist", "dist/") == [True, True]
    assert verified(place, "dist/a-1.whl", bundle=made.bundle) == [True]


@pytest.mark.parametrize("change", ["added", "removed", "changed", "linked"])
def test_a_folder_of_plain_files_must_be_what_was_signed(place: SigningPlace, change: str) -> None:
    signed(place, "dist", kind="provenance")
    path = Path("dist/deep/c.bin")
    if change == "added":
        path.with_name("d.bin").touch()
    elif change == "removed":
        path.unlink()
    elif change == "changed":
        path.write_text("dist/deep/C.bin")
    else:
        path.rename("elsewhere")
        path.symlink_to("../../elsewhere")
    assert verified(place, "dist") == [False]


def test_an_empty_folder_is_not_signed_as_plain_files(place: SigningPlace) -> None:
    Path("void").mkdir()
    with pytest.raises(NothingToDo):
        signed(place, "void", kind="blob")


def test_a_statement_over_names_outside_the_folder_is_refused(place: SigningPlace) -> None:
    Path("sums").write_text(f"{sha256('sbom.cdx.json')}  ../sbom.cdx.json\n")
    signed(place, bundle="all.json", listed="sums")
    answer = verify(["dist"], "all.json", bare(place.key.public_pem), doors=place.verify_doors)[0]
    assert "outside the folder" in answer.why


def test_a_hundred_thousand_subjects_are_one_statement_and_verified_in_linear_time(place: SigningPlace) -> None:
    names = [f"out/{number:06}.o" for number in range(MANY)]
    content = [name.encode() for name in names]
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in zip(names, content, strict=True)]
    Path("sums").write_text("\n".join(lines))
    (made,) = signed(place, bundle="all.json", listed="sums")
    assert len(made.subjects) == MANY
    assert place.token.signatures == 1
    assert len(place.state.events[0].object) <= 1000
    asked = [f"sha256:{line[:64]}" for line in lines[::10]]
    reads: list[str] = []
    reading = place.verify_doors.files.read
    place.verify_doors.files.read = lambda path, limit: reads.append(path) or reading(path, limit)  # type: ignore[method-assign]
    assert all(verified(place, *asked, bundle="all.json"))
    assert reads == ["all.json"]
    assert verified(place, "sha256:" + "0" * 64, bundle="all.json") == [False]


def test_a_thousand_subjects_open_the_token_once(place: SigningPlace) -> None:
    opened: list[int] = []
    Path("many").mkdir()
    for number in range(1000):
        Path("many", str(number)).write_text(str(number))
    doors = place.sign_doors
    counted = type(doors)(
        doors.clock, doors.files, doors.tree, lambda: opened.append(1) or place.token, lambda: opened.append(2) or place.state, doors.images
    )
    made = sign(SignRequest(("many/*",), "", "signing", "", "user:ada"), doors=counted)
    assert (len(made), place.token.signatures) == (1000, 1000)
    assert sorted(opened) == [1, 2]


def test_a_name_that_is_not_utf8_is_refused(place: SigningPlace) -> None:
    Path(os.fsdecode(b"dist/\xff.whl")).touch()
    for subjects, kind in ((("dist/*.whl",), ""), (("dist",), "blob")):
        with pytest.raises((UsageError, IntegrityError), match="not UTF-8"):
            signed(place, *subjects, kind=kind)


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_what_lies_at_the_place_of_a_signature_leads_it_nowhere(place: SigningPlace, kind: str) -> None:
    planted, victim = Path("dist/a-1.whl.sigstore.json"), Path("victim")
    victim.write_text("precious")
    make = {"link": lambda: planted.symlink_to("../victim"), "fifo": lambda: os.mkfifo(planted), "folder": planted.mkdir}
    make[kind]()
    with pytest.raises(UsageError, match="place is taken"):
        signed(place, "dist/*.whl")
    assert victim.read_text() == "precious"
    assert place.token.signatures == 0


def test_the_place_of_a_second_signature_is_looked_at_too(place: SigningPlace) -> None:
    place.state.add_key(place.token.create("quantum", 1, KeyType.ML_DSA_65, KeyUsage.SIGN))
    Path("dist/a-1.whl.pq.sigstore.json").symlink_to("../victim")
    with pytest.raises(UsageError, match="place is taken"):
        signed(place, "dist/a-1.whl", pq_key="quantum")
    assert not Path("victim").exists()


def test_patterns_and_lists_are_verified_as_they_were_signed(place: SigningPlace) -> None:
    signed(place, "dist/**/*", bundle="all.json")
    files = place.sign_doors.files
    assert to_verify(["dist/**/*"], "", files) == ["dist/a-1.whl", "dist/b-1.tar.gz", "dist/deep/c.bin"]
    assert verified(place, *to_verify(["dist/**/*"], "", files), bundle="all.json") == [True, True, True]
    Path("SUMS").write_text(f"{sha256('dist/a-1.whl')}  a-1.whl\n{'11' * 32} *b-1.tar.gz\n{hashlib.sha512(b'x').hexdigest()}  c\n")
    told = to_verify([], "SUMS", files)
    assert verified(place, *told, bundle="all.json") == [True, False, False]
    Path("list.json").write_text(json.dumps(["dist/a-1.whl", {"path": "sbom.cdx.json"}]))
    assert verified(place, *to_verify(["dist/a-1.whl"], "list.json", files), bundle="all.json") == [True, False]
    with pytest.raises(NothingToDo):
        to_verify(["dist/*.rpm"], "", files)
    with pytest.raises(UsageError):
        to_verify([], "", files)


def test_hundreds_of_subjects_of_a_list_are_verified_with_one_statement(place: SigningPlace) -> None:
    Path("many.json").write_text(json.dumps([{"name": f"f{n}", "digest": {"sha256": f"{n:064x}"}} for n in range(700)]))
    signed(place, kind="blob", listed="many.json", bundle="all.json")
    assert verified(place, *to_verify([], "many.json", place.sign_doors.files), bundle="all.json") == [True] * 700


@pytest.mark.parametrize("trouble", ["loop", "long"])
def test_a_path_that_leads_nowhere_is_told_with_what_to_do(place: SigningPlace, trouble: str) -> None:
    Path("loop").symlink_to("loop")
    with pytest.raises(UsageError) as caught:
        place.sign_doors.files.read("loop" if trouble == "loop" else "x" * 5000, 10)
    assert caught.value.hint
