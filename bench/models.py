# SPDX-License-Identifier: Apache-2.0
"""The model scanner beside picklescan, modelscan, fickling and modelaudit-picklescan: misses, false alarms and time, in one run.

    python bench/model_corpus.py ordinary/          # with the interpreter of an environment that has the frameworks
    python bench/models.py ordinary/ PYTHON         # PYTHON has the peers; without it ours alone

Nothing is loaded by ours. Peers get the same files in one process each; CPU seconds include their start.
A file counts as caught by the strict reading: the tool says dangerous, not merely suspicious or unknown; "open" is everything else
that is not clean.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import pickle
import random
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pipeline_guard.gate.model_file import inspect  # noqa: E402
from tests.unit.gate.gadgets import PACKAGES, STANDARD, pairs  # noqa: E402
from tests.unit.gate.model_format.test_table import BAD, GOOD  # noqa: E402
from tests.unit.gate.pickles import gadget, npy, packed, tensor_state, torch_zip  # noqa: E402

OURS = """
import sys, json; sys.path.insert(0, {root!r})
from pathlib import Path
from pipeline_guard.gate.model_file import inspect
def judge(path):
    found = inspect(path.read_bytes(), path.name)
    return {{"unsafe": "bad", "undecidable": "open"}}.get(found.verdict.value if found else "", "clean")
"""
PEERS = {
    "picklescan": """
from picklescan.scanner import scan_file_path, SafetyLevel
def judge(path):
    found = scan_file_path(str(path))
    if found.infected_files: return "bad"
    return "open" if found.scan_err or any(g.safety != SafetyLevel.Innocuous for g in found.globals) else "clean"
""",
    "modelscan": """
from modelscan.modelscan import ModelScan
def judge(path):
    found = ModelScan().scan(path)
    if found["summary"]["total_issues"]: return "bad"
    return "open" if found["errors"] else "clean"
""",
    "fickling": """
import fickling.fickle as f
from fickling.analysis import check_safety, Severity
def judge(path):
    with path.open("rb") as stream:
        found = [check_safety(p).severity for p in f.StackedPickle.load(stream)]
    worst = max(found, key=lambda s: s.value[0]) if found else None
    if worst is None: return "open"
    return "clean" if worst == Severity.LIKELY_SAFE else "bad" if worst.value[0] >= Severity.LIKELY_UNSAFE.value[0] else "open"
""",
    "modelaudit-picklescan": """
import modelaudit_picklescan as m
def judge(path):
    found = m.scan_file(str(path)).verdict.value
    return {"clean": "clean", "safe": "clean", "malicious": "bad", "unsafe": "bad"}.get(found, "open")
""",
}
DRIVER = """
import json, sys, warnings, logging, os, contextlib, io
from pathlib import Path
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
for line in sys.stdin:
    path = Path(line.rstrip("\\n"))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try: answer = judge(path)
        except BaseException as error: answer = "open"
    print(json.dumps([str(path), answer]), flush=True)
