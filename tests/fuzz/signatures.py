# SPDX-License-Identifier: Apache-2.0
"""Random changes to everything that signatures are judged by: ``python tests/fuzz/signatures.py [SECONDS [SEED]]``.

Bundles with keys and certificates, trusted roots, timelines, lists of models and of subjects, predicates and bills of materials are changed in
one to three places each, kept well-formed as JSON. Anything but the refusals that the package promises is a finding. Needs only the tests'
own packages; some 5,000 tries a second of processor.
"""

from __future__ import annotations

import copy
import json
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipeline_guard.errors import GuardError
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.statement import VerifiedStatement
from pipeline_guard.sign.bom import check_bom
from pipeline_guard.sign.certificate import Expected
from pipeline_guard.sign.certified import verify_certified
from pipeline_guard.sign.model_manifest import read_manifest
from pipeline_guard.sign.predicate import read_predicate, type_uri
from pipeline_guard.sign.statement import read_statement
from pipeline_guard.sign.subject import read_list
from pipeline_guard.sign.timeline import read_timeline
from pipeline_guard.sign.trusted_root import read_trusted_root
from pipeline_guard.sign.verify import verify_bundle
from tests.fakes.trust import IDENTITY, ISSUER, PrivateTrust
from tests.property.test_bare_bundles import DOCUMENTS as BARE
from tests.property.test_bare_bundles import PAYLOAD, PEM
from tests.property.test_manifests import DOCUMENTS as MODELS

HEX = "11" * 32
TRUST = PrivateTrust()
ROOT = read_trusted_root(TRUST.root_bytes(), "root")
TIMES = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00")
TEXTS = ("", "x", "a" * 70, "\ud800", "\0", f"sha256:{HEX}", HEX, "e30=", *TIMES)
VALUES: tuple[Any, ...] = (None, True, False, -1, 0, 1.5, 1e308, 10**30, -(10**30), *TEXTS, [], {}, [[]], [{}], {"x": 1}, ["x"])
TIMELINE = {
    "schema": "pipeline-guard/key-timeline/v1",
    "name": "signing",
    "exported": TIMES[0],
    "versions": [
        {"version": 1, "type": "ec-p256", "id": "ab", "state": "active", "revocation": "", "public_key": PEM}
        | {"created": TIMES[0], "activates": TIMES[0], "expires": None, "stops": None, "deactivated": None, "compromised": None}
    ],
}
FILE = {"type": "file", "name": "a", "hashes": [{"alg": "SHA-256", "content": HEX}]}
SBOMS: dict[str, Any] = {
    "cyclonedx": {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [FILE], "metadata": {"component": FILE}},
    "spdx": {"spdxVersion": "SPDX-2.3", "files": [{"fileName": "./a", "checksums": [{"algorithm": "SHA256", "checksumValue": HEX}]}]},
}
PREDICATES: dict[str, Any] = SBOMS | {
    "provenance": {
        "buildDefinition": {"buildType": "x", "externalParameters": {"workflow": {"ref": "r", "repository": "s", "path": "p"}}},
        "runDetails": {"builder": {"id": "b"}},
    },
    "test-result": {"result": "PASSED", "configuration": [{"name": "x", "digest": {"sha256": HEX}}]},
}


def written(document: Any) -> bytes:
    return json.dumps(document).encode()


def about_model(document: Any) -> object:
    statement = read_statement(written(document), "m")
    found = VerifiedStatement(statement.subjects, statement.predicate_type, statement.predicate, Digest.sha256(b""), "")
    return read_manifest(found, "m")


def about_bom(kind: str) -> Callable[[Any], object]:
    return lambda document: check_bom(document, type_uri(kind), {"a": HEX}, HEX, "p") if isinstance(document, dict) else None


# what is changed, and what reads it
KINDS: list[tuple[Any, Callable[[Any], object]]] = [
    *((document, lambda found: verify_bundle(written(found), PEM, "b")) for document in BARE.values()),
    *(
        (json.loads(bundle), lambda found: verify_certified(written(found), ROOT, Expected(IDENTITY, ISSUER), "b"))
        for bundle in (TRUST.bundle(payload=PAYLOAD), TRUST.bundle(blob=b"content"))
    ),
    (json.loads(TRUST.root_bytes()), lambda found: read_trusted_root(written(found), "r")),
    (TIMELINE, lambda found: read_timeline(written(found), "t")),
    *((document, about_model) for document in MODELS.values()),
    *((document, lambda found, kind=kind: read_predicate(written(found), type_uri(kind), "p")) for kind, document in PREDICATES.items()),
    *((document, about_bom(kind)) for kind, document in SBOMS.items()),
    ([{"name": "x", "digest": {"sha256": HEX}}, "p", {"path": "y"}], lambda found: read_list(written(found), "l")),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def changed(document: Any, chance: random.Random) -> Any:
    """Change one to three places: dropped, replaced, edited, doubled, moved there from elsewhere, or given a surplus field."""
    document = copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        found = list(places(document))
        if not found:
            return document
        *steps, last = chance.choice(found)
        parent = document
        for step in steps:
            parent = parent[step]
        act = chance.randrange(6)
        if act == 0:
            parent.pop(last)
        elif act == 1 and isinstance(parent[last], str) and parent[last]:
            text, place = parent[last], chance.randrange(len(parent[last]))
            parent[last] = text[:place] + chance.choice("Aa0 +/=\n\u0130-_.:") + text[place + chance.randint(0, 2) :]
        elif act == 2 and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif act == 3:
            other = document
            for step in chance.choice(found):
                other = other[step]
            parent[last] = copy.deepcopy(other)
        elif act == 4 and isinstance(parent, dict):
            parent["surplus"] = 1
        else:
            parent[last] = copy.deepcopy(chance.choice(VALUES))
    return document


def main(seconds: float, seed: int) -> int:
    """Try until the time is over; print each place that raised something else, once."""
    chance, until, tries, seen = random.Random(seed), time.monotonic() + seconds, 0, set[tuple[object, ...]]()
    warnings.simplefilter("error")
    while time.monotonic() < until:
        document, read = chance.choice(KINDS)
        found = changed(document, chance)
        tries += 1
        try:
            read(found)
        except GuardError as error:
            if not error.what:
                raise
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            trace = error.__traceback__
            while trace and trace.tb_next:
                trace = trace.tb_next
            place = (type(error).__name__, trace and trace.tb_frame.f_code.co_filename, trace and trace.tb_lineno)
            if place not in seen:
                print(*place, error, json.dumps(found)[:2000], sep="\n  ", flush=True)
            seen.add(place)
    print(f"{tries:,} tries with seed {seed}: {len(seen)} findings")
    return 1 if seen else 0


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:]]
    sys.exit(main(given[0] if given else 60, int(given[1]) if len(given) > 1 else 1))
