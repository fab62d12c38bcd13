# SPDX-License-Identifier: Apache-2.0
"""Known weaknesses at the gate, as commands: built, signed, looked up, excused, stale, damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes.http import serving
from tests.fakes.osv import LOW, publish, record

HASH = f"--hash=sha256:{'a' * 64}"
NOW = datetime.now(UTC)
TODAY = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
RECORDS = [
    record("GHSA-aaaa", aliases=["CVE-2024-1"], modified=TODAY),
    record("PYSEC-2024-1", aliases=["CVE-2024-1"], vector="", modified=TODAY),
    record("GHSA-small", "small", vector=LOW, modified=TODAY),
    record("GHSA-unscored", "unscored", vector="", modified=TODAY),
    record("MAL-2026-1", "evil", ({"introduced": "0"},), vector="", modified=TODAY),
]


class Place:
    """A repository with a database of advisories beside it."""

    def __init__(self, guard: Callable[..., Any], repository: Any, folder: Path) -> None:
        self.guard, self.repository, self.database, self.feed = guard, repository, folder / "advisories.db", folder / "feed"
        publish(self.feed, RECORDS)
        self.build()

    def build(self, *words: str) -> None:
        done = self.guard("advisories", "build", str(self.database), "--from", str(self.feed), *words)
        assert done.code == 0, done.err

    def gate(self, *words: str, advisories: bool = True) -> tuple[int, dict[str, list[dict[str, Any]]]]:
        given = ("--advisories", str(self.database)) if advisories else ()
        done = self.guard("gate", "--format", "json", *given, *words, cwd=self.repository.path)
        assert "Traceback" not in done.err
        found: dict[str, list[dict[str, Any]]] = {}
        for check in json.loads(done.out)["checks"] if done.out else []:
            found.setdefault(check["id"], []).append(check)
        return done.code, found

    def config(self, text: str) -> None:
        self.repository.write(".pipeline-guard.yml", "version: 1\ngate:\n" + text)

    def pins(self, *names: str) -> None:
        self.repository.commit("pins", {"requirements.txt": "".join(f"{name} {HASH}\n" for name in names)})


@pytest.fixture
def place(guard: Callable[..., Any], repository: Any, tmp_path: Path) -> Place:
    return Place(guard, repository, tmp_path)


def test_weakness_is_named_once_with_level_place_and_smallest_fix(place: Place) -> None:
    place.pins("jinja2==3.1.2", "fine==1")
    code, checks = place.gate()
    (check,) = checks["vulnerable-package"]
    assert (code, check["status"], check["locations"][0]["line"]) == (1, "fail", 1)
    assert "jinja2 3.1.2 has CVE-2024-1 (GHSA-aaaa, PYSEC-2024-1), high 7.5: about jinja2" in check["why"]
    assert check["fix"] == "update jinja2 to 3.1.3 or later"
    place.pins("jinja2==3.1.3")
    code, checks = place.gate()
    assert (code, checks["vulnerable-package"][0]["status"]) == (0, "pass")
    assert f"advisories as of {NOW:%Y-%m-%d}" in checks["vulnerable-package"][0]["why"]


def test_gitlab_is_told_of_every_weakness_that_no_waiver_covers(place: Place, tmp_path: Path) -> None:
    place.pins("jinja2==3.1.2", "small==1", "evil==1")
    file = tmp_path / "gl-dependency-scanning-report.json"

    def reported() -> list[tuple[str, str]]:
        place.gate("--output", f"gitlab-dependency={file}")
        found = json.loads(file.read_text())["vulnerabilities"]
        return sorted((item["location"]["dependency"]["package"]["name"], item["severity"]) for item in found)

    assert reported() == [("evil", "Critical"), ("jinja2", "High"), ("small", "Low")]
    waiver = "{check: vulnerable-package, advisory: GHSA-aaaa, reason: not reachable, owner: ada, until: 2999-01-01}"
    place.config(f"  waive: [{waiver}]\n")
    assert reported() == [("evil", "Critical"), ("small", "Low")]
    place.config(f"  waive: [{waiver.replace('2999', '2020')}]\n")
    assert reported() == [("evil", "Critical"), ("jinja2", "High"), ("small", "Low")]


def test_manifest_is_as_its_schema_says(place: Place) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "advisories.v1.json").read_text())
    jsonschema.validate(json.loads(Path(f"{place.database}.json").read_text()), schema)
    info = place.guard("advisories", "info", str(place.database), "--format", "json")
    jsonschema.validate(json.loads(info.out), schema)


def test_threshold_and_unscored_are_policy(place: Place) -> None:
    place.pins("small==1", "unscored==1")
    code, checks = place.gate()
    assert (code, [check["why"].split()[0] for check in checks["vulnerable-package"]]) == (1, ["unscored"])
    place.config("  advisories: {threshold: low, unscored: pass}\n")
    code, checks = place.gate()
    assert (code, [check["why"].split()[0] for check in checks["vulnerable-package"]]) == (1, ["small"])


def test_exception_is_for_one_advisory_and_ends(place: Place) -> None:
    place.pins("jinja2==3.1.2")
    row = "  waive:\n    - {{check: vulnerable-package, advisory: {}, reason: not reachable, owner: ada, until: {}}}\n"
    for advisory, until, code in (
        ("GHSA-aaaa", "2999-01-01", 0),
        ("CVE-2024-1", "2999-01-01", 0),
        ("CVE-2024-2", "2999-01-01", 1),
        ("GHSA-aaaa", "2020-01-01", 1),
    ):
        place.config(row.format(advisory, until))
        assert place.gate()[0] == code, (advisory, until)


def test_malicious_package_blocks_whatever_policy_says(place: Place) -> None:
    place.pins("evil==1")
    place.config("  advisories: {threshold: critical, unscored: pass}\n")
    code, checks = place.gate()
    assert (code, checks["malicious-package"][0]["status"]) == (1, "fail")
    place.config("  waive:\n    - {check: malicious-package, reason: r, owner: o, until: 2999-01-01}\n")
    assert place.gate()[0] == 2


def test_only_what_the_change_brings_in_counts_but_malice_always(place: Place) -> None:
    place.pins("jinja2==3.1.2")
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("other", {"requirements.txt": f"fine==1 {HASH}\njinja2==3.1.2 {HASH}\n"})
    assert place.gate("--base", "main")[0] == 0
    place.repository.commit("moved", {"sub/requirements.txt": f"jinja2==3.1.2 {HASH}\n"})
    assert place.gate("--base", "main")[0] == 0, "the merge target pins it, too"
    place.repository.commit("older", {"sub/requirements.txt": f"jinja2==3.1.1 {HASH}\n"})
    code, checks = place.gate("--base", "main")
    assert (code, checks["vulnerable-package"][0]["locations"][0]["path"]) == (1, "sub/requirements.txt")
    place.repository.git("switch", "-q", "main")
    place.pins("evil==1")
    place.repository.git("switch", "-q", "-c", "quiet")
    place.repository.commit("readme", {"readme.txt": "x"})
    code, checks = place.gate("--base", "main")
    assert (code, checks["malicious-package"][0]["locations"][0]["path"]) == (1, "requirements.txt")


def test_without_a_database_it_is_said_once_and_allowed(place: Place) -> None:
    place.pins("jinja2==3.1.2")
    code, checks = place.gate(advisories=False)
    assert (code, [check["status"] for check in checks["vulnerable-package"]]) == (0, ["unchecked"])


@pytest.mark.parametrize("fault", ["missing", "truncated", "other", "no manifest", "junk manifest", "stale", "early"])
def test_database_that_cannot_be_trusted_is_never_green(place: Place, fault: str) -> None:
    place.pins("fine==1")
    manifest = Path(f"{place.database}.json")
    document = json.loads(manifest.read_text())
    if fault == "missing":
        place.database.unlink()
    elif fault == "truncated":
        place.database.write_bytes(place.database.read_bytes()[:-100])
    elif fault == "other":
        place.database.write_bytes(b"x")
    elif fault == "no manifest":
        manifest.unlink()
    elif fault == "junk manifest":
        manifest.write_text("{")
    else:
        moved = NOW - timedelta(days=15) if fault == "stale" else NOW + timedelta(days=3)
        manifest.write_text(json.dumps({**document, "date": moved.isoformat()}))
    code, checks = place.gate()
    assert (code, checks["vulnerable-package"][0]["status"], checks["malicious-package"][0]["status"]) == (6, "unchecked", "unchecked")


def test_signed_database_verifies_and_every_tampering_is_seen(place: Place) -> None:
    assert place.guard("keys", "create", "ci").code == 0
    assert place.guard("keys", "export-public", "ci", "--output", str(place.repository.path / "ci.pem")).code == 0
    place.pins("fine==1")
    place.config(f"  advisories: {{key: ./ci.pem, database: {place.database}}}\n")
    assert place.gate(advisories=False)[0] == 6, "nobody has signed it"
    place.build("--key", "ci")
    assert place.gate(advisories=False)[0] == 0
    manifest = Path(f"{place.database}.json")
    manifest.write_text(manifest.read_text().replace("PyPI", "npm"))
    assert place.gate(advisories=False)[0] == 6


def test_database_of_the_change_itself_needs_a_key(place: Place) -> None:
    place.pins("jinja2==3.1.2")
    place.config("  advisories: {database: advisories.db}\n")
    place.repository.commit("policy")
    place.repository.git("switch", "-q", "-c", "topic")
    publish(place.feed, [record("GHSA-harmless", "none", modified=TODAY)])
    place.database = place.repository.path / "advisories.db"
    place.build()
    place.repository.commit("database", {"requirements.txt": f"jinja2==3.1.1 {HASH}\n"})
    code, checks = place.gate("--base", "main", advisories=False)
    assert (code, checks["vulnerable-package"][0]["status"]) == (6, "unchecked")


def test_update_takes_what_changed_and_forgets_what_was_withdrawn(place: Place) -> None:
    place.pins("jinja2==3.1.2")
    later = (NOW + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    publish(place.feed, [record(each["id"], modified=later, withdrawn=later) if each["id"][0] in "GP" else each for each in RECORDS])
    done = place.guard("advisories", "update", str(place.database), "--from", str(place.feed))
    assert done.code == 0, done.err
    assert place.gate()[0] == 0


def test_service_is_asked_only_with_a_network_and_its_silence_is_never_green(place: Place) -> None:
    place.pins("jinja2==3.1.2")
    with serving() as server:
        server.answers["/v1/querybatch"] = {"results": [{"vulns": [{"id": "GHSA-aaaa"}]}]}
        server.answers["/v1/vulns/GHSA-aaaa"] = RECORDS[0]
        for network, code in (("off", 0), ("try", 1), ("require", 1)):
            place.config(f"  network: {network}\n  advisories: {{service: '{server.url}'}}\n")
            found, checks = place.gate(advisories=False)
            assert (found, checks["vulnerable-package"][0]["status"]) == (code, "fail" if code else "unchecked"), network
        server.answers["/v1/querybatch"] = 500
        for network, code in (("try", 0), ("require", 6)):
            place.config(f"  network: {network}\n  advisories: {{service: '{server.url}'}}\n")
            found, checks = place.gate(advisories=False)
            assert (found, checks["vulnerable-package"][0]["status"]) == (code, "unchecked"), network


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("build", "db"), 2, "--from"),
        (("build",), 2, "database"),
        (("build", "db", "--from", "nowhere"), 2, "all.zip"),
        (("update", "none", "--from", "nowhere"), 2, "no such database"),
        (("info", "none"), 3, "no such file"),
        (("build", "db", "--from", "https://h.invalid"), 2, "--ecosystem"),
    ],
)
def test_mistakes_end_with_one_line_and_a_hint(guard: Callable[..., Any], words: tuple[str, ...], code: int, says: str) -> None:
    done = guard("advisories", *words)
    assert (done.code, "Traceback" in done.err) == (code, False)
    assert says in done.err


def test_archive_of_junk_is_not_believed(place: Place) -> None:
    publish(place.feed, [{"id": "A-10", "modified": TODAY}, {"id": "A-11", "modified": "yesterday"}])
    done = place.guard("advisories", "build", str(place.database), "--from", str(place.feed))
    assert done.code == 2
    assert "cannot be read" in done.err


def test_packages_of_an_sbom_are_looked_up_too(place: Place) -> None:
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"purl": "pkg:pypi/Jinja2@3.1.2"}]}
    place.repository.commit("bom", {"image.cdx.json": json.dumps(bom, indent=1)})
    code, checks = place.gate()
    assert (code, str(checks["vulnerable-package"][0]["locations"][0]["path"])) == (1, "image.cdx.json")
    assert checks["vulnerable-package"][0]["locations"][0]["line"] > 1


def test_sbom_is_written_of_the_whole_tree(place: Place, tmp_path: Path) -> None:
    place.pins("jinja2==3.1.3")
    place.repository.git("switch", "-q", "-c", "topic")
    place.repository.commit("more", {"sub/requirements.txt": f"fine==1 {HASH}\n"})
    files = {form: tmp_path / form for form in ("cyclonedx", "spdx")}
    code, _ = place.gate("--base", "main", *(word for form, path in files.items() for word in ("--sbom", f"{form}={path}")))
    assert code == 0
    assert [component["purl"] for component in json.loads(files["cyclonedx"].read_text())["components"]] == [
        "pkg:pypi/fine@1",
        "pkg:pypi/jinja2@3.1.3",
    ]
    assert json.loads(files["spdx"].read_text())["spdxVersion"] == "SPDX-2.3"
    assert place.gate("--sbom", "pdf=x")[0] == 2
