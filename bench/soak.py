# SPDX-License-Identifier: Apache-2.0
"""16 threads x 4 processes on one token, processes killed and started all along: ours, and plain python-pkcs11 beside it.

    python bench/soak.py [--seconds N] [--plain-seconds N]

Not in ``make bench`` by its length: there it runs for 20 seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.hsm.soak import external, soak


def main() -> None:
    """Print the counts of each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--plain-seconds", type=float, default=20)
    given = parser.parse_args()
    for variant, seconds in (("ours", given.seconds), ("plain", given.plain_seconds)):
        for kind in ("embedded", "external"):
            with tempfile.TemporaryDirectory() as name:
                place = str(Path(name) / "home") if kind == "embedded" else external(Path(name))
                found = soak(variant, place, seconds)
            counts = [sum(found["done"].values()), sum(found["failed"].values()), len(found["crashes"]), found["hangs"]]
            print(f"\n{variant}, {kind} token: {found['seconds']} s, {found['starts']} processes started, {found['kills']} killed")
            print("  {} operations, {} errors, {} crashes, {} hangs".format(*counts), flush=True)
            for name, count in sorted(found["done"].items()):
                print(f"    {name:<24} {count:>8}")
            for name, count in sorted(found["failed"].items(), key=lambda item: -item[1])[:8]:
                print(f"    failed: {count:>6} x {name}")
            for crash in found["crashes"][:3]:
                print(f"    crash: {crash.splitlines()[0]}")


if __name__ == "__main__":
    main()
