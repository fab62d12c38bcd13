# SPDX-License-Identifier: Apache-2.0
"""The soak: processes of 16 threads that make, use and remove keys of one token, and are killed and started all along.

``soak`` runs it and counts. A worker is this file as a script; with ``plain`` it does the same with python-pkcs11 as it
comes: no locking asked for, no second try. That variant may crash, which is why every worker is a process.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.hsm.library import find_softhsm
from pipeline_guard.errors import GuardError, IntegrityError
from pipeline_guard.model.key import KeyType, KeyUsage
from pipeline_guard.model.secret import Secret

ROOT = Path(__file__).parents[2]
THREADS = 16
TYPES = (KeyType.EC_P256, KeyType.EC_P384, KeyType.ED25519, KeyType.RSA_3072)
PIN = "98" + "7654"
STUCK = 30.0  # seconds without any operation of a process: it hangs
FAILURES = (GuardError, RuntimeError, AssertionError, ValueError, LookupError, AttributeError, TypeError, OSError, StopIteration)
LIMIT = 400  # a plain worker that fails this often is ended


class Ours:
    """The operations through our adapter; ``place`` is a home folder, or the configuration of an external token."""

    def __init__(self, place: str) -> None:
        if place.endswith(".conf"):
            uri, module = "pkcs11:token=soak", find_softhsm("")
            self.token = open_token("/nonexistent", uri=uri, module=module, pin="env:SOAK_PIN", environ={"SOAK_PIN": PIN})
        else:
            self.token = open_token(place, uri="", module="", pin="", environ={})
        self.lasting = {kind: self.token.describe(f"pkcs11:object=lasting-{kind.value}%2F1") for kind in (*TYPES, KeyType.AES_256)}

    @staticmethod
    def prepare(place: str) -> None:
        """Make the keys that last."""
        if place.endswith(".conf"):
            uri, module = "pkcs11:token=soak", find_softhsm("")
            token = open_token("/nonexistent", uri=uri, module=module, pin="env:SOAK_PIN", environ={"SOAK_PIN": PIN})
        else:
            token = open_token(place, uri="", module="", pin="", environ={})
        for kind in TYPES:
            token.create(f"lasting-{kind.value}", 1, kind, KeyUsage.SIGN)
        token.create("lasting-aes-256", 1, KeyType.AES_256, KeyUsage.WRAP)

    def sign(self, kind: KeyType) -> None:
        from pipeline_guard.sign.public_key import load

        message = os.urandom(40)
        signature = self.token.sign(self.lasting[kind].ref, message)
        if random.random() < 0.2 and not load(self.lasting[kind].public_pem).accepts(signature, message):
            raise AssertionError("a signature of another key, or none")

    def wrap(self) -> None:
        key, value, row = self.lasting[KeyType.AES_256].ref, os.urandom(32), os.urandom(8)
        wrapped = self.token.wrap(key, Secret(value), row)
        if self.token.unwrap(key, wrapped, row) != Secret(value):
            raise AssertionError("another value came back")
        try:
            self.token.unwrap(key, wrapped, row + b"x")
        except IntegrityError:
            return
        raise AssertionError("a moved row was unwrapped")

    def describe(self) -> None:
        kind = random.choice(TYPES)
        if self.token.describe(f"pkcs11:object=lasting-{kind.value}%2F1").public_pem != self.lasting[kind].public_pem:
            raise AssertionError("another key")

    def live_and_die(self) -> None:
        kind = random.choice((KeyType.EC_P256, KeyType.AES_256))
        name = f"passing-{os.getpid()}-{random.getrandbits(48):x}"
        ref = self.token.create(name, 1, kind, KeyUsage.SIGN if kind is KeyType.EC_P256 else KeyUsage.WRAP).ref
        if kind is KeyType.EC_P256:
            self.token.sign(ref, b"message")
        else:
            self.token.unwrap(ref, self.token.wrap(ref, Secret(b"k" * 32), b""), b"")
        self.token.destroy(ref)


class Plain:
    """The same operations with python-pkcs11 as it comes, a session for each thread."""

    def __init__(self, place: str) -> None:
        import pkcs11

        if not place.endswith(".conf"):
            os.environ["SOFTHSM2_CONF"] = str(Path(place) / "softhsm2.conf")
        self.pin = PIN if place.endswith(".conf") else (Path(place) / "pin").read_text()
        label = "soak" if place.endswith(".conf") else "pipeline-guard"
        self.token = pkcs11.lib(find_softhsm("")).get_token(token_label=label)
        self.anchor = self.token.open(user_pin=self.pin)
        self.local = threading.local()

    def session(self) -> Any:
        if not hasattr(self.local, "session"):
            self.local.session = self.token.open(rw=True)
        return self.local.session

    def key(self, label: str) -> Any:
        import pkcs11

        kind = pkcs11.ObjectClass.SECRET_KEY if "aes" in label else pkcs11.ObjectClass.PRIVATE_KEY
        return next(iter(list(self.session().get_objects({pkcs11.Attribute.LABEL: label, pkcs11.Attribute.CLASS: kind}))))

    def sign(self, kind: KeyType) -> None:
        from pipeline_guard.adapters.hsm.scheme import scheme_of

        size = {KeyType.EC_P256: 32, KeyType.EC_P384: 48}.get(kind, 40)
        self.key(f"lasting-{kind.value}/1").sign(os.urandom(size), mechanism=scheme_of(kind).mechanism)

    def wrap(self) -> None:
        import pkcs11

        key, value = self.key("lasting-aes-256/1"), os.urandom(32)
        gcm = {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": pkcs11.GCMParams(os.urandom(12), aad=b"row")}
        if bytes(key.decrypt(key.encrypt(value, **gcm), **gcm)) != value:
            raise AssertionError("another value came back")

    def describe(self) -> None:
        self.key(f"lasting-{random.choice(TYPES).value}/1")

    def live_and_die(self) -> None:
        import pkcs11

        label = f"passing-aes-{random.getrandbits(48):x}"
        self.session().generate_key(pkcs11.KeyType.AES, 256, label=label, store=True)
        self.key(label).destroy()


def worker(variant: str, place: str, seconds: float) -> None:
    """Run 16 threads; print what was done twice a second, and every error."""
    faulthandler.enable()
    faulthandler.dump_traceback_later(STUCK + seconds, exit=True)
    done: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    deadline = time.monotonic() + seconds

    def guarded(name: str, act: Callable[[], None]) -> None:
        try:
            act()
            done[name] += 1
        except FAILURES as error:
            failed[f"{name}: {type(error).__name__} {getattr(error, 'what', error)}"[:160]] += 1

    def thread(operations: Any) -> None:
        choice = random.Random()
        while time.monotonic() < deadline and sum(failed.values()) < LIMIT:
            number = choice.random()
            if number < 0.6:
                kind = choice.choices(TYPES, (70, 15, 10, 5))[0]
                guarded(f"sign {kind.value}", lambda kind=kind: operations.sign(kind))  # type: ignore[misc]
            elif number < 0.9:
                guarded("wrap, unwrap", operations.wrap)
            elif number < 0.95:
                guarded("describe", operations.describe)
            else:
                guarded("create, use, destroy", operations.live_and_die)

    try:
        operations: Any = Ours(place) if variant == "ours" else Plain(place)
        done["open"] += 1
    except FAILURES as error:
        failed[f"open: {type(error).__name__} {getattr(error, 'what', error)}"[:160]] += 1
    else:
        threads = [threading.Thread(target=thread, args=(operations,), daemon=True) for _ in range(THREADS)]
        for each in threads:
            each.start()
        while any(each.is_alive() for each in threads):
            time.sleep(0.5)
            print(json.dumps({"done": dict(done), "failed": dict(failed)}), flush=True)
    print(json.dumps({"done": dict(done), "failed": dict(failed)}), flush=True)
    os._exit(0)  # what is tried is use, not the order in which a module's memory is freed


def external(folder: Path) -> str:
    """Initialise a SoftHSM token of its own; return its configuration file."""
    (folder / "tokens").mkdir(parents=True)
    configuration = folder / "external.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    words = ["softhsm2-util", "--init-token", "--free", "--label", "soak", "--so-pin", "12345678", "--pin", PIN]
    subprocess.run(words, env={**os.environ, "SOFTHSM2_CONF": str(configuration)}, check=True, capture_output=True)
    return str(configuration)


class Run:
    """One worker and what it said last."""

    def __init__(self, variant: str, place: str, seconds: float, environment: dict[str, str]) -> None:
        words = [sys.executable, str(Path(__file__)), variant, place, f"{seconds:.1f}"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.moved = time.monotonic()
        self.killed = False
        self.readers = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for reader in self.readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not self.lines or line != self.lines[-1]:
                self.moved = time.monotonic()
            self.lines[:] = [line]

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def kill(self) -> None:
        """End it as a runner's time limit does."""
        self.killed = True
        self.process.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Wait for it and its readers."""
        self.process.wait()
        for reader in self.readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


def soak(variant: str, place: str, seconds: float, *, processes: int = 4, pause: tuple[float, float] = (0.5, 3.0)) -> dict[str, Any]:
    """Keep ``processes`` workers alive for ``seconds``, killing one now and then; return the counts.

    The keys that last are made first. ``crashes`` are ends that we did not cause, ``hangs`` workers that did nothing for long.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if place.endswith(".conf"):
        environment["SOFTHSM2_CONF"] = place
    code = "import sys; from tests.hsm.soak import Ours; Ours.prepare(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, place], env=environment, check=True, capture_output=True)
    done: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    crashes: list[str] = []
    kills = starts = hangs = 0
    begun = time.monotonic()
    runs: list[Run] = []

    def reap(run: Run) -> None:
        run.end()
        said = json.loads(run.lines[-1]) if run.lines and run.lines[-1].endswith("\n") else {"done": {}, "failed": {}}
        done.update(said["done"])
        failed.update(said["failed"])
        if not run.killed and run.process.returncode != 0:
            crashes.append(f"{run.process.returncode}: {''.join(run.errors)[:300]}")
        elif not run.killed and run.errors:
            failed[f"stderr: {''.join(run.errors)[:200]}"] += 1

    try:
        next_kill = begun + random.uniform(*pause)
        while (now := time.monotonic()) < begun + seconds:
            for run in [run for run in runs if run.process.poll() is not None]:
                runs.remove(run)
                reap(run)
            while len(runs) < processes:
                runs.append(Run(variant, place, begun + seconds - now, environment))
                starts += 1
            for run in runs:
                if now - run.moved > STUCK and not run.killed:
                    hangs += 1
                    run.kill()
            if now > next_kill:
                random.choice(runs).kill()
                kills += 1
                next_kill = now + random.uniform(*pause)
            time.sleep(0.02)
        late = time.monotonic() + STUCK
        while any(run.process.poll() is None for run in runs) and time.monotonic() < late:
            time.sleep(0.05)
    finally:
        for run in runs:
            if run.process.poll() is None:
                hangs += 1
                run.kill()
            reap(run)
    return {"seconds": round(time.monotonic() - begun), "starts": starts, "kills": kills, "done": dict(done), "failed": dict(failed), "crashes": crashes, "hangs": hangs}  # fmt: skip


if __name__ == "__main__":
    worker(sys.argv[1], sys.argv[2], float(sys.argv[3]))
