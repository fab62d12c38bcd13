# SPDX-License-Identifier: Apache-2.0
"""A token that went away: each use comes back after one transparent reconnect, or ends in one clear error.

Most of these run in a process of their own, because what they do to the module is done to the whole process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.hsm.faults import Fault, fault_of, translate
from pipeline_guard.adapters.hsm.pkcs11 import Pkcs11Token
from pipeline_guard.adapters.hsm.pool import Lent
from pipeline_guard.errors import GuardError, Unavailable, UsageError
from pipeline_guard.model.key import KeyType, KeyUsage
from tests.hsm.tpm import PIN, tpm_token

ROOT = Path(__file__).parents[2]
PROLOGUE = """
import ctypes, os, sys, threading, time
from pathlib import Path
from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.errors import GuardError, Unavailable
from pipeline_guard.model.key import KeyType, KeyUsage
from pipeline_guard.model.secret import Secret

home = Path(sys.argv[1])
token = open_token(str(home), uri="", module="", pin="", environ={})
signing = token.create("signing", 1, KeyType.EC_P256, KeyUsage.SIGN).ref
wrapping = token.create("wrapping", 1, KeyType.AES_256, KeyUsage.WRAP).ref
wrapped = token.wrap(wrapping, Secret(b"k" * 32), b"row")
module = token.pool.library().module

def raw(position, *arguments):
    return ctypes.CFUNCTYPE(ctypes.c_ulong)(module.functions[position])(*arguments)

def everything():
    from pipeline_guard.sign.public_key import load
    assert token.unwrap(wrapping, wrapped, b"row") == Secret(b"k" * 32)
    pem = token.describe("pkcs11:object=signing%2F1").public_pem
    assert load(pem).accepts(token.sign(signing, b"message"), b"message")
    token.destroy(token.create("passing", 1, KeyType.AES_256, KeyUsage.WRAP).ref)
    assert token.unwrap(wrapping, token.wrap(wrapping, Secret(b"j" * 32), b""), b"") == Secret(b"j" * 32)

everything()
"""


def alone(tmp_path: Path, source: str, *words: str) -> str:
    """Run a script with an open token; it must end well and say nothing on standard error, not even from a destructor."""
    words = (sys.executable, "-X", "dev", "-c", PROLOGUE + textwrap.dedent(source), str(tmp_path / "home"), *words)
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


HAPPENINGS = {
    "finalized": "raw(1, None)",
    "started-anew": "raw(1, None); module.initialize()",
    "logged-out": "raw(19, ctypes.c_ulong(token.pool.opened().anchor.handle))",
    "sessions-closed": "raw(14, ctypes.c_ulong(token.pool.opened().token.slot.slot_id))",
    # the numbers of our handles now belong to somebody else's sessions, who is not logged in
    "started-anew-by-a-neighbour": """
raw(1, None); module.initialize()
slot = token.pool.library().get_slots(token_present=True)[0].slot_id
for _ in range(8):
    assert raw(12, ctypes.c_ulong(slot), ctypes.c_ulong(4), None, None, ctypes.byref(ctypes.c_ulong())) == 0
""",
}


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_every_operation_comes_back_after_the_library_was_shut_down_or_used_by_somebody_else(tmp_path: Path, happening: str) -> None:
    use = """
    uses = [
        lambda: token.sign(signing, b"message"),
        lambda: token.unwrap(wrapping, wrapped, b"row"),
        lambda: token.wrap(wrapping, Secret(b"k" * 32), b"row"),
        lambda: token.describe("pkcs11:object=signing%2F1"),
        lambda: token.create("again", 1, KeyType.AES_256, KeyUsage.WRAP),
        lambda: token.destroy(signing),
        lambda: token.anchored("store"),
    ]
    for use in uses:
        HAPPENING
        use()
    """
    source = textwrap.dedent(use)
    line = next(text for text in source.splitlines() if "HAPPENING" in text)
    source = source.replace(line, textwrap.indent(HAPPENINGS[happening].strip(), "    "))
    alone(tmp_path, source)


def test_sessions_of_a_neighbour_who_started_the_module_anew_stay_open(tmp_path: Path) -> None:
    """The numbers of our sessions are now those of the neighbour's: closing ours would close theirs."""
    source = """
    raw(1, None); module.initialize()
    slot = token.pool.library().get_slots(token_present=True)[0].slot_id
    theirs = [ctypes.c_ulong() for _ in range(64)]
    for session in theirs:
        assert raw(12, ctypes.c_ulong(slot), ctypes.c_ulong(4), None, None, ctypes.byref(session)) == 0
    everything()
    assert [module.watcher(session.value, 0, b"")()[0] for session in theirs] == [True] * 64
    """
    alone(tmp_path, source)


