# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline_guard.sign.dsse import pae
from pipeline_guard.sign.public_key import load

# The test vector of the DSSE protocol 1.0.0: body, type, encoding, public key, raw r || s.
TYPE = "http://example.com/HelloWorld"
X = 46950820868899156662930047687818585632848591499744589407958293238635476079160
Y = 5640078356564379163099075877009565129882514886557779369047442380624545832820
SIGNATURE = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="


def test_the_encoding_is_that_of_the_specification() -> None:
    assert pae(b"hello world", TYPE) == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_count_bytes_not_characters() -> None:
    assert pae("é".encode(), "é") == "DSSEv1 2 é 2 é".encode()
    assert pae(b"") == b"DSSEv1 28 application/vnd.in-toto+json 0 "


def test_the_signature_of_the_specification_verifies() -> None:
    public = ec.EllipticCurvePublicNumbers(X, Y, ec.SECP256R1()).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    assert load(pem).accepts(base64.b64decode(SIGNATURE), pae(b"hello world", TYPE))
    assert not load(pem).accepts(base64.b64decode(SIGNATURE), pae(b"hello World", TYPE))
