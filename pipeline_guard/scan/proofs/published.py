# SPDX-License-Identifier: Apache-2.0
"""Keys that are printed in standards and tools on purpose, by the first 16 hexadecimal digits of a SHA-256: values of documentation."""

from __future__ import annotations

import hashlib


def fingerprint(content: bytes) -> str:
    """Return the name that a value has in these tables."""
    return hashlib.sha256(content).hexdigest()[:16]


# of the SubjectPublicKeyInfo
PUBLIC_KEYS = {
    "bde93142b0780b2a": "Vagrant's insecure key",
    "f56c8b01227f62dd": "jwt.io RS256",
    "a40f0f2e2974dc76": "jwt.io ES256",
    "a1e9156054e04fac": "RFC 8410",
    "990dc39a3ecc505b": "tests of OpenJDK",
    "c884e0853bd3d172": "tests of OpenJDK",
}
# of the text of ``d`` or ``k``: RFC 7517 A.2, RFC 8037 A.1, RFC 7515 A.3.1 and A.1.1
WEB_KEYS = frozenset((
    "a45404ae333dd955", "190edf59d5736c3b", "5ccf2edb4f070f0b", "8b1b17a9740c068a",
))  # fmt: skip
# of the text: master keys of the test vectors 1 to 4 of BIP-32
EXTENDED_KEYS = frozenset((
    "2243ae4c73014469", "fa146b83df550394", "93e28cee01d34e88", "42010a606042a639",
))  # fmt: skip
# of the 32 bytes: the first accounts of hardhat and anvil (20), ganache (10), truffle develop (10)
ETHEREUM_KEYS = frozenset((
    "59891c96881dfbcf", "bca4c2c0761d850f", "193ae84c4c9567c2", "e25a680eff8baac7", "6718ba8966161cc8", "ac29b3735d1b5718",
    "93e372c67f7238fa", "59ad99d565557cc0", "2d1831e800ec18fe", "25061aad2bb09178", "ea72a3e7d4937af3", "e77b7f2257fe244c",
    "3d10abbc9c3e287b", "6503803831c946cd", "74f97a55058da1ba", "b8acf5d5eb4e7fd0", "a9c85ef9ebbbe068", "c188a572f30c631c",
    "ac70e04ef12b755b", "fd375fcf38ac71dd", "433b2e1dfcf07cc1", "a5088b88526dfdbe", "b3146d642538d280", "34ec71e14eadf154",
    "cf5f090ef5ad175d", "0bf58c4947650475", "3407c1890d719a17", "c065f5ffb9bb9a19", "4a95cb3ba84ec644", "7ebf8ed1e0c24a0a",
    "5a801427c8b7be62", "5683701095df1272", "4998ff08a7813035", "69b8f3f9f4e2873c", "49b7a6a8b8a6392a", "77b8a0f88a30eba7",
    "dfc44dbc519c691c", "dddb340ae3e6a05f", "f810d868d21fd859", "d79f6da7f0e6e385",
))  # fmt: skip
# of the words with one space between: vectors of BIP-39 (trezor/python-mnemonic), ganache, truffle, hardhat
PHRASES = frozenset((
    "ecb0e7ba498c5920", "3a64bcd9cea43c0a", "e770e8aa42a869cf", "15f41342748aa6c0", "3b1c5e02107409ea", "a5fe1cb4158ffd2a",
    "d6da54d12db9eac8", "b12ee277a669b18f", "341c225b06c91708", "6d828debd306e21a", "cc95a8a1b5e9bf13", "30452ba5605dd252",
    "b2e71100d10bee74", "b8ae5c99142647d1", "0f388b04e512d7a0", "b1bff22ae077ce1a", "662c451cc5886e1d", "867f9f5929a7201c",
    "9c5d0a6656e5d3f3", "b83e96417f61cb14", "f79cd64f9cea2378",
))  # fmt: skip
# of the text: tokens, codes, keys and logins in RFC 5849, 6749, 6750 and 7617, in Twitter's manual of signatures and in Stripe's manuals
TOKENS = frozenset((
    "6c96130f130ab0d6", "00cf4c781dc37003", "a35b81a7d7927b70", "ca7459e2b26776de", "e9974c507d2a8021", "53f5da0aaa93d64c",
    "eb2c458da976e6ee", "b8e148545b13c78b", "cb87c87e4a138d9a", "649e1f5c769e718b", "2ff8b0fb93aca981", "c20fbc2b96183894",
    "b87dad10a32a2d81", "bb9b1163338b2a51", "4c20e6f5cc11b937", "6aa14267d94944e6", "5586407997f5e849", "da1bdd7b73490f4e",
    "80f8b7c904d4a43f", "293257ab6495ebb1", "8e0628300c16fe38", "00b3dc640c9c99fc", "5aac38e542b76b97", "0e04efa6bc7d2d51",
    "cf4d418ed3de92d7", "73f71af093fdf154", "a71b359a87afde13", "2cafc0970149a84f", "f2d6ca16515033e5",
))  # fmt: skip
# of the text: the keys in the tests of Google's own Firebase libraries for Android
GOOGLE_KEYS = frozenset((
    "f56e323494a6ffc2", "2037abcaffb2b777", "3f370c9dd8225c63", "e4a5542bb7fd7b67", "a19f89ab3555eac1", "0b476bdf9acf2123",
    "eb540d2b6ee2a0a4", "37f8f09bdf12c2f2", "8731261cb72d8626", "49f777db995e8260", "27a9a42931dff7eb", "dc0fcf046c61640c",
    "4c98242dcadc8b29", "ea9bb1082cf95663", "3a8b61d0f636b007", "a6c814bc555ae62c",
))  # fmt: skip
