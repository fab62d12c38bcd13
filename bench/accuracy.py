# SPDX-License-Identifier: Apache-2.0
"""Measure what the scanner finds and what it cries about: `python bench/accuracy.py [LABELLED.jsonl[.gz]]`.

First a corpus made here: every rule's own examples, drawn anew with other seeds and set between lines of real files,
beside real text without secrets (sources and documentation of the running interpreter and what is installed in it).
It prints a confusion matrix, specific and generic rules apart. What the rules' authors did not think of is not in it:
recall there is an upper bound, alarms on real text are not.

Then, where a file of labelled lines is named ({"rule", "text", "secret"?, "expect", "scope"?, "origin"} a line), recall
and false alarms by origin, with the peers that are installed on the same texts, each line as a file of its own.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipeline_guard.adapters.cache import FolderCache
from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Confidence, Finding, Severity
from pipeline_guard.scan.detect import Detector
from pipeline_guard.scan.prefilter import Prefilter
from pipeline_guard.scan.report import Judgement, findings
from pipeline_guard.scan.rule import Rule
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.sample import expand

SEEDS = 3  # texts an example
REAL = 60_000_000  # bytes of real text at most
LARGEST = 800_000  # bytes of one real file
WORDS = ("generic", "infrastructure")  # kinds of rules whose values have no format of their own


class Ours:
    """The scanner as a function of a text."""

    def __init__(self, cache: Path) -> None:
        door = FolderCache(cache)
        self.rules = load(PackagedRules(), door)
        self._detector = Detector(self.rules.rules, Prefilter(self.rules.rules, self.rules.digest, door, eager=True))
        self._judgement = Judgement(datetime.now(UTC), lambda rule, _value: rule)
        self.kinds = {rule.id: rule.kind for rule in self.rules.rules}

    def find(self, name: str, content: bytes) -> list[Finding]:
        """Return what is reported and not contradicted by its own checksum."""
        return [one for one in self.tell(name, content) if one.confidence is not Confidence.CONTRADICTED]

    def tell(self, name: str, content: bytes) -> list[Finding]:
        """Return all that is reported."""
        found, _ = findings(Entry(name, content), self._detector, self._judgement)
        return found

    def is_generic(self, rule: str) -> bool:
        """Tell whether a rule knows no format."""
        return self.kinds[rule] in WORDS


def real_files() -> list[tuple[str, bytes]]:
    """Return real text in a stable random order: sources, documentation and data of this interpreter, no tests."""
    roots = {Path(sysconfig.get_paths()[key]) for key in ("stdlib", "purelib")}
    paths = sorted({path for root in roots for path in root.rglob("*") if path.is_file() and not path.is_symlink()})
    random.Random(1).shuffle(paths)
    taken, size = [], 0
    for path in paths:
        if size > REAL or not 64 <= path.stat().st_size <= LARGEST or path.suffix in {".pyc", ".so"}:
            continue
        content = path.read_bytes()
        if b"\0" not in content[:4096] and "pipeline_guard" not in path.parts:
            taken.append((str(path), content))
            size += len(content)
    return taken


def samples(rule: Rule, lines: list[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Give texts that hold one of a rule's examples, and where the example stands in them."""
    for number, template in enumerate(rule.examples):
        for seed in range(SEEDS):
            chance = random.Random(f"{rule.id} {number} {seed}")
            head = b"\n".join(chance.sample(lines, 6)) + b"\n\n"
            example = expand(template, f"bench {seed} {rule.id}").encode()
            yield head + example + b"\n\n" + b"\n".join(chance.sample(lines, 6)) + b"\n", len(head), len(head) + len(example)


def matrix(ours: Ours) -> None:
    """Print the confusion matrix of the corpus made here."""
    files = real_files()
    calm = [
        line for _, content in files[:400] for line in content.splitlines()[:40] if 20 < len(line) < 100 and not ours.find("line.txt", line)
    ]
    count: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    missed: Counter[str] = Counter()
    for rule in ours.rules.rules:
        row = count[ours.is_generic(rule.id)]
        for text, start, end in samples(rule, calm):
            found = ours.find("sample.txt", text)
            inside = [one for one in found if start <= one.location.byte_start and one.location.byte_end <= end]
            row["samples"] += 1
            row["found"] += bool(inside)
            row["named"] += any(one.rule == rule.id for one in inside)
            row["beside"] += len(found) - len(inside)
            missed[rule.id] += not inside
        for template in rule.counterexamples:
            found = ours.find("sample.txt", expand(template, f"bench {rule.id}").encode())
            row["counterexamples"] += 1
            row["fired"] += any(one.rule == rule.id for one in found)
    alarms: Counter[str] = Counter(one.rule for name, content in files for one in ours.find(name, content))
    size = sum(len(content) for _, content in files)
    print(f"{len(ours.rules.rules)} rules; real text: {len(files)} files, {size / 1e6:.0f} MB; {SEEDS} texts an example")
    print(
        f"{'':<10}{'samples':>9}{'found':>8}{'by name':>9}{'counter':>9}{'fired':>7}{'alarms':>8}"
        f"{'per MB':>8}{'recall':>8}{'precision':>11}"
    )
    for generic, title in ((False, "specific"), (True, "generic")):
        row = count[generic]
        wrong = sum(number for rule, number in alarms.items() if ours.is_generic(rule) is generic)
        false = wrong + row["fired"] + row["beside"]
        print(
            f"{title:<10}{row['samples']:9}{row['found']:8}{row['named']:9}{row['counterexamples']:9}{row['fired']:7}{wrong:8}"
            f"{wrong / size * 1e6:8.3f}{row['found'] / row['samples']:8.3f}{row['found'] / (row['found'] + false):11.3f}"
        )
    print("alarms on real text:", ", ".join(f"{rule} {number}" for rule, number in alarms.most_common(12)) or "none")
    print("samples missed:", ", ".join(f"{rule} {number}" for rule, number in missed.most_common(12) if number) or "none")


