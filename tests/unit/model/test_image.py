# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.image import LAYOUT, REGISTRY, ImageReference, is_image

HEX = "11" * 32


@pytest.mark.parametrize(
    ("text", "expected", "name"),
    [
        ("oci:dist/image", ImageReference(LAYOUT, "dist/image", "", "", None), "image"),
        ("oci:/a/image/:v1.0", ImageReference(LAYOUT, "/a/image/", "", "v1.0", None), "image"),
        (f"oci:image@sha256:{HEX}", ImageReference(LAYOUT, "image", "", "", Digest("sha256", HEX)), "image"),
        ("docker://ghcr.io/team/app", ImageReference(REGISTRY, "ghcr.io", "team/app", "", None), "ghcr.io/team/app"),
        ("docker://h:5000/a__b/c-d.e:v1", ImageReference(REGISTRY, "h:5000", "a__b/c-d.e", "v1", None), "h:5000/a__b/c-d.e"),
        (f"docker://[::1]:5000/app:v1@sha256:{HEX}", ImageReference(REGISTRY, "[::1]:5000", "app", "v1", Digest("sha256", HEX)), "[::1]:5000/app"),
    ],
)  # fmt: skip
def test_an_image_is_read(text: str, expected: ImageReference, name: str) -> None:
    assert is_image(text)
    assert ImageReference.parse(text) == expected
    assert expected.name == name


@pytest.mark.parametrize(
    "text",
    [
        "oci:",
        "oci:image:a b",
        "oci:image@sha256:00",
        f"oci:image@sha512:{'11' * 64}",
        "docker://",
        "docker://host",
        "docker://host/",
        "docker://host/App",
        "docker://host/app:",
        "docker://host/app:a/b",
        "docker://host/../app",
        "docker://user@host/app",
        "docker://host/app?x=1",
        "docker://ho st/app",
        "docker://host/" + "a" * 300,
        "image",
    ],
)
def test_what_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        ImageReference.parse(text)


def test_paths_are_no_images() -> None:
    assert not any(is_image(path) for path in ("./oci:x", "dist/app", "sha256:00", "docker:/x"))
