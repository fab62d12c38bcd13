# SPDX-License-Identifier: Apache-2.0
"""The HTML report in a real browser: nothing is loaded, nothing is refused, and it is usable by keyboard, in the dark, on a phone, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_guard.report import as_html
from pipeline_guard.report.palette import TEXT_CONTRAST, contrast
from tests.chromium import Browser, chromium
from tests.fakes.overview import full
from tests.unit.report.test_as_html import hostile

TAB, SPACE = 9, 32


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(as_html.render(full()), encoding="utf-8")
    return path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1100])
def test_the_page_complains_of_nothing_loads_nothing_and_fits(browser: Browser, page: Path, width: int, dark: bool) -> None:
    browser.complaints.clear()
    browser.requests.clear()
    browser.show(page, width=width, dark=dark)
    assert browser.complaints == []
    assert browser.requests == [page.as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.screenshot().startswith(b"\x89PNG")


def test_the_style_is_applied_and_knows_the_dark(browser: Browser, page: Path) -> None:
    colours = []
    for dark in (False, True):
        browser.show(page, dark=dark)
        colours.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(246, 247, 249)", "rgb(14, 18, 24)"]
    browser.show(page, dark=True, media="print")
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.evaluate("getComputedStyle(document.body).color") == "rgb(22, 32, 44)"


def test_markup_of_strangers_is_text_and_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(as_html.render(hostile()), encoding="utf-8")
    browser.complaints.clear()
    browser.requests.clear()
    browser.show(path)
    assert browser.complaints == []
    assert browser.requests == [path.as_uri()]
    assert browser.evaluate("document.querySelectorAll('script,img,iframe,object,embed,link,form,base').length") == 0
    assert browser.evaluate("document.body.innerText.includes('<script>alert(1)</script>')") is True


def test_an_injected_script_style_or_picture_would_be_refused_by_the_policy(browser: Browser, tmp_path: Path) -> None:
    bad = '<script>window.ran=1</script><style>body{display:none}</style><img src="https://example.org/x.png" onerror="window.ran=1">'
    path = tmp_path / "injected.html"
    path.write_text(as_html.render(full()).replace("</body>", f"{bad}</body>"), encoding="utf-8")
    browser.complaints.clear()
    browser.show(path)
    assert browser.evaluate("window.ran") is None
    assert browser.evaluate("getComputedStyle(document.body).display") == "block"
    assert len(browser.complaints) >= 3


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(browser: Browser, page: Path) -> None:
    browser.show(page)
    wanted = browser.evaluate("[...document.querySelectorAll('a,summary,input,[tabindex]')].filter(e => e.checkVisibility()).length")
    places = []
    for _ in range(wanted):
        browser.press("Tab", TAB)
        places.append(browser.evaluate("(() => { const r = document.activeElement.getBoundingClientRect(); return r.top + scrollY; })()"))
        outline = browser.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", "where the focus is must be seen"
    assert browser.evaluate("document.activeElement.tagName") != "BODY"
    assert places[1:] == sorted(places[1:])


def test_findings_are_filtered_without_a_script(browser: Browser, page: Path) -> None:
    browser.show(page)
    browser.evaluate("document.querySelector('#findings summary').focus()")
    browser.press(" ", SPACE)
    visible = "[...document.querySelectorAll('tr[data-severity=critical]')].filter(e => e.checkVisibility()).length"
    before = browser.evaluate(visible)
    browser.evaluate("document.querySelector('#show-critical').focus()")
    browser.press(" ", SPACE)
    assert before > 0
    assert browser.evaluate(visible) == 0


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_has_contrast_as_it_is_drawn(browser: Browser, page: Path, dark: bool) -> None:
    browser.show(page, dark=dark)
    pairs = browser.evaluate(
        """(() => { const pairs = new Set();
        for (const e of document.querySelectorAll('body *')) {
          if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
          const style = getComputedStyle(e);
          let b = e; while (b && getComputedStyle(b).backgroundColor === 'rgba(0, 0, 0, 0)') b = b.parentElement;
          const ink = e instanceof SVGElement && e.tagName === 'text' ? style.fill : style.color;
          pairs.add(ink + '|' + (b ? getComputedStyle(b).backgroundColor : 'none')); }
        return [...pairs]; })()"""
    )
    assert len(pairs) >= 5
    for pair in pairs:
        ink, behind = (hexadecimal(colour) for colour in pair.split("|"))
        assert contrast(ink, behind) >= TEXT_CONTRAST, pair


def hexadecimal(colour: str) -> str:
    """Turn ``rgb(1, 2, 3)`` into ``#010203``."""
    numbers = [int(number) for number in colour[4:-1].split(",")]
    return "#" + "".join(f"{number:02x}" for number in numbers)