"""
LIMIT = 200  # seconds for one tool and one set


def tricks() -> dict[str, bytes]:
    """Return one gadget in wrappers and behind breaks."""
    one = gadget()
    listed = packed({"data.pkl": one})
    wrappers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "zlib": zlib.compress,
        "bzip2": bz2.compress,
        "xz": lzma.compress,
        "torch": torch_zip,
        "zip in zip": lambda data: packed({"a.bin": torch_zip(data)}),
        "npy": lambda data: npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", data),
        "second": lambda data: pickle.dumps([1]) + data,
        "cut": lambda data: data[:-1],
        "broken": lambda data: data[:-1] + b"\xff",
        "embedded": lambda data: b"\x01\0\xfe" * 99 + data,
        "renamed member": lambda data: packed({"net/data.txt": data}),
        "wrong flags": lambda _data: listed.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01"),
        "wrong checksum": lambda _data: (
            listed[: listed.rindex(b"PK\x01\x02") + 16] + bytes(4) + listed[listed.rindex(b"PK\x01\x02") + 20 :]
        ),
        "no directory": lambda _data: listed[: listed.rindex(b"PK\x01\x02")],
        "other name": lambda _data: listed.replace(b"data.pkl", b"data.txt", 1),
    }
    return {f"{name}.{end}": wrap(one) for name, wrap in wrappers.items() for end in ("pt", "bin", "pkl")}


def sets(folder: Path, ordinary: Path | None) -> dict[str, tuple[list[Path], bool]]:
    """Write every set; return its files, and whether they are bad."""
    found: dict[str, tuple[list[Path], bool]] = {}

    def write(title: str, files: dict[str, bytes], *, bad: bool) -> None:
        place = folder / title.replace(" ", "-")
        place.mkdir()
        for name, content in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        found[title] = (sorted(path for path in place.rglob("*") if path.is_file()), bad)

    gadgets = pairs(STANDARD) + pairs(PACKAGES)
    write("one-call gadgets", {f"{m}.{n}.pkl": f"c{m}\n{n}\n(S'x'\ntR.".encode() for m, n in gadgets}, bad=True)
    write("one gadget, wrapped", tricks(), bad=True)
    write("other formats, planted", {f"{index}/{sample[1]}": sample[0] for index, (sample, _) in enumerate(BAD.values())}, bad=True)
    write("other formats, ordinary", {f"{index}/{sample[1]}": sample[0] for index, sample in enumerate(GOOD.values())}, bad=False)
    if ordinary:
        everything = sorted(path for path in ordinary.rglob("*") if path.is_file())
        found["ordinary saves"] = (random.Random(1).sample(everything, min(500, len(everything))), False)
    return found


def ask(python: str, code: str, files: list[Path]) -> tuple[dict[str, str], float]:
    """Return the answer of one tool for each file, and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(
            [python, "-c", code + DRIVER],
            input="".join(f"{path}\n" for path in files),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        output = done.stdout
    except subprocess.TimeoutExpired as error:
        output = (error.stdout or b"").decode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    answers = dict(json.loads(line) for line in output.splitlines() if line.startswith("["))
    return answers, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def speed() -> None:
    """Print our own speed by kind of file."""
    chance = random.Random(0)
    samples = {
        "pickle of 60 bytes": pickle.dumps({"a": [1, 2, 3]}),
        "torch checkpoint of one tensor": torch_zip(tensor_state()),
        "500,000 floats in a list": pickle.dumps([chance.random() for _ in range(500_000)]),
        "vocabulary of 300,000 words": pickle.dumps({f"word{number}": number for number in range(300_000)}),
        "100,000 small objects": pickle.dumps([(number, str(number), {"x": number}) for number in range(100_000)]),
        "100,000 records": pickle.dumps([{"id": number, "name": f"n{number}", "v": number / 7} for number in range(100_000)]),
        "100,000 texts": pickle.dumps([f"this is a text number {number} of a list" for number in range(100_000)]),
        "100,000 small objects, protocol 2": pickle.dumps([(number, str(number), {"x": number}) for number in range(100_000)], 2),
        "200 MB of tensor in a pickle": pickle.dumps({"w": bytes(200_000_000)}),
        "200 MB torch zip": packed({"m/data.pkl": tensor_state(), "m/data/0": bytes(200_000_000)}),
    }
    print(f"\n{'ours, CPU':<36}{'ms':>10}{'MB/s':>10}")
    for name, content in samples.items():
        took = []
        for _ in range(3):
            begun = time.process_time()
            inspect(content, "m.pkl")
            took.append(time.process_time() - begun)
        best = min(took)
        print(f"{name:<36}{best * 1000:>10.2f}{len(content) / 1e6 / best:>10.1f}")


def main() -> None:
    """Measure everything."""
    ordinary = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    python = sys.argv[2] if len(sys.argv) > 2 else ""
    tools = {"pipeline-guard": (sys.executable, OURS.format(root=str(ROOT)))}
    for name, code in PEERS.items() if python else ():
        tools[name] = (python, code)
    with tempfile.TemporaryDirectory() as name:
        for title, (files, bad) in sets(Path(name), ordinary).items():
            print(f"\n{title}, {len(files)} files")
            for tool, (interpreter, code) in tools.items():
                answers, seconds = ask(interpreter, code, files)
                count = {kind: sum(answers.get(str(path)) == kind for path in files) for kind in ("bad", "open", "clean")}
                lost = len(files) - len(answers)
                wanted = f"caught {count['bad'] / len(files):6.1%}" if bad else f"flagged {count['bad'] / len(files):6.1%}"
                rest = f"open {count['open'] / len(files):6.1%}  {'missed' if bad else 'clean'} {count['clean'] / len(files):6.1%}"
                note = f"  no answer for {lost} within {LIMIT} s" if lost else ""
                print(f"  {tool:<24}{wanted}  {rest}  {seconds:7.1f} s CPU{note}")
    speed()


if __name__ == "__main__":
    main()
