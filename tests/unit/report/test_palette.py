# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.report.palette import GRAPHIC_CONTRAST, GRAPHICS, SURFACES, TEXT_CONTRAST, TEXTS, contrast


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_can_be_read_on_every_surface(text: str, surface: str, dark: bool) -> None:
    assert contrast(TEXTS[text][dark], SURFACES[surface][dark]) >= TEXT_CONTRAST


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", GRAPHICS)
def test_every_bar_stands_out_from_the_card_and_the_track(name: str, dark: bool) -> None:
    for surface in ("card", "raised"):
        assert contrast(GRAPHICS[name][dark], SURFACES[surface][dark]) >= GRAPHIC_CONTRAST
