# SPDX-License-Identifier: Apache-2.0
"""Python's version order (PEP 440), as keys that sort."""

from __future__ import annotations

import re
from typing import Any

# PEP 440, appendix B; "a", "b", "c", "rc", "pre", "preview", "post", "rev", "r" and "dev" with any separator
_VERSION = re.compile(
    r"""\s*v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)
    (?:[-_.]?(?P<pre>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?P<pre_n>[0-9]+)?)?
    (?P<post>-(?P<post_bare>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_n>[0-9]+)?)?
    (?P<dev>[-_.]?dev[-_.]?(?P<dev_n>[0-9]+)?)?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_PRE = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
_NONE = (3, 0)  # behind every pre-release


def key(version: str) -> Any:
    """Return what sorts as the version does. Raises ValueError for what PEP 440 does not know."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"no version: {version[:80]!r}")
    release = tuple(map(int, found["release"].split(".")))
    while release and release[-1] == 0:
        release = release[:-1]
    dev = int(found["dev_n"] or 0) if found["dev"] is not None else None
    post = int(found["post_n"] or found["post_bare"] or 0) if found["post"] is not None else -1
    if found["pre"] is not None:
        pre = (_PRE[found["pre"].lower()], int(found["pre_n"] or 0))
    else:  # 1.0.dev1 comes before 1.0a1
        pre = (-1, 0) if dev is not None and post < 0 else _NONE
    local: tuple[tuple[int, int, str], ...] = ()
    if found["local"]:
        local = tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"[-_.]", found["local"].lower()))
    return (int(found["epoch"] or 0), release, pre, post, (1, 0) if dev is None else (0, dev), local)