def suffix(text: str) -> str:
    """Return the ending of the file in which a line is at home: peers read some kinds of files in other ways."""
    for form, ending in (
        (r"\s*[{\[][\s\S]*[}\]]\s*$", ".json"),
        (r"\s*<[\s\S]*>\s*$", ".xml"),
        (r"(?:export )?[A-Za-z_][\w.]*=[^=\s]", ".env"),
        (r"[\w\-]+: ", ".yml"),
        (r"\w+ = [\"']", ".py"),
    ):
        if re.match(form, text):
            return ending
    return ".txt"


def kingfisher(folder: Path, *options: str) -> set[str]:
    """Return the names of the files in which Kingfisher reports something."""
    words = ["kingfisher", "scan", "--no-validate", "--no-update-check", "--git-history", "none", "--no-dedup", *options]
    done = subprocess.run([*words, "--format", "json", str(folder)], capture_output=True, check=False)
    if done.returncode not in (0, 200, 205):
        raise SystemExit(f"kingfisher ended with {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}")
    return {Path(one["finding"]["path"]).name for one in json.JSONDecoder().raw_decode(done.stdout.decode())[0]["findings"]}


def detect_secrets(folder: Path) -> set[str]:
    """Return the names of the files in which detect-secrets reports something."""
    words = ["detect-secrets", "-C", str(folder), "scan", "--all-files", "--no-verify", "."]
    done = subprocess.run(words, capture_output=True, check=True)
    return {Path(name).name for name in json.loads(done.stdout)["results"]}


def labelled(ours: Ours, path: Path) -> None:
    """Print recall and false alarms on labelled lines by origin, ours and the peers' in one run."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines() if line.strip()]
    hits: dict[str, set[int]] = {"told": set(), "held": set(), "held, not info": set()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, row in enumerate(rows):
            sample = row["text"].encode("utf-8", "surrogateescape")
            place = folder / f"{number}{suffix(row['text'])}"
            place.write_bytes(sample)
            told = ours.tell(place.name, sample)
            held = [one for one in told if one.confidence is not Confidence.CONTRADICTED]
            grave = [one for one in held if one.severity is not Severity.INFO]
            for level, found in (("told", told), ("held", held), ("held, not info", grave)):
                if found:
                    hits[level].add(number)
        if shutil.which("kingfisher"):
            everything = ("--confidence", "low", "--no-ignore", "--include-hidden-findings")
            for width, options in (("usual", ()), ("all", everything)):
                hits[f"kingfisher ({width})"] = {int(Path(file).stem) for file in kingfisher(folder, *options)}
        if shutil.which("detect-secrets"):
            hits["detect-secrets"] = {int(Path(file).stem) for file in detect_secrets(folder)}
    groups: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, row in enumerate(rows):
        kind = "true" if row["expect"] else "universal" if row.get("scope") == "universal" else "scoped"
        for origin in (row["origin"], "all"):
            groups[origin][kind].append(number)
    for kind, title in (
        ("true", "recall: expected and found"),
        ("universal", "universal negatives that fired"),
        ("scoped", "rule-scoped negatives on which any rule fired"),
    ):
        print(f"\n{title}\n{'':<26}{'lines':>7}" + "".join(f"{tool:>21}" for tool in hits))
        for origin in sorted(groups, key=lambda name: (name == "all", name)):
            numbers = groups[origin][kind]
            if numbers:
                shares = (len(found.intersection(numbers)) / len(numbers) for found in hits.values())
                print(f"{origin:<26}{len(numbers):7}" + "".join(f"{share:21.3f}" for share in shares))
    print("\nours: told = anything reported; held = not contradicted by its own checksum or structure; not info = what can fail a job")
    if len(hits) == 3:
        print("\nno peer to compare with: pip install kingfisher-bin detect-secrets, and put them on the PATH")


def main() -> None:
    """Measure the corpus made here, then the labelled lines where a file is named."""
    with tempfile.TemporaryDirectory() as scratch:
        ours = Ours(Path(scratch))
        matrix(ours)
        for name in sys.argv[1:]:
            labelled(ours, Path(name))


if __name__ == "__main__":
    main()
