# SPDX-License-Identifier: Apache-2.0
"""Bundles of the public Sigstore instance, years old, as sigstore-go's package carries them: ours verifies them offline."""

from __future__ import annotations

from pathlib import Path

import pytest
import sigstore

from pipeline_guard.errors import IntegrityError
from pipeline_guard.sign.certificate import Expected
from pipeline_guard.sign.certified import verify_certified
from pipeline_guard.sign.trusted_root import read_trusted_root
from tests.interop.conftest import TOOLS

FOLDER = TOOLS / "usr/share/gocode/src/github.com/sigstore/sigstore-go/pkg/testing/data"
ACTIONS = "https://token.actions.githubusercontent.com"
PUBLIC = [
    (
        "sigstore.js@2.0.0-provenance",
        "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
        ACTIONS,
        "public-good",
    ),
    ("dsse", "brian@dehamer.com", "https://github.com/login/oauth", "public-good"),
    ("othername", "foo!oidc.local", "http://oidc.local:8080", "scaffolding"),
]


@pytest.mark.parametrize(("name", "identity", "issuer", "root"), PUBLIC, ids=[row[0] for row in PUBLIC])
def test_a_bundle_of_the_public_instance_verifies_and_another_identity_is_refused(name: str, identity: str, issuer: str, root: str) -> None:
    bundle = (FOLDER / "bundles" / f"{name}.sigstore.json").read_bytes()
    roots = [(FOLDER / "trusted-roots" / f"{root}.json").read_bytes()]
    if root == "public-good":
        roots.append(next((Path(sigstore.__file__).parent / "_store").glob("*sigstore.dev/trusted_root.json")).read_bytes())
    for content in roots:
        trusted = read_trusted_root(content, root)
        statement = verify_certified(bundle, trusted, Expected(identity, issuer), name)
        assert statement.judgement.time
        for wrong in (Expected(identity + "x", issuer), Expected(identity, issuer + "x")):
            with pytest.raises(IntegrityError):
                verify_certified(bundle, trusted, wrong, name)


def test_two_signatures_are_refused() -> None:
    bundle = (FOLDER / "bundles" / "dsse-2sigs.sigstore.json").read_bytes()
    root = read_trusted_root((FOLDER / "trusted-roots" / "public-good.json").read_bytes(), "r")
    with pytest.raises(IntegrityError, match="exactly one signature"):
        verify_certified(bundle, root, Expected("brian@dehamer.com", "https://github.com/login/oauth"), "b")
