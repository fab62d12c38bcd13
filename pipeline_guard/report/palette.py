# SPDX-License-Identifier: Apache-2.0
"""Colours of the HTML page, in light and dark, and the contrast they must have (WCAG 2.2, sections 1.4.3 and 1.4.11)."""

from __future__ import annotations

TEXT_CONTRAST = 4.5  # of text to what is behind it
GRAPHIC_CONTRAST = 3.0  # of a bar to what is behind it

# name -> (light, dark)
SURFACES = {
    "page": ("#f6f7f9", "#0e1218"),
    "card": ("#ffffff", "#171d26"),
    "raised": ("#eef1f5", "#202835"),
}
TEXTS = {
    "ink": ("#16202c", "#e8edf4"),
    "soft": ("#4a5768", "#a9b6c6"),
    "link": ("#1d4fd8", "#8ab4ff"),
    "bad": ("#b3123b", "#ff8aa3"),
    "doubt": ("#8a4b00", "#f6b94a"),
    "good": ("#0d6b41", "#58d49a"),
}
GRAPHICS = {
    "critical": ("#a3123f", "#ff6f91"),
    "high": ("#d2490f", "#ff9a57"),
    "medium": ("#9a6b00", "#ecc34c"),
    "low": ("#2b64d9", "#74a5ff"),
    "info": ("#64748b", "#93a3b8"),
    "granted": ("#0f7a4b", "#4ccb90"),
    "denied": ("#b3123b", "#ff6f91"),
    "series-0": ("#2b64d9", "#74a5ff"),
    "series-1": ("#0f7a4b", "#4ccb90"),
    "series-2": ("#b4530a", "#ff9a57"),
    "series-3": ("#8b3fc7", "#c99bff"),
    "series-4": ("#0d7488", "#4cc9de"),
    "series-5": ("#a3123f", "#ff6f91"),
    "series-6": ("#6b7a12", "#b7cc3c"),
    "series-7": ("#64748b", "#93a3b8"),
}
LINES = {"line": ("#d7dde5", "#313c4b")}


def variables(dark: bool) -> str:
    """Return the palette as CSS custom properties."""
    every = {**SURFACES, **TEXTS, **GRAPHICS, **LINES}
    return "".join(f"--{name}:{pair[dark]};" for name, pair in every.items())


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours ``#rrggbb``, from 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
