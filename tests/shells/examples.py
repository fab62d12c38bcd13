# SPDX-License-Identifier: Apache-2.0
"""Every example in our pages that somebody may copy into a repository, as a file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.shells.reading import ROOT

PAGES = sorted(
    [ROOT / "README.md", *ROOT.glob("actions/**/README.md"), ROOT / "gitlab-templates" / "README.md", *ROOT.glob("docs/**/*.md")]
)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BLOCK = re.compile(r"^```ya?ml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FORGE = {"jobs": re.compile(r"^jobs:$", re.MULTILINE), "gitlab": re.compile(r"^include:$|^ +extends: ", re.MULTILINE)}


def examples(kind: str) -> Iterator[tuple[str, str]]:
    """Give a name and the text of each example of a workflow ("jobs") or of a file of GitLab ("gitlab")."""
    for page in PAGES:
        for number, block in enumerate(BLOCK.findall(page.read_text()), 1):
            if FORGE[kind].search(block):
                name = f"{page.relative_to(ROOT).with_suffix('')}-{number}".replace("/", "-").lower()
                yield (
                    name,
                    block.replace("FULL_COMMIT_SHA # replace by the 40 hexadecimal digits of a release", f"{COMMIT} # v1.0.0").replace(
                        "FULL_COMMIT_SHA", COMMIT
                    ),
                )


def write(folder: Path, kind: str) -> list[Path]:
    """Write the examples where their forge would look for them."""
    place = folder / ".github" / "workflows" if kind == "jobs" else folder
    place.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in examples(kind):
        path = place / f"{name}.yml"
        path.write_text(text)
        paths.append(path)
    return paths