def test_a_key_is_never_taken_for_another_after_its_handle_was_given_away(tmp_path: Path) -> None:
    """Somebody starts the module anew, logs in and finds objects in another order: our numbers now name other keys."""
    source = """
    from pipeline_guard.sign.public_key import load
    others = [token.create(f"other-{n}", 1, KeyType.EC_P256, KeyUsage.SIGN) for n in range(4)]
    for record in others:
        token.sign(record.ref, b"message")
    raw(1, None); module.initialize()
    import pkcs11
    slot = token.pool.library().get_slots(token_present=True)[0]
    pin = (home / "pin").read_text()
    sessions = [slot.get_token().open(user_pin=pin)] + [slot.get_token().open() for _ in range(8)]
    found = list(sessions[0].get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}))[::-1]
    for _ in range(3):
        for record in others:
            assert load(record.public_pem).accepts(token.sign(record.ref, b"message"), b"message"), record.ref.name
    """
    alone(tmp_path, source)


def test_token_folder_moved_away_is_unavailable_and_its_return_is_noticed(tmp_path: Path) -> None:
    source = """
    time.sleep(1.1)
    (home / "tokens").rename(home / "elsewhere")
    uses = {
        "sign": lambda: token.sign(signing, b"message"),
        "unwrap": lambda: token.unwrap(wrapping, wrapped, b"row"),
        "wrap": lambda: token.wrap(wrapping, Secret(b"k" * 32), b"row"),
        "create": lambda: token.create("lost", 1, KeyType.AES_256, KeyUsage.WRAP),
    }
    for name, use in uses.items():
        try:
            use()
            print(name, "worked")
        except Unavailable as error:
            print(name, bool(error.hint))
    assert not list((home / "tokens").iterdir()) if (home / "tokens").exists() else True
    if (home / "tokens").exists():
        (home / "tokens").rmdir()
    (home / "elsewhere").rename(home / "tokens")
    everything()
    print("back")
    """
    assert alone(tmp_path, source).split() == ["sign", "True", "unwrap", "True", "wrap", "True", "create", "True", "back"]


