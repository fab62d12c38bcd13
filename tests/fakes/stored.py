# SPDX-License-Identifier: Apache-2.0
"""Files of many formats with a given text in them, made at test time."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import marshal
import pickle
import quopri
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def ar(files: Mapping[str, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, content in files.items():
        out += (
            f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}".encode() + b"`\n" + content + b"\n" * (len(content) % 2)
        )
    return out


def cpio(files: Mapping[str, bytes]) -> bytes:
    out = b""
    for name, content in [*files.items(), ("TRAILER!!!", b"")]:
        fields = [0, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + content
        out += b"\0" * (-len(out) % 4)
    return out


def rpm(files: Mapping[str, bytes]) -> bytes:
    header = b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">LL", 1, 4) + b"\0" * 16 + b"abc\0"
    return b"\xed\xab\xee\xdb".ljust(96, b"\0") + header + b"\0" * (-len(header) % 8) + header + gzip.compress(cpio(files))


def seven_zip(files: Mapping[str, bytes]) -> bytes:
    """One solid block of LZMA2, as 7z itself writes it, with a header in the clear."""

    def number(value: int) -> bytes:
        return (
            bytes((value,))
            if value < 0x80
            else bytes((0x80 | value >> 8, value & 0xFF))
            if value < 0x4000
            else b"\xf0" + value.to_bytes(4, "little")
        )

    solid = b"".join(files.values())
    packed = lzma.compress(solid, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 1}])
    names = b"".join(name.encode("utf-16-le") + b"\0\0" for name in files)
    header = b"\x01\x04" + b"\x06" + number(0) + number(1) + b"\x09" + number(len(packed)) + b"\0"
    header += b"\x07\x0b\x01\0" + b"\x01\x21\x21\x01\x18" + b"\x0c" + number(len(solid)) + b"\0"
    header += b"\x08\x0d" + number(len(files)) + b"\x09" + b"".join(number(len(one)) for one in list(files.values())[:-1]) + b"\0" + b"\0"
    header += b"\x05" + number(len(files)) + b"\x11" + number(len(names) + 1) + b"\0" + names + b"\0" + b"\0"
    start = struct.pack("<QQL", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\x04" + struct.pack("<L", zlib.crc32(start)) + start + packed + header


def image(text: bytes) -> bytes:
    """A docker-save archive: the lower layer holds what the upper one deletes; a build argument stays in the history."""
    lower, upper = tarred({"app/.env": text}), tarred({"app/.wh..env": b""})
    config = json.dumps({"config": {"Env": ["A=b"]}, "history": [{"created_by": "RUN |1 TOKEN=" + text.decode() + " /bin/sh -c make"}]})
    return tarred({"manifest.json": b"[]", "config.json": config.encode(), "1/layer.tar": gzip.compress(lower), "2/layer.tar": upper})


def sqlite(text: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table t (a, b, c, d)")
        database.executemany("insert into t values (?, ?, ?, ?)", [(n, f"user{n}", text if n == 9 else "v", "z" * 9) for n in range(300)])
        database.commit()
        return database.serialize()


def pyc(text: str) -> bytes:
    code = compile(f"def f(x, k={{'a': '{text}'}}):\n return 1, 2.5, 1j, 2**99, ('{text}z',), x\n", "m.py", "exec")
    magic = __import__("importlib.util").util.MAGIC_NUMBER
    return magic + b"\0" * 12 + marshal.dumps(code)


def java_class(text: bytes) -> bytes:
    pool = b"".join(b"\x01" + struct.pack(">H", len(one)) + one for one in (b"Main", text, b"Code"))
    return b"\xca\xfe\xba\xbe\0\0\0\x34" + struct.pack(">H", 6) + b"\x05" + b"\0" * 8 + pool + b"\0" * 20


def dex(text: bytes) -> bytes:
    strings = [b"Lcom/Main;", text, b"zz"]
    table = 112
    place = table + 4 * len(strings)
    offsets, body = b"", b""
    for one in strings:
        offsets += struct.pack("<L", place + len(body))
        body += bytes((len(one),)) + one + b"\0"
    return b"dex\n035\0".ljust(56, b"\0") + struct.pack("<LL", len(strings), table) + b"\0" * 48 + offsets + body


def safetensors(text: str) -> bytes:
    header = json.dumps(
        {"__metadata__": {"config": json.dumps({"hub": text})}, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    )
    return struct.pack("<Q", len(header)) + header.encode() + b"\0\1\2\3" * 99


def gguf(text: bytes) -> bytes:
    def string(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    pairs = string(b"general.name") + struct.pack("<L", 8) + string(b"m") + string(b"n") + struct.pack("<LL", 4, 7)
    pairs += string(b"urls") + struct.pack("<LLQ", 9, 8, 2) + string(text) + string(b"b" * 97)
    return b"GGUF" + struct.pack("<LQQ", 3, 0, 3) + pairs + b"\0" * 64


def protobuf(text: bytes) -> bytes:
    """ONNX's shape: a message with a graph that has a node with a documentation string, which another field follows."""
    node = b"\x0a\x01x\x32" + bytes((len(text),)) + text + b"\x32\x02ab"
    graph = b"\x0a" + bytes((len(node),)) + node
    return b"\x08\x07\x3a" + bytes((len(graph),)) + graph


