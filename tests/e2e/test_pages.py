# SPDX-License-Identifier: Apache-2.0
"""What the documentation copies from the program is as the program says it: `make pages` writes it anew."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_no_page_differs_from_what_the_program_says() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "docs/make_pages.py"), "--check"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), f"make pages\n{done.stdout}{done.stderr}"


def test_the_picture_is_an_image_without_scripts_that_shows_both_mistakes() -> None:
    text = (ROOT / "docs/dry-run.svg").read_text()
    assert set(re.findall(r"<(\w+)", text)) == {"svg", "title", "style", "rect", "circle", "text", "tspan"}
    words = re.sub(r"<[^>]*>", "", text)
    for told in ("GitHub token", "requirement-unhashed", "exit 1", "0 writes made"):
        assert told in words


@pytest.mark.parametrize(
    "path",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", path.read_text()):
        name = target[0] or target[1]
        if "://" not in name and not name.startswith("mailto:"):
            assert (path.parent / name).exists(), name


def test_the_index_lists_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text()
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert {page for page in pages if f"]({page})" not in index} == set()
