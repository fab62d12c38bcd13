# SPDX-License-Identifier: Apache-2.0
"""The PKCS#11 adapter against a real SoftHSM token."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.hsm.objects import check_attributes
from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token
from pipeline_guard.adapters.hsm.pool import Lent
from pipeline_guard.errors import GuardError, IntegrityError, Unavailable, UsageError
from pipeline_guard.model.key import KeyRecord, KeyType, KeyUsage

ROOT = Path(__file__).parents[2]
SECONDS_OF_THREADS = 10


def verify(record: KeyRecord, signature: bytes, message: bytes) -> None:
    key = load_pem_public_key(record.public_pem.encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, message, ec.ECDSA(hashes.SHA256()))


def test_signature_made_in_the_token_verifies_outside(token: Pkcs11Token) -> None:
    record = token.create("outside", 1, KeyType.EC_P256, KeyUsage.SIGN)
    verify(record, token.sign(record.ref, b"message"), b"message")


def test_private_value_cannot_be_read(token: Pkcs11Token) -> None:
    import pkcs11

    signing = token.create("closed", 1, KeyType.EC_P256, KeyUsage.SIGN)
    wrapping = token.create("closed-too", 1, KeyType.AES_256, KeyUsage.WRAP)
    for record in (signing, wrapping):
        key = token.pool.use(lambda lent, ref=record.ref: lent.key(ref))  # the only way to reach the object itself
        check_attributes(key)
        with pytest.raises(pkcs11.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]
        with pytest.raises(pkcs11.exceptions.PKCS11Error):
            key[pkcs11.Attribute.EXTRACTABLE] = True


def test_generous_key_is_refused_when_its_attributes_are_read_back(token: Pkcs11Token) -> None:
    import pkcs11

    def act(lent: Lent) -> None:
        key = lent.session.generate_key(pkcs11.KeyType.AES, 256, store=False)  # the library's defaults: every usage at once
        with pytest.raises(IntegrityError, match=r"MODIFIABLE.*WRAP"):
            check_attributes(key)

    token.pool.use(act, writable=True)


def test_key_is_found_by_uri_and_only_by_one(token: Pkcs11Token) -> None:
    record = token.create("by-uri", 1, KeyType.EC_P256, KeyUsage.SIGN)
    found = token.describe("pkcs11:token=pipeline-guard;object=by-uri%2F1")
    assert (found.ref.id, found.public_pem) == (record.ref.id, record.public_pem)
    with pytest.raises(UsageError, match="no key"):
        token.describe("pkcs11:object=nothing")
    with pytest.raises(UsageError, match="another token"):
        token.describe("pkcs11:token=elsewhere;object=by-uri%2F1")
    with pytest.raises(UsageError, match="keys in the token"):
        token.describe("pkcs11:token=pipeline-guard")


def test_eight_threads_sign_through_one_process(token: Pkcs11Token) -> None:
    record = token.create("threads", 1, KeyType.EC_P256, KeyUsage.SIGN)
    failures: list[BaseException] = []
    signed = [0] * 8
    deadline = time.monotonic() + SECONDS_OF_THREADS

    def work(number: int) -> None:
        try:
            while time.monotonic() < deadline:
                message = b"%d %d" % (number, signed[number])
                signature = token.sign(record.ref, message)
                if signed[number] % 50 == 0:
                    verify(record, signature, message)
                signed[number] += 1
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(signed) > 0


def test_plain_library_shows_why_locking_is_ours(tmp_path: Path) -> None:
    """The library as it comes initialises without locking; ours must have asked for it, or the test above proves nothing."""
    source = textwrap.dedent(
        """
        import sys
        from pipeline_guard.adapters.hsm import library
        calls = []
        original = library.Module.initialize
        def initialize(self):
            calls.append(original(self))
            return calls[-1]
        library.Module.initialize = initialize
        from pipeline_guard.adapters.hsm.embedded import open_token
        token = open_token(sys.argv[1], uri="", module="", pin="", environ={})
        print(token.facts()["label"], calls[0] == 0, set(calls) <= {0, 0x191})  # 0x191: it is running already
        """
    )
    done = subprocess.run([sys.executable, "-c", source, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["pipeline-guard", "True", "True"]


def failing(configuration: dict[str, str], environ: dict[str, str], home: Path) -> GuardError:
    with pytest.raises(GuardError) as caught:
        open_token(str(home), environ=environ, **configuration).facts()
    assert caught.value.hint
    return caught.value


def test_missing_module_is_unavailable_and_says_how_to_install(tmp_path: Path) -> None:
    error = failing({"uri": "", "module": "", "pin": ""}, {"PIPELINE_GUARD_MODULE": str(tmp_path / "none.so")}, tmp_path)
    assert isinstance(error, Unavailable)
    error = failing({"uri": "pkcs11:token=x", "module": str(tmp_path / "none.so"), "pin": "env:PIN"}, {"PIN": "1234"}, tmp_path)
    assert isinstance(error, Unavailable)


def test_file_that_is_no_module_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("no library")
    error = failing({"uri": "pkcs11:token=x", "module": str(tmp_path / "text.so"), "pin": "env:PIN"}, {"PIN": "1234"}, tmp_path)
    assert isinstance(error, Unavailable)


@pytest.mark.parametrize("pin", ["env:NOT_SET", "file:/no/such/file", "1234", "", "fd:99"])
def test_pin_that_is_not_named_properly_is_a_usage_error(token: Pkcs11Token, tmp_path: Path, pin: str) -> None:
    module = token.facts()["module"]
    assert isinstance(failing({"uri": "pkcs11:token=x", "module": module, "pin": pin}, {}, tmp_path), UsageError)


def test_pin_in_the_uri_is_refused(token: Pkcs11Token, tmp_path: Path) -> None:
    module = token.facts()["module"]
    error = failing({"uri": "pkcs11:token=x?pin-value=1234", "module": module, "pin": "env:PIN"}, {"PIN": "1234"}, tmp_path)
    assert isinstance(error, UsageError)
    assert "1234" not in error.what + error.hint


def test_wrong_pin_is_tried_once_and_explained(tmp_path: Path) -> None:
    """In a process of its own: a login belongs to the process."""
    source = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from pipeline_guard.adapters.hsm.library import Module
        from pipeline_guard.adapters.hsm.embedded import open_token
        from pipeline_guard.errors import GuardError
        home = Path(sys.argv[1])
        if sys.argv[2] == "init":
            open_token(str(home), uri="", module="", pin="", environ={}).facts()
            sys.exit()
        (home / "pin").write_text("0000-wrong")
        tries = []
        original = Module.log_in
        def log_in(self, session, pin):
            tries.append(1)
            return original(self, session, pin)
        Module.log_in = log_in
        token = open_token(str(home), uri="", module="", pin="", environ={})
        for _ in range(3):  # later uses do not send it either
            try:
                token.facts()
            except GuardError as error:
                print(len(tries), type(error).__name__, error.what, "|", error.hint)
        (home / "pin").write_text(sys.argv[2])
        print(token.facts()["label"], len(tries))
        """
    )
    subprocess.run([sys.executable, "-c", source, str(tmp_path), "init"], cwd=ROOT, check=True)
    right = (tmp_path / "pin").read_text()
    done = subprocess.run([sys.executable, "-c", source, str(tmp_path), right], capture_output=True, text=True, cwd=ROOT, check=True)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("1 UsageError the token refuses the PIN |")
    assert lines[1].startswith("1 UsageError the token has refused this PIN before |")
    assert lines[3:] == ["pipeline-guard 2"]
    assert "0000-wrong" not in done.stdout + done.stderr
