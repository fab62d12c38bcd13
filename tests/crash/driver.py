# SPDX-License-Identifier: Apache-2.0
"""Kills a store's processes at random moments, thousands of times if asked, and looks after each whether anything was lost.

    python tests/crash/driver.py --seconds 600 --kills 5000
    python tests/crash/driver.py --making --seconds 60 --kills 200

One process imports everything and opens nothing. For each round it forks a child that opens the store and the SoftHSM token
and works (put, rotate, delete, rotate the wrapping key, rewrap; or migrates a store of version 1; or makes a new one), tells over
a pipe what it begins and what was acknowledged, and is killed with SIGKILL somewhere on its way. Another child then looks:
the store opens, what was acknowledged is there and opens to its value, nothing is half-written, the audit log verifies, and
no value can be read in any file. With --making the children only make keys, and after each kill every key in the token must be
written down or noted as begun; tidying then leaves exactly those that are written down.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import alembic.command
import alembic.config  # what a migration needs must not be imported while it is timed
import pkcs11

from pipeline_guard.adapters.clock import SystemClock, SystemRandom
from pipeline_guard.adapters.hsm.embedded import open_token
from pipeline_guard.adapters.hsm.pool import Lent
from pipeline_guard.adapters.sql import migration  # noqa: F401
from pipeline_guard.adapters.sql.state import SqlState
from pipeline_guard.flows import audit, keys, secret_life, secrets
from pipeline_guard.flows import tidy as tidying
from pipeline_guard.flows.checkpoint import public_keys
from pipeline_guard.flows.key_use import GovernedToken
from pipeline_guard.flows.rewrap import rewrap
from pipeline_guard.model.key import KeyUsage
from pipeline_guard.model.secret import Secret
from pipeline_guard.seal.envelope import associated_data, close
from tests.unit.adapters.test_migration import FIRST

assert alembic.command
assert pkcs11

MARK = "crash-" + "marker-"
NAMES = [f"name-{number}" for number in range(16)]
MOST = 6  # versions of a name before it is deleted

Model = dict[str, dict[int, str]]


class Store:
    """A store and its token, opened."""

    def __init__(self, home: Path) -> None:
        self.state = SqlState.open(str(home))
        clock = SystemClock()
        self.token = GovernedToken(open_token(str(home), uri="", module="", pin="", environ={}), self.state, clock)
        state, token = self.state, self.token
        self.keys = keys.KeyDoors("crash", clock, token, state, state, state)
        self.secrets = secrets.SecretDoors(
            actor="crash", clock=clock, random=SystemRandom(), keystore=token, wrapper=token,
            register=state, ledger=state, store=state, life=state, removal=state, audit=state,
        )  # fmt: skip


def work(home: Path, seed: int, say: Callable[..., None]) -> None:
    """Work until killed; say before and after each act what it is."""
    dice, number = random.Random(seed), 0
    store = Store(home)
    say("ready")
    while True:
        number += 1
        name, roll = dice.choice(NAMES), dice.random()
        versions = len(store.state.secret_versions(name))
        if roll < 0.04:
            say("begin", "rotate-key", "", "")
            keys.rotate("store", keys.Period(), doors=store.keys)
            say("begin", "rewrap", "", "")
            rewrap("store", store.state, doors=store.secrets)
            say("done")
        elif roll < 0.14:
            say("begin", "rewrap", "", "")
            rewrap("store", store.state, doors=store.secrets)
            say("done")
        elif versions >= MOST:
            say("begin", "remove", name, "")
            secrets.remove(name, doors=store.secrets)
            say("done")
        else:
            value = f"{MARK}{seed}-{number}"
            rotating = versions and roll < 0.6
            say("begin", "rotate" if rotating else "put", name, value)
            terms = secret_life.Terms(labels=(("round", str(seed)),))
            act = secret_life.rotate if rotating else secrets.put
            row = act(name, Secret(value.encode()), terms, doors=store.secrets)
            say("done", row.version)


def look(home: Path, model: Model, whole: bool, say: Callable[..., None]) -> None:
    """Say every version there is with its value; verify the log where the ``whole`` is to be looked at."""
    store = Store(home)
    known = {value for versions in model.values() for value in versions.values()}
    found: Model = {}
    for listed in store.state.list():
        for row in store.state.secret_versions(listed.name):
            found.setdefault(row.name, {})[row.version] = secrets.open_row(row, store.token).reveal().decode()
    records = 0
    if whole:
        anchor = store.token.anchored(store.state.head().store)
        records = audit.verify(store.state, public_keys(store.state), anchor).records
    del known
    say("found", json.dumps(found), records, len(store.state.versions("store")))


def child(task: Callable[[Callable[..., None]], None]) -> tuple[int, int]:
    """Fork a child that does a task and says things over a pipe; return its id and the pipe's end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(reading)
        task(lambda *words: os.write(writing, (json.dumps(words) + "\n").encode()) and None)
        os._exit(0)
    except BaseException:  # noqa: BLE001  # a child of ours ends here, whatever happened
        os.write(writing, (json.dumps(["error", traceback.format_exc()[-1500:]]) + "\n").encode())
        os._exit(1)