def office(text: bytes) -> bytes:
    half = len(text) // 2
    xml = b"<w:document><w:p><w:r><w:t>k " + text[:half] + b"</w:t></w:r><w:r><w:t>" + text[half:] + b"</w:t></w:r></w:p></w:document>"
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": xml})


def pdf(text: bytes) -> bytes:
    half = len(text) // 2
    stream = zlib.compress(b"BT /F1 12 Tf [(k ) -5 (" + text[:half] + b") 3 (" + text[half:] + b")] TJ ET")
    return b"%PDF-1.4\n1 0 obj\n<</Filter /FlateDecode>>\nstream\n" + stream + b"\nendstream\nendobj\n%%EOF"


def png(text: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0" * 13) + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text)) + chunk(b"IEND", b"")


def notebook(text: str) -> bytes:
    return json.dumps({"cells": [{"source": ["a = 1\n", f'k = "{text}"'], "outputs": []}], "nbformat": 4}).encode()


def secret_manifest(text: bytes) -> bytes:
    return b"apiVersion: v1\nkind: Secret\ndata:\n  token: " + base64.b64encode(text) + b"\n"


def each(form: str) -> Callable[[str], bytes]:
    """Write every character in the same way."""
    return lambda text: "".join(form % ord(character) for character in text).encode()


# format -> (file name, what makes it, decoded_from of the finding)
FORMATS: dict[str, tuple[str, Callable[[str], bytes], str]] = {
    "utf-16 with mark": ("a.txt", lambda t: f"ö k={t}".encode("utf-16"), "utf-16"),
    "utf-16-le without mark": ("a.txt", lambda t: f"ö key={t}".encode("utf-16-le"), "utf-16"),
    "utf-16-be without mark": ("a.txt", lambda t: f"ö key={t}".encode("utf-16-be"), "utf-16"),
    "utf-32": ("a.txt", lambda t: f"ö k={t}".encode("utf-32"), "utf-32"),
    "base64": ("a.txt", lambda t: b"x: " + base64.b64encode(f"k={t}".encode()), "base64"),
    "base64 without padding": ("a.txt", lambda t: b"x: " + base64.urlsafe_b64encode(f"~~~k={t}".encode()).rstrip(b"="), "base64"),
    "base64 in lines": ("a.txt", lambda t: b"\n" + base64.encodebytes(f"{'some text ' * 9}k={t}".encode()), "base64"),
    "base64 in base64": ("a.txt", lambda t: base64.b64encode(b"inner=" + base64.b64encode(t.encode())), "base64 > base64"),
    "base64 of utf-16": ("a.cmd", lambda t: b"powershell -enc " + base64.b64encode(f"$t = '{t}'".encode("utf-16-le")), "base64"),
    "data URI": ("a.html", lambda t: b'<a href="data:text/plain;base64,' + base64.b64encode(f"k={t}".encode()) + b'">', "base64"),
    "Kubernetes secret": ("a.yml", lambda t: secret_manifest(t.encode()), "base64"),
    "gzip in base64": ("a.txt", lambda t: b"x: " + base64.b64encode(gzip.compress(t.encode())), "base64 > gzip"),
    "zip in base64": ("a.txt", lambda t: b"x: " + base64.b64encode(zipped({"f": t.encode()})), "base64 > zip:f"),
    "hexadecimal": ("a.txt", lambda t: b"x=0x" + t.encode().hex().encode(), "hex"),
    "percent": ("a.txt", each("%%%02X"), "percent"),
    "unicode escapes": ("a.txt", each("\\u%04x"), "unicode"),
    "byte escapes": ("a.txt", each("\\x%02x"), "escape"),
    "HTML entities": ("a.html", each("&#%d;"), "html"),
    "quoted-printable": ("a.eml", lambda t: quopri.encodestring(b"x" * 30 + f" k = {t} ".encode() + b"y=" * 40), "quoted-printable"),
    "literals over lines": ("a.py", lambda t: f'k = ("{t[:20]}"\n     "{t[20:]}")\n'.encode(), "concatenated"),
    "literals added": ("a.js", lambda t: f"k = '{t[:20]}' +\n  '{t[20:]}';\n".encode(), "concatenated"),
    "notebook": ("a.ipynb", notebook, "notebook"),
    "zip, stored": ("a.zip", lambda t: zipped({"c/e": t.encode()}, zipfile.ZIP_STORED), "zip:c/e"),
    "zip, deflated": ("a.whl", lambda t: zipped({"c/e": t.encode()}), "zip:c/e"),
    "zip, bzip2": ("a.zip", lambda t: zipped({"c/e": t.encode()}, zipfile.ZIP_BZIP2), "zip:c/e"),
    "zip, LZMA": ("a.zip", lambda t: zipped({"c/e": t.encode()}, zipfile.ZIP_LZMA), "zip:c/e"),
    "tar": ("a.tar", lambda t: tarred({"c" * 150 + "/e": t.encode()}), f"tar:{'c' * 150}/e"),
    "tar, GNU": ("a.tar", lambda t: tarred({"c" * 150 + "/e": t.encode()}, form=tarfile.GNU_FORMAT), f"tar:{'c' * 150}/e"),
    "tar.gz": ("a.tgz", lambda t: tarred({"c/e": t.encode()}, "w:gz"), "gzip > tar:c/e"),
    "tar.bz2": ("a.tbz", lambda t: tarred({"c/e": t.encode()}, "w:bz2"), "bzip2 > tar:c/e"),
    "tar.xz": ("a.txz", lambda t: tarred({"c/e": t.encode()}, "w:xz"), "xz > tar:c/e"),
    "zip in tar.gz": ("a.tgz", lambda t: tarred({"x.jar": zipped({"c/e": t.encode()})}, "w:gz"), "gzip > tar:x.jar > zip:c/e"),
    "gzip": ("a.gz", lambda t: gzip.compress(t.encode()), "gzip"),
    "gzip, two streams": ("a.gz", lambda t: gzip.compress(b"x\n") + gzip.compress(t.encode()), "gzip"),
    "bzip2": ("a.bz2", lambda t: bz2.compress(t.encode()), "bzip2"),
    "xz": ("a.xz", lambda t: lzma.compress(t.encode()), "xz"),
    "zlib": ("a.z", lambda t: zlib.compress(t.encode()), "zlib"),
    "7z": ("a.7z", lambda t: seven_zip({"a": b"first", "c/e": t.encode()}), "7z:c/e"),
    "ar": ("a.a", lambda t: ar({"c": t.encode()}), "ar:c"),
    "deb": ("a.deb", lambda t: ar({"data.tar.gz": tarred({"./e": t.encode()}, "w:gz")}), "ar:data.tar.gz > gzip > tar:./e"),
    "cpio": ("a.cpio", lambda t: cpio({"c/e": t.encode()}), "cpio:c/e"),
    "rpm": ("a.rpm", lambda t: rpm({"c/e": t.encode()}), "rpm:payload > gzip > cpio:c/e"),
    "image, deleted file": ("a.tar", lambda t: image(t.encode()), "tar:1/layer.tar > gzip > tar:app/.env"),
    "image, build argument": ("a.tar", lambda t: image(t.encode()), "tar:config.json"),
    "Word document": ("a.docx", lambda t: office(t.encode()), "zip:word/document.xml > xml"),
    "PDF": ("a.pdf", lambda t: pdf(t.encode()), "pdf"),
    "PNG": ("a.png", lambda t: png(t.encode()), "png"),
    "SQLite": ("a.db", sqlite, "sqlite"),
    ".pyc": ("a.pyc", pyc, "pyc"),
    ".class": ("A.class", lambda t: java_class(b"k=" + t.encode().ljust(95, b" ")), "class"),
    ".dex": ("classes.dex", lambda t: dex(t.encode()), "dex"),
    "safetensors": ("m.safetensors", safetensors, "safetensors"),
    "GGUF": ("m.gguf", lambda t: gguf(t.encode()), "gguf"),
    "ONNX": ("m.onnx", lambda t: protobuf(t.encode()), "protobuf"),
    "pickle 0": ("m.pkl", lambda t: pickle.dumps({"a": [1, 2.5], "b": t}, 0), "pickle"),
    "pickle 2": ("m.pkl", lambda t: pickle.dumps({"a": [1, 2.5], "b": t}, 2), "pickle"),
    "pickle 5": ("m.pkl", lambda t: pickle.dumps({"a": [1, 2.5], "b": t.encode()}, 5), "pickle"),
    "torch": ("m.pt", lambda t: zipped({"m/data.pkl": pickle.dumps({"b": t}, 2)}, zipfile.ZIP_STORED), "zip:m/data.pkl > pickle"),
    "program": ("a.out", lambda t: b"\x7fELF\2\1\1\0" + bytes(range(256)) * 300 + t.encode() + b"\0" * 99, ""),
    "program, wide": ("a.exe", lambda t: b"MZ" + bytes(range(256)) * 300 + f" {t}".encode("utf-16-le") + b"\0" * 99, ""),
    "text behind its length": (
        "a.bin",
        lambda t: bytes(range(256)) * 300 + b"\0a" + f"k={t}".ljust(97, " ").encode() + b"zz" + b"\0" * 99,
        "",
    ),
    "old Macintosh lines": ("a.txt", lambda t: f"a\rb\rk={t}\rc".encode(), ""),
    "Latin-1": ("a.txt", lambda t: f"ö k={t}".encode("latin-1"), ""),
}
