# SPDX-License-Identifier: Apache-2.0
"""Samples of Azure's identifiable keys."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping

from pipeline_guard.scan import checksum
from pipeline_guard.scan.makers.stream import ALPHABETS, Maker, Stream


def _entra(stream: Stream) -> str:
    head = stream.text(ALPHABETS["alnum"], 3) + "8Q~" + stream.text(ALPHABETS["alnum"] + "_.-~", 31)
    return head + checksum.entra_tail(head.encode()).decode()


def _azure(size: int, signature: str, seed: str) -> Callable[[Stream], str]:
    def make(stream: Stream) -> str:
        head = stream.raw(size) + base64.b64decode(signature)
        return base64.b64encode(head + checksum.marvin(head, seed.encode()).to_bytes(4, "little")).decode()

    return make


def _azure_short(signature: str, seed: str) -> Callable[[Stream], str]:
    def make(stream: Stream) -> str:
        text = stream.text(ALPHABETS["base64"], 33) + signature + "AAAAAA="
        head = base64.b64decode(text)[:28]
        return base64.b64encode(head + checksum.marvin(head, seed.encode()).to_bytes(4, "little")).decode()

    return make


def _azure_devops(stream: Stream) -> str:

    raw = bytearray(stream.raw(32))
    body = bytes(raw[0:2] + raw[3:7] + raw[9:22] + raw[23:32])
    check = zlib.crc32(body) ^ 0xE0B9692D
    for shift, place in enumerate((22, 8, 7, 2)):
        raw[place] = check >> 8 * shift & 255
    return base64.b32encode(bytes(raw)).decode().rstrip("=").lower()


def _search(stream: Stream) -> str:
    text = stream.text(ALPHABETS["base64"], 42) + "AzSeBAAAAA"
    head = base64.b64decode(text)[:35]
    return base64.b64encode(head + checksum.marvin(head, b"Query000").to_bytes(4, "little")).decode()


def _functions(stream: Stream) -> str:
    head = stream.raw(33) + base64.b64decode("AzFu")
    return base64.urlsafe_b64encode(head + checksum.marvin(head, b"Master00").to_bytes(4, "little")).decode()


def _cask(signature: str) -> Maker:
    def make(stream: Stream) -> str:
        head = stream.text(ALPHABETS["alnum"], 52) + "JQQJ99BE" + stream.text(ALPHABETS["alnum"], 12) + "AAAB" + signature
        check = checksum.marvin(base64.b64decode(head), b"Default0").to_bytes(4, "little")
        return head + checksum.write(int.from_bytes(check, "big"), checksum.BASE62, 0).ljust(6, b"0")[:4].decode()

    return make


def _sas(stream: Stream) -> str:
    signature = base64.b64encode(stream.raw(32)).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    return f"https://builds.blob.core.windows.net/logs?sv=2024-11-04&se=2999-01-01T00%3A00%3A00Z&sr=c&sp=rl&sig={signature}"


AZURE: Mapping[str, Maker] = {
    "azure-batch": _azure(57, "+ABa", "AbAcct00"),
    "azure-cask-ai": _cask("ACOG"),
    "azure-cask-devops": _cask("AZDO"),
    "azure-cosmos": _azure(57, "ACDb", "MastRW00"),
    "azure-devops": _azure_devops,
    "azure-functions": _functions,
    "azure-iot": _azure_short("AIoT", "Device00"),
    "azure-redis": _azure_short("AzCa", "Access00"),
    "azure-sas": _sas,
    "azure-search": _search,
    "azure-service-bus": _azure_short("+ASb", "Send0000"),
    "azure-storage": _azure(57, "+ASt", "Default0"),
    "entra": _entra,
    "nuget-cask": _cask("NUGT"),
}