def listen(pid: int, pipe: int, after_ready: float, at_most: float) -> list[list[object]]:
    """Read until the child ends, or kill it ``after_ready`` seconds after it said so, ``at_most`` seconds after now; return what it said."""
    text, end, readied = b"", time.monotonic() + at_most, False
    while (left := end - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left)[0]:
            break
        part = os.read(pipe, 1 << 20)
        if not part:
            break
        text += part
        if not readied and b'"ready"' in text:
            readied, end = True, min(end, time.monotonic() + after_ready)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while part := os.read(pipe, 1 << 20):
        text += part
    os.close(pipe)
    said = [json.loads(line) for line in text.split(b"\n") if line]
    for words in said:
        if words[0] == "error":
            raise SystemExit(f"a child failed:\n{words[1]}")
    return said


def ask(home: Path, model: Model, whole: bool) -> tuple[Model, int, int]:
    """Look at a store in a child of its own."""
    said = listen(*child(lambda say: look(home, model, whole, say)), 300, 300)
    if not said:
        raise SystemExit("the child that looks said nothing")
    found = {name: {int(version): value for version, value in versions.items()} for name, versions in json.loads(str(said[-1][1])).items()}
    return found, int(str(said[-1][2])), int(str(said[-1][3]))


def apply(model: Model, said: list[list[object]]) -> tuple[str, str, str] | None:
    """Write into the model what was acknowledged; return the act that was begun and not acknowledged."""
    begun: tuple[str, str, str] | None = None
    for words in said:
        if words[0] == "begin":
            begun = (str(words[1]), str(words[2]), str(words[3]))
        elif words[0] == "done" and begun:
            act, name, value = begun
            if act in ("put", "rotate"):
                model.setdefault(name, {})[int(str(words[1]))] = value
            elif act == "remove":
                model.pop(name, None)
            begun = None
    return begun


def compare(model: Model, begun: tuple[str, str, str] | None, found: Model) -> None:
    """Stop where the store is not what was acknowledged, give or take the one act that was begun; then take it as it is."""
    if begun and begun[0] in ("put", "rotate"):
        _, name, value = begun
        versions = found.get(name, {})
        newest = max(versions, default=0)
        if versions.get(newest) == value:
            model.setdefault(name, {})[newest] = value
    elif begun and begun[0] == "remove" and begun[1] not in found:
        model.pop(begun[1], None)
    if model != found:
        names = [name for name in {*model, *found} if model.get(name) != found.get(name)]
        raise SystemExit(
            f"the store is not what was acknowledged: {names}, begun {begun and begun[:2]}: {[(model.get(n), found.get(n)) for n in names]}"
        )


def readable(*homes: Path) -> None:
    """Stop where a value can be read in a file."""
    for home in homes:
        for path in home.rglob("*"):
            if path.is_file() and MARK.encode() in path.read_bytes():
                raise SystemExit(f"a value can be read in {path.name}")