def test_token_that_was_moved_is_not_replaced_by_a_new_one(tmp_path: Path) -> None:
    alone(tmp_path, "")
    (tmp_path / "home" / "tokens").rename(tmp_path / "kept")
    source = 'import sys\nfrom pipeline_guard.adapters.hsm.embedded import open_token\nopen_token(sys.argv[1], uri="", module="", pin="", environ={}).facts()'
    words = [sys.executable, "-c", source, str(tmp_path / "home")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert "Unavailable: the token is not there" in done.stderr
    (tmp_path / "home" / "tokens").rmdir()
    (tmp_path / "kept").rename(tmp_path / "home" / "tokens")
    assert subprocess.run(words, capture_output=True, cwd=ROOT, timeout=60).returncode == 0


def test_pin_that_changed_is_sent_once_after_a_loss(tmp_path: Path) -> None:
    source = """
    from pipeline_guard.errors import UsageError
    sent = []
    log_in = type(module).log_in
    def counting(self, session, pin):
        sent.append(log_in(self, session, pin))
        return sent[-1]
    type(module).log_in = counting
    right = (home / "pin").read_text()
    (home / "pin").write_text("00" + "00-wrong")
    raw(1, None)
    for _ in range(5):
        try:
            token.sign(signing, b"message")
            print("signed")
        except UsageError as error:
            assert "PIN" in error.what
    print(len(sent))
    (home / "pin").write_text(right)
    everything()
    """
    assert alone(tmp_path, source).split() == ["1"]


def test_threads_come_back_while_the_module_is_started_anew_under_the_gate(tmp_path: Path) -> None:
    source = """
    stop, counts, failures = time.monotonic() + 4, [0] * 8, []
    def work(number):
        try:
            while time.monotonic() < stop:
                token.sign(signing, b"message")
                assert token.unwrap(wrapping, wrapped, b"row") == Secret(b"k" * 32)
                counts[number] += 1
        except BaseException as error:
            failures.append(error)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads: thread.start()
    restarts = 0
    while time.monotonic() < stop - 0.5:
        time.sleep(0.05)
        with token.pool.library().gate.alone():
            raw(1, None)
            restarts += 1
    for thread in threads: thread.join()
    assert not failures, failures
    assert min(counts) > 5 and restarts > 10, (counts, restarts)
    """
    alone(tmp_path, source)


def test_a_forked_child_starts_anew_and_leaves_its_parent_alone(tmp_path: Path) -> None:
    source = """
    stop, failures = time.monotonic() + 5, []
    def work():
        try:
            while time.monotonic() < stop:
                token.sign(signing, b"message")
        except BaseException as error:
            failures.append(error)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads forks: that is what is tried
    forks = 0
    while time.monotonic() < stop - 1:
        child = os.fork()
        if not child:
            try:
                everything()
                os._exit(0 if token.pool.opened().generation > 0 else 3)
            except BaseException as error:
                os.write(2, repr(error).encode())
                os._exit(4)
        assert os.waitpid(child, 0)[1] == 0
        forks += 1
        everything()
    for thread in threads: thread.join()
    assert not failures, failures
    assert forks > 3
    """
    alone(tmp_path, source)


def errors() -> list[type[Exception]]:
    import pkcs11

    known = [
        thing for thing in vars(pkcs11.exceptions).values() if isinstance(thing, type) and issubclass(thing, pkcs11.exceptions.PKCS11Error)
    ]
    assert len(known) > 70
    return known


@pytest.mark.parametrize("error", errors(), ids=lambda error: error.__name__)
def test_every_error_of_the_library_is_turned_into_ours_after_a_bounded_number_of_tries(token: Pkcs11Token, error: type[Exception]) -> None:
    tries: list[int] = []

    def act(lent: Lent) -> None:
        tries.append(1)
        raise error("a text that people never see")

    with pytest.raises((Unavailable, UsageError)) as caught:
        token.pool.use(act)
    assert caught.value.hint
    assert "never see" not in caught.value.what + caught.value.hint
    assert len(tries) <= {Fault.LOST: 9, Fault.STALE: 9, Fault.VOID: 3, Fault.FINAL: 3, Fault.PIN: 1}[fault_of(error())]
    assert ("Pin" in error.__name__ and error.__name__ != "UserPinNotInitialized") == (fault_of(error()) is Fault.PIN)


@pytest.mark.parametrize(
    "error", [error for error in errors() if fault_of(error()) in (Fault.VOID, Fault.LOST, Fault.STALE)], ids=lambda e: e.__name__
)
def test_a_loss_that_is_over_is_not_noticed(token: Pkcs11Token, error: type[Exception]) -> None:
    import pkcs11

    raised: list[int] = []

    def act(lent: Lent) -> int:
        if not raised:
            raised.append(1)
            raise error
        return len(list(lent.session.get_objects({pkcs11.Attribute.LABEL: "nobody"})))

    assert token.pool.use(act) == 0


@pytest.mark.parametrize("text", ["", "Unmapped error code 0x80000001", "Initialisation error (not initialized). Should never see this."])
def test_errors_without_a_class_are_ours_too(text: str) -> None:
    import pkcs11

    error = translate(pkcs11.exceptions.PKCS11Error(text), "module.so")
    assert isinstance(error, GuardError)
    assert "Should never" not in error.what
    assert ("0x80000001" in error.what) == ("0x80000001" in text)


def test_a_tpm_that_was_killed_and_started_again_signs_again(tmp_path: Path) -> None:
    with tpm_token(tmp_path) as tpm:
        tpm.tool(
            "--token-label", "tpm", "--login", "--pin", PIN, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "k", "--id", "41"
        )
        words = [sys.executable, "-c", TPM, tpm.module]
        environment = {**os.environ, **tpm.environment, "THE_PIN": PIN}
        child = subprocess.Popen(words, cwd=ROOT, env=environment, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        said: list[str] = []

        def step(word: str) -> str:
            assert child.stdin
            assert child.stdout
            child.stdin.write(word + "\n")
            child.stdin.flush()
            said.append(child.stdout.readline().strip())
            return said[-1]

        assert step("sign") == "signed"
        tpm.kill()
        assert step("sign").startswith("Unavailable ")
        tpm.start_again()
        assert step("sign") == "signed", said
        child.communicate(timeout=20)
        assert child.returncode == 0


TPM = """
import os, sys
from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.errors import GuardError
token = open_token("/nonexistent", uri="pkcs11:token=tpm", module=sys.argv[1], pin="env:THE_PIN", environ=os.environ)
ref = None
for line in sys.stdin:
    try:
        ref = ref or token.describe("pkcs11:token=tpm;object=k").ref
        token.sign(ref, b"message")
        print("signed", flush=True)
    except GuardError as error:
        print(type(error).__name__, error.what, "|", error.hint, flush=True)
"""


def test_the_token_of_the_session_still_works(token: Pkcs11Token) -> None:
    record: Any = token.create("after", 1, KeyType.EC_P256, KeyUsage.SIGN)
    assert token.sign(record.ref, b"message")


def test_token_that_another_process_made_after_the_module_was_loaded_is_found(tmp_path: Path) -> None:
    source = """
    import subprocess, sys
    from pathlib import Path
    from pipeline_guard.adapters.hsm.embedded import open_token
    from pipeline_guard.model.key import KeyType, KeyUsage
    home = sys.argv[1]
    token = open_token(home, uri="", module="", pin="", environ={})
    if len(sys.argv) == 2:
        token.pool.library()  # the module is started and sees no token
        subprocess.run((sys.executable, "-c", SOURCE, home, "other"), check=True)
        assert token.describe("pkcs11:object=of-other%2F1") is not None
    token.create("of-other" if len(sys.argv) > 2 else "ours", 1, KeyType.AES_256, KeyUsage.WRAP)
    """
    text = textwrap.dedent(source)
    done = subprocess.run(
        (sys.executable, "-c", f"SOURCE = {text!r}\n{text}", str(tmp_path / "home")), capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("damage", ["emptied", "removed"])
def test_token_whose_own_file_was_lost_is_put_back_with_its_keys(tmp_path: Path, damage: str) -> None:
    """A process that is killed while it logs in may leave the file empty."""
    home = tmp_path / "home"
    alone(tmp_path, "")
    (own,) = home.glob("tokens/*/token.object")
    own.write_bytes(b"") if damage == "emptied" else own.unlink()
    source = """
    from pipeline_guard.adapters.hsm.embedded import open_token
    from pipeline_guard.model.key import KeyType, KeyUsage
    import sys
    token = open_token(sys.argv[1], uri="", module="", pin="", environ={})
    assert token.describe("pkcs11:object=signing%2F1").ref.id
    """
    done = subprocess.run((sys.executable, "-c", textwrap.dedent(source), str(home)), capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_token_whose_own_file_holds_something_else_is_told_and_nothing_is_made_in_its_place(tmp_path: Path) -> None:
    home = tmp_path / "home"
    alone(tmp_path, "")
    (own,) = home.glob("tokens/*/token.object")
    own.write_bytes(b"junk" * 100)
    source = """
    from pipeline_guard.adapters.hsm.embedded import open_token
    from pipeline_guard.errors import Unavailable
    import sys
    try:
        open_token(sys.argv[1], uri="", module="", pin="", environ={}).describe("pkcs11:object=signing%2F1")
    except Unavailable as error:
        print(error.what)
    """
    done = subprocess.run((sys.executable, "-c", textwrap.dedent(source), str(home)), capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert "the embedded token is damaged: SoftHSM does not recognise" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert own.read_bytes() == b"junk" * 100
    assert len(list((home / "tokens").iterdir())) == 1
