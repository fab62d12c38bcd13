# SPDX-License-Identifier: Apache-2.0
"""Known answers: values that vendors and standards publish, put together here so that none lies in a file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proof import PROOFS, Kind, State

NOW = datetime(2026, 11, 1, tzinfo=UTC)

# proof, parts of the value; the source of each in the comment
HOLDS = [
    ("matrix-service", ("mat_kkLSacJDpek22", "jKWw4AcXG68b7U3W6_0Lg9yb")),  # matrix-authentication-service, tokens.rs
    ("matrix-service", ("mar_PkpplxPkfjsqvt", "dfUlYR1Afg2TpaHF_GaTQd2")),
    ("azure-cask", ("a" * 52, "JQQJ99ALN5Z0000LZENeS003NUGT", "3OrW")),  # NuGetGallery, ApiKeyV5Facts
    ("nuget", ("oy2iuvoucviouojnrbza", "qxjewdop3yseppnqlewvavhupm")),  # NuGetGallery, ApiKeyV4Facts
    ("bech32-key", ("nsec1vl029mgpspedva04g90", "vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5")),  # NIP-19
    ("bech32-key", ("suiprivk", "ey1qzwant3kaegmjy4qxex93s0", "jzvemekkjmyv3r2sjwgnv2y479pgsywhveae")),  # SIP-15
    ("wif", ("5HueCGU8rMjxEXxiPuD5BDku4", "MkFqeZyd4dZ1jvhTVqvbTLvyTJ")),  # Bitcoin wiki
    ("bip38", ("6PRVWUbkzzsbcVac2qwfssoUJAN1", "Xhrg6bNk8J7Nzm5H7kxEbn2Nh2ZoGg")),  # BIP-38
    ("crc16-seed", ("SBU2RRGLXH3E5CQHTD3ODLDF2B", "WDCYUSSBLLZ5GNW7JXHDIYKXZWHOKR")),  # SEP-23
    ("crc16-seed", ("SUACSSL3UAHUDXKFSNVUZRF5UHPM", "WZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY")),  # NATS manual
    ("tezos", ("edsk3gUfUPyBSfrS9CCgmCiQs", "TCHGkviBDusMxDJstFtojtc1zcpsh")),  # Tezos sandbox
    ("ripple", ("sEdTM1uX8pu2do5", "XvTnutH6HsouMaM2")),  # XRPL documentation
    ("age", ("AGE-SECRET-KEY-1", "GFPYYSJZ" * 6, "GFPQ4EGAEX")),  # C2SP test vectors
    ("avalanche", ("Private", "Key-ewoqjP7PxY4yr3iLTpL", "isriqt94hdyDFNgchSxGGztUrTXtNN")),  # AvalancheGo, the local network
    ("recovery-phrase", ("wild father tree among universe such ", "mobile favorite target dynamic credit identify")),  # Electrum
]
DOCUMENTED = [
    ("ripple", ("snoPBrXtMeMyMHUV", "TgbuqAfg1SUTb")),
    ("secp256k1", ("0xac0974bec39a17e36ba4a6b4d238ff94", "4bacb478cbed5efcae784d7bf4f2ff80")),  # hardhat
    ("recovery-phrase", ("test " * 11, "junk")),
    ("recovery-phrase", ("abandon " * 11, "about")),
    ("recovery-phrase", ("legal winner thank year wave sausage ", "worth useful legal winner thank yellow")),
    (
        "extended-key",
        ("xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPP", "qjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"),
    ),
    ("aws-access-key", ("AKIAIOSFOD", "NN7ABCDEFG")),  # the account of Amazon's documented key
    ("totp", ("JBSWY3DP", "EHPK3PXP")),
    ("telegram", ("110201543", ":AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")),
    ("bare-key", ("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY", "8fdp+K06/nwoy/HU++CXqI9EdVhC")),  # RFC 8410
]


@pytest.mark.parametrize(("proof", "parts"), HOLDS, ids=lambda part: part if isinstance(part, str) else "")
def test_published_value_is_verified(proof: str, parts: tuple[str, ...]) -> None:
    assert PROOFS[proof]("".join(parts).encode(), NOW).state is State.VERIFIED


@pytest.mark.parametrize(("proof", "parts"), DOCUMENTED, ids=lambda part: part if isinstance(part, str) else "")
def test_value_that_documentation_prints_is_told_apart(proof: str, parts: tuple[str, ...]) -> None:
    verdict = PROOFS[proof]("".join(parts).encode(), NOW)
    assert verdict.kind is Kind.DOCUMENTATION
    assert verdict.severity is Severity.INFO
    assert verdict.state is State.CONTRADICTED