def first_store(home: Path) -> dict[str, str]:
    """Turn the store of a home into one of version 1 with real sealed rows, kept as store.v1; return its values."""
    store = Store(home)
    key = secrets.wrapping_key(doors=store.secrets)
    values = {f"old-{number}": f"{MARK}old-{number}" for number in range(40)}
    with closing(sqlite3.connect(home / "store.v1")) as database, database:
        database.executescript(FIRST)
        database.execute("DELETE FROM secrets")
        database.execute("DELETE FROM audit")
        database.execute("UPDATE keys SET cka_id = ?, token = 'x'", (key.ref.id,))
        for name, value in values.items():
            data_key = Secret(os.urandom(32))
            sealed = close(data_key, Secret(value.encode()), os.urandom(12), associated_data(name, 1, "secret"))
            wrapped = store.token.wrap(key.ref, data_key, associated_data(name, 1, "data-key"))
            row = (name, "2026-01-01T00:00:00+00:00", key.ref.id, wrapped, sealed, len(value))
            database.execute("INSERT INTO secrets VALUES (?, 1, ?, 'store', 1, ?, ?, ?, ?)", row)
    database.close()
    return values


def fresh(home: Path, template: Path | None) -> None:
    """Take a home's store away; put a template in its place."""
    for path in home.glob("store.db*"):
        path.unlink()
    if template:
        shutil.copyfile(template, home / "store.db")


def make(home: Path, seed: int, say: Callable[..., None]) -> None:
    """Make keys until killed."""
    dice, store, number = random.Random(seed), Store(home), 0
    say("ready")
    while True:
        number += 1
        name = f"k-{seed}-{number}"
        keys.create(name, dice.choice(("ec-p256", "aes-256")), "", keys.Period(), doors=store.keys)
        say("done", name)


def look_after(home: Path, say: Callable[..., None]) -> None:
    """Say which keys are in the token, written down, and begun; tidy; say which are in the token now."""
    store = Store(home)
    written = {record.ref.id: record.ref.name for record in store.state.all_keys()}
    begun = [intent.ref.id for intent in store.state.intents()]
    before = held(store)
    serial = store.token.token_facts().serial
    doors = tidying.TidyDoors("crash", SystemClock(), store.token, serial, store.state, store.state, store.state)
    tidying.tidy(timedelta(0), doors=doors)
    for record in store.state.all_keys()[-2:]:
        if record.ref.usage is KeyUsage.SIGN:
            store.token.sign(record.ref, b"message")
    say("keys", written, begun, before, held(store), [intent.ref.id for intent in store.state.intents()])


def held(store: Store) -> list[str]:
    """Return the ids of all key objects in the token.

    NOTE: SoftHSM 2.6 first writes an object with default attributes, then ours in one transaction, then the material. A kill
    before the second leaves an object without id, label and material, which nobody can tell from somebody else's; it is counted.
    """

    def act(lent: Lent) -> list[str]:
        kinds = (pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.ObjectClass.SECRET_KEY)
        return [bytes(key.id).hex() for kind in kinds for key in lent.session.get_objects({pkcs11.Attribute.CLASS: kind})]

    return sorted(store.token.token.pool.use(act))


