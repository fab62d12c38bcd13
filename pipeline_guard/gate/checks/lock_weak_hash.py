# SPDX-License-Identifier: Apache-2.0
"""Hashes in lock files that can be forged, or that are none."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.gate.checks.lock_hash_missing import WITHOUT
from pipeline_guard.gate.facts import Kind
from pipeline_guard.gate.manifest.naming import digest_bits
from pipeline_guard.gate.rule import Problem, Rule
from pipeline_guard.model.gate_settings import GateSettings
from pipeline_guard.model.location import Location
from pipeline_guard.model.package import Checksum, Distribution, Ecosystem, Lock

_BITS = {"sha256": 256, "sha384": 384, "sha512": 512, "sha3_256": 256, "sha3_512": 512, "blake2b": 512, "blake2s": 256}
_WEAK_BITS = {"sha1": 160, "md5": 128, "sha224": 224}


def check(facts: Lock, _settings: GateSettings) -> Iterator[Problem]:
    """Give every package with a malformed hash, or with a file whose strongest hash is weak."""
    if facts.format in WITHOUT or facts.ecosystem is Ecosystem.PACKAGIST:
        return
    for package in facts.packages:
        for file in package.files:
            what = _judge(file)
            if what:
                place = Location(facts.path, file.line or package.location.line)
                yield Problem(place, f"{package.name} {package.version} ({what})", "make this entry of the lock anew with its tool")
                break


def _judge(file: Distribution) -> str:
    """Return what is wrong with a file's hashes; "" for nothing."""
    strong = not file.checksums
    for checksum in file.checksums:
        if checksum.algorithm == "pgp":
            strong = True
            continue
        bits = _BITS.get(checksum.algorithm)
        if (bits or _WEAK_BITS.get(checksum.algorithm, 0)) != digest_bits(checksum):
            return f"{checksum.algorithm[:20] or 'unknown'}, malformed" if bits or checksum.algorithm in _WEAK_BITS else _unknown(checksum)
        strong = strong or bits is not None
    return "" if strong else ", ".join(dict.fromkeys(checksum.algorithm[:20] for checksum in file.checksums))


def _unknown(checksum: Checksum) -> str:
    return f"unknown algorithm {checksum.algorithm[:20]!r}"


RULE = Rule(
    "lock-weak-hash",
    Kind.LOCK,
    "with a weak or malformed hash",
    "another file with the same MD5 or SHA-1 can be made, and a malformed hash checks nothing",
    check,
)