def making(kills: int, seconds: float, seed: int) -> None:
    """Kill makers of keys; print how many left something behind, and that nothing of it stayed."""
    dice, begun_at, done, left, whole = random.Random(seed), time.monotonic(), 0, 0, 0
    longest = 0.12  # seconds until the kill; a busy machine takes longer to make a key
    with tempfile.TemporaryDirectory(prefix="guard-crash-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        home = Path(folder) / "home"
        listen(*child(lambda say: (Store(home).token.facts(), say("ready"))), 60, 60)
        while done < kills and time.monotonic() - begun_at < seconds:
            done += 1
            if done % 10 == 0 and not left + whole:
                longest *= 2
            said = listen(*child(lambda say: make(home, dice.randrange(10**9), say)), dice.uniform(0, longest), 60)
            acknowledged = [words[1] for words in said if words[0] == "done"]
            told = listen(*child(lambda say: look_after(home, say)), 120, 120)
            if not told:
                raise SystemExit("the child that looks said nothing")
            _, written, begun, before, after, still = told[-1]
            if missing := [name for name in acknowledged if name not in written.values()]:
                raise SystemExit(f"keys that were acknowledged are not written down: {missing}")
            fragments = after.count("")
            before, after = set(before) - {""}, set(after) - {""}
            if unknown := before - set(written) - set(begun):
                raise SystemExit(f"keys in the token that nobody knows: {unknown}")
            if after != set(written) or still:
                raise SystemExit(f"after tidying the token holds {len(after)} keys, {len(written)} are written down, {len(still)} begun")
            left += bool(before - set(written))
            whole += bool(begun) and not before - set(written)
        count = len(written)
    seconds = round(time.monotonic() - begun_at)
    counts = {"left-a-key": left, "left-a-note": whole, "keys": count, "fragments": fragments}
    print(json.dumps({"kills": done, "seconds": seconds, "seed": seed, **counts}))


def main() -> None:
    """Run rounds until the time or the number of kills is reached; print what happened as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--making", action="store_true")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=400)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    if asked.making:
        making(asked.kills, asked.seconds, asked.seed)
        return
    dice, begun_at = random.Random(asked.seed), time.monotonic()
    counts = {"put": 0, "rotate": 0, "remove": 0, "rotate-key": 0, "rewrap": 0, "between": 0, "opening": 0, "migrate": 0, "create": 0}
    with tempfile.TemporaryDirectory(
        prefix="guard-crash-", dir=os.environ.get("CRASH_FOLDER") or ("/dev/shm" if Path("/dev/shm").is_dir() else None)
    ) as folder:
        home, old, new = (Path(folder) / name for name in ("work", "old", "new"))
        listen(*child(lambda say: (Store(home), say("ready"), secrets.put("first", Secret(b"x" * 9), doors=Store(home).secrets))), 120, 120)
        pid, pipe = child(lambda say: say("values", json.dumps(first_store(old))))
        values = {name: {1: value} for name, value in json.loads(str(listen(pid, pipe, 120, 120)[-1][1])).items()}
        new.mkdir()
        model: Model = {"first": {1: "x" * 9}}
        kills = whole = records = versions = acknowledged = 0
        while kills < asked.kills and time.monotonic() - begun_at < asked.seconds:
            kills += 1
            if kills % 8 == 1:
                fresh(old, old / "store.v1")
                listen(*child(lambda _say: SqlState.open(str(old)) and None), 1, dice.uniform(0, 0.12))
                counts["migrate"] += 1
                found, _, _ = ask(old, {}, False)
                if found != values:
                    raise SystemExit("a migration that was killed lost something")
            elif kills % 16 == 4:
                fresh(new, None)
                listen(*child(lambda _say: SqlState.open(str(new)) and None), 1, dice.uniform(0, 0.04))
                counts["create"] += 1
                listen(*child(lambda say: say("ready", SqlState.open(str(new)).head().seq)), 60, 60)
            else:
                seed = dice.randrange(10**9)
                opening = dice.random() < 0.1
                said = listen(
                    *child(lambda say, seed=seed: work(home, seed, say)), dice.uniform(0, 0.15), dice.uniform(0, 0.1) if opening else 60
                )
                acknowledged += sum(words[0] == "done" for words in said)
                begun = apply(model, said)
                counts[begun[0] if begun else "between" if said else "opening"] += 1
                full = kills % 25 == 0
                found, seen, versions = ask(home, model, full)
                whole, records = whole + full, seen or records
                compare(model, begun, found)
                if full:
                    readable(home, old, new)
        found, records, versions = ask(home, model, True)
        compare(model, None, found)
        readable(home, old, new)
    seconds = round(time.monotonic() - begun_at)
    facts = {
        "kills": kills,
        "seconds": seconds,
        "acknowledged": acknowledged,
        "records": records,
        "key-versions": versions,
        "seed": asked.seed,
    }
    print(json.dumps({**facts, "killed-during": counts}))


if __name__ == "__main__":
    main()
