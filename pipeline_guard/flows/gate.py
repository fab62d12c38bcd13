# SPDX-License-Identifier: Apache-2.0
"""The gate: every file of the tree or the change, its facts, the signatures policy demands, then one verdict."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pipeline_guard.errors import Denied, IntegrityError, NothingToDo, Unavailable, UsageError
from pipeline_guard.flows.gate_packages import (
    DEPENDENCIES,
    LOCKS,
    Advised,
    AdviseDoors,
    AdvisoryAccess,
    advise,
    packages_before,
    packages_of,
)
from pipeline_guard.flows.gate_pins import excused, prove, second_opinion
from pipeline_guard.flows.gate_registry import Asked, ask
from pipeline_guard.flows.payloads import BUNDLE_SUFFIX
from pipeline_guard.flows.subjects import Folders
from pipeline_guard.flows.verify import KeyDoors, VerifyDoors, default_bundle, find_key, is_key_file, key_in, verify_one
from pipeline_guard.flows.wheel_source import unlike_its_source
from pipeline_guard.gate.carried import altered
from pipeline_guard.gate.ci_facts import WorkflowFacts
from pipeline_guard.gate.facts import ArtifactFacts, ChangeFacts, Facts, GateFacts, Kind
from pipeline_guard.gate.glob import fixed_folder, matches, matching
from pipeline_guard.gate.inventory import former_lock, guards_the_gate, keep, kind_by_name, look, models, named_kind
from pipeline_guard.gate.judge import judge, validate
from pipeline_guard.gate.manifest import redirects
from pipeline_guard.gate.manifest.project import LockChange
from pipeline_guard.gate.manifest.requirements import Pins
from pipeline_guard.gate.octets import Pages, Window
from pipeline_guard.gate.projects import changes, is_kept, led_out, lost, projects
from pipeline_guard.gate.related import PipelineFiles, related
from pipeline_guard.model.advisory import SnapshotFacts
from pipeline_guard.model.gate_settings import ArtifactDemand, GateSettings
from pipeline_guard.model.package import Lock, Package
from pipeline_guard.model.selection import Scope, Selection
from pipeline_guard.model.timeline import KeyTimeline
from pipeline_guard.model.verdict import Unchecked, Verdict
from pipeline_guard.policy.merge import merge
from pipeline_guard.ports import Checkout, Clock, Files, Git, Progress, RefLookup, Registry, SecondEye, Source, Streams
from pipeline_guard.sign.provenance import built_from_another

UNVERIFIABLE = "lock-unverifiable"  # formats without hashes: told, and accepted unless policy demands that everything is proven
_SUBMODULE = re.compile(rb"Subproject commit [0-9a-f]{40,64}\n")
MAX_BYTES = 256 * 1024 * 1024  # of one file; what is larger is reported as unchecked


@dataclass(frozen=True, slots=True)
class GateDoors:
    """What the gate asks of the world."""

    source: Callable[[Selection], Source]
    git: Callable[[], Git]
    files: Files
    tree: Folders
    keys: KeyDoors
    clock: Clock
    progress: Progress
    refs: Callable[[], RefLookup] | None = None
    second: Callable[[], SecondEye] | None = None
    streams: Streams | None = None  # for models larger than MAX_BYTES, which are unchecked without
    advisories: AdvisoryAccess | None = None
    registry: Callable[[str, str], Registry] | None = None
    checkout: Callable[[], Checkout] | None = None  # provenance of a commit is unchecked without


@dataclass(frozen=True, slots=True)
class Gated:
    """A verdict, what the whole tree pins, and which advisories it rests on."""

    verdict: Verdict
    packages: tuple[Package, ...] = ()
    snapshot: SnapshotFacts | None = None


@dataclass(slots=True)
class _Looked:
    """What was seen so far."""

    found: list[tuple[Kind, Facts]] = field(default_factory=list)
    unchecked: list[tuple[Kind, Unchecked]] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    texts: dict[str, bytes] = field(default_factory=dict)  # of files that may belong to a lock
    still: list[Facts] = field(default_factory=list)  # of dependency files that the change does not touch
    links: dict[str, str] = field(default_factory=dict)
    files: int = 0

    def take(self, kind: Kind, item: Facts | Unchecked) -> None:
        if isinstance(item, Unchecked):
            self.unchecked.append((kind, item))
        else:
            self.found.append((kind, item))

    def workflows(self) -> list[WorkflowFacts]:
        """Return the workflows and actions seen."""
        return [item for _, item in self.found if isinstance(item, WorkflowFacts)]

    def relate(self, files: PipelineFiles, changed: frozenset[str] | None) -> None:
        """Put what pipeline files say together in the place of what each says alone."""
        alone, self.found = self.found, []
        for kind, item in related(alone, files, changed):
            self.take(kind, item)


def merged(organisation: GateSettings, repository: GateSettings, delegated: Sequence[str]) -> GateSettings:
    """Return what holds where both say something: the repository may only tighten. Raises UsageError for what loosens."""
    return merge(organisation, repository, delegated)


def gate(settings: GateSettings, base: str, *, doors: GateDoors) -> Verdict:
    """Return the verdict of ``examine``."""
    return examine(settings, base, doors=doors).verdict


def examine(settings: GateSettings, base: str, *, doors: GateDoors) -> Gated:
    """Judge the whole tree, or with ``base`` what differs from the merge target.

    Raises NothingToDo where there is no file at all or no change, UsageError for settings that cannot be meant or an unknown ``base``.
    """
    validate(settings)
    changed = _changed(base, doors) if base else None
    looked = _Looked()
    pipelines = PipelineFiles()
    for entry in doors.source(Selection(Scope.TREE, exclude=settings.exclude, max_bytes=MAX_BYTES)).entries():
        path = entry.what if isinstance(entry, Unchecked) else entry.path
        looked.paths.add(path)
        doors.progress.step("files", len(looked.paths))
        if not isinstance(entry, Unchecked) and entry.mode != "120000":
            keep(path, entry.data, pipelines)
        elif not isinstance(entry, Unchecked):
            looked.links[path] = entry.data.decode("utf-8", "backslashreplace")
        if not isinstance(entry, Unchecked) and entry.mode != "120000" and is_kept(path):
            looked.texts[path] = entry.data
        if changed is not None and path not in changed:
            if not isinstance(entry, Unchecked) and entry.mode != "120000" and named_kind(path) in DEPENDENCIES:
                looked.still += [item for kind, item in look(path, entry.data) if kind in DEPENDENCIES and not isinstance(item, Unchecked)]
            continue
        looked.files += 1
        if isinstance(entry, Unchecked):
            for kind, item in _large(entry, doors):
                looked.take(kind, item)
            continue
        if entry.mode == "120000":
            linked = named_kind(path)
            if linked:
                where = entry.data.decode("utf-8", "backslashreplace")
                looked.take(linked, Unchecked(path, f"a symbolic link to {where}: tools follow it, this check looks at files only"))
            continue
        for kind, item in look(path, entry.data):
            looked.take(kind, item)
    doors.progress.close()
    _committed_alone(looked, base, changed, settings, pipelines, doors)
    looked.relate(pipelines, changed)
    seen = looked.workflows()
    for kind, item in [*prove(seen, settings, doors.refs), *second_opinion(seen, settings, doors.second, doors.git)]:
        looked.take(kind, item)
    _compare(looked, base, changed, doors)
    for item in _not_followed(looked):
        looked.take(Kind.REQUIREMENTS, item)
    if not looked.paths:
        raise NothingToDo("there is no file to look at", "run it inside a repository")
    for kind, item in _artifacts(settings, base, changed, looked.paths, doors):
        looked.take(kind, item)
    if changed is not None and not changed and not looked.found and not looked.unchecked:
        raise NothingToDo(f"nothing differs from {base}", "fetch the change, or leave --base out to look at the whole tree")
    for path in sorted(changed or ()):
        if guards_the_gate(path):
            looked.take(Kind.CHANGE, ChangeFacts(path))
    packages = packages_of(item for kind, item in looked.found if kind in DEPENDENCIES)
    advised = _advised(packages, settings, base, changed, looked, doors)
    asked = ask(packages, _before(base, changed, looked, doors), settings, doors.registry) if doors.registry else Asked()
    for kind, item in asked.found:
        looked.take(kind, item)
    inventory = packages_of([*(item for kind, item in looked.found if kind in LOCKS), *looked.still])
    notes = ((Kind.ADVISORY, advised.note),) if advised.note else ()
    for path in sorted(_unseen(settings, looked.paths, doors)):
        for kind, item in _look_into(path, doors):
            looked.take(kind, item)
    facts = GateFacts(tuple(looked.found), tuple(looked.unchecked), looked.files, base, notes)
    unhashed = () if settings.network == "require" else (UNVERIFIABLE,)
    settings = replace(settings, allow_unchecked=settings.allow_unchecked + excused(settings) + advised.excused + asked.excused + unhashed)
    return Gated(judge(facts, settings, doors.clock.now().date()), tuple(inventory), advised.snapshot)


def _committed_alone(
    looked: _Looked, base: str, changed: frozenset[str] | None, settings: GateSettings, pipelines: PipelineFiles, doors: GateDoors
) -> None:
    """Look at what HEAD changes and the work tree does not have: submodules, and files that a sparse checkout leaves out."""
    for path in sorted((changed or frozenset()) - looked.paths):
        content = doors.git().show("HEAD", path)
        if content is None or any(matches(path, pattern) for pattern in settings.exclude) or content == doors.git().show(base, path):
            continue  # deleted, left out by policy, or deleted and not committed
        looked.paths.add(path)
        looked.files += 1
        if _SUBMODULE.fullmatch(content):
            looked.take(kind_by_name(path), Unchecked(path, "a submodule that is not checked out: scan it by itself"))
            continue
        keep(path, content, pipelines)
        if is_kept(path):
            looked.texts[path] = content
        for kind, item in look(path, content):
            looked.take(kind, item)


def _advised(
    packages: Sequence[Package], settings: GateSettings, base: str, changed: frozenset[str] | None, looked: _Looked, doors: GateDoors
) -> Advised:
    """Look up what is pinned, in files that the change does not touch, too: what is malicious may become known later."""
    if doors.advisories is None:
        return Advised()
    root = _root(doors)
    database = settings.advisories.database and posixpath.join(root, settings.advisories.database)
    settings = replace(settings, advisories=replace(settings.advisories, database=database))
    if database:
        for item in [item for kind, item in looked.unchecked if kind in DEPENDENCIES]:
            looked.take(Kind.ADVISORY, replace(item, why=f"its packages are not known: {item.why}"))
    before = _before(base, changed, looked, doors)
    if changed is not None:
        packages = [*packages, *packages_of(looked.still)]
        if database and not settings.advisories.key and {database, database + ".json"} & {posixpath.join(root, path) for path in changed}:
            return _refused(_short(database, root), "the database of advisories is part of this change, and no key vouches for it", looked)
    access = AdviseDoors(
        doors.advisories,
        VerifyDoors(doors.files, doors.tree, doors.clock),
        doors.clock,
        lambda key: _key(ArtifactDemand("", key), base, root, doors),
    )
    advised = advise(packages, before, settings, doors=access)
    for kind, found in advised.found:
        looked.take(kind, replace(found, why=_short(found.why, root)) if isinstance(found, Unchecked) else found)
    return advised


def _before(base: str, changed: frozenset[str] | None, looked: _Looked, doors: GateDoors) -> list[Package]:
    """Return what the merge target pins: files that the change does not touch, and the others as they were."""
    if changed is None:
        return []
    git = doors.git()
    touched = [path for path in sorted(changed) if named_kind(path) in DEPENDENCIES]
    return [*packages_of(looked.still), *packages_before(touched, lambda path: git.show(base, path))]


def _refused(what: str, why: str, looked: _Looked) -> Advised:
    looked.take(Kind.ADVISORY, Unchecked(what, why))
    return Advised()


def _large(entry: Unchecked, doors: GateDoors) -> list[tuple[Kind, Facts | Unchecked]]:
    """Return the models in a file that is too large to be held, or that it could not be read."""
    kind = kind_by_name(entry.what)
    unread: list[tuple[Kind, Facts | Unchecked]] = [(kind, entry)]
    if kind is not Kind.MODEL or doors.streams is None:
        return unread
    try:
        with doors.streams.reading(_root(doors) or ".", entry.what) as reading:
            if reading.size() <= MAX_BYTES:
                return unread
            found = models(entry.what, Window(Pages(reading.size(), reading.read_into)))
            reading.check()
            return found
    except (NothingToDo, UsageError, IntegrityError, Unavailable):
        return unread


def _compare(looked: _Looked, base: str, changed: frozenset[str] | None, doors: GateDoors) -> None:
    """Put locks beside their manifests, and beside what they were as of the merge target."""
    locks = {facts.path: facts for _, facts in looked.found if isinstance(facts, Lock)}
    links = looked.links if changed is None else {path: to for path, to in looked.links.items() if path in changed}
    unchanged = [item for item in looked.still if isinstance(item, Lock)]
    for item in [*led_out(locks.values(), looked.links), *led_out(unchanged, links)]:
        looked.take(Kind.PROJECT, item)
    for project in projects(locks, looked.texts, changed):
        looked.take(Kind.PROJECT, project)
    if changed is not None:
        git = doors.git()
        for change in changes(locks.values(), changed, lambda path: git.show(base, path), former_lock, doors.clock.now()):
            looked.take(Kind.LOCK_CHANGE, change)
        locks_changed = [item for _, item in looked.found if isinstance(item, LockChange)]
        for redirect in redirects.changes(looked.texts, changed, lambda path: git.show(base, path), locks_changed):
            looked.take(Kind.REDIRECT, redirect)
        for edited in altered(changed, looked.paths, looked.texts, lambda path: git.show(base, path)):
            looked.take(Kind.CARRIED, edited)
        for gone in lost(changed, looked.paths, lambda path: git.show(base, path), former_lock):
            looked.take(Kind.LOST_LOCK, gone)


def _not_followed(looked: _Looked) -> Iterator[Unchecked]:
    """Give the files that requirements include and that are not looked at under their own names."""
    known = {facts.path for _, facts in looked.found if isinstance(facts, Pins)} | {item.what for _, item in looked.unchecked}
    for facts in [facts for _, facts in looked.found if isinstance(facts, Pins)]:
        for option in facts.options:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(facts.path), option.value))
            if option.name in ("--requirement", "--constraint") and target not in known and named_kind(target) is not Kind.REQUIREMENTS:
                known.add(target)
                why = f"included at {facts.path}:{option.line}, and not looked at under this name; call it requirements-NAME.txt"
                yield Unchecked(target, why)


def _changed(base: str, doors: GateDoors) -> frozenset[str]:
    """Return the changed paths spelt as sources spell them: bytes that are no UTF-8 escaped."""
    names = doors.git().changed(base)
    return frozenset(name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for name in names)


def _artifacts(
    settings: GateSettings, base: str, changed: frozenset[str] | None, known: set[str], doors: GateDoors
) -> Iterator[tuple[Kind, ArtifactFacts | Unchecked]]:
    """Verify every artifact that policy names; in a change, those that it touches or that git does not know."""
    if not settings.artifacts:
        return
    root = _root(doors)
    for demand in settings.artifacts:
        try:
            paths = matching(demand.path, known | _built(demand, root, doors), (BUNDLE_SUFFIX,), demand.bundle)
            key = _key(demand, base, root, doors)
        except Denied as error:
            yield Kind.ARTIFACT, ArtifactFacts(demand.path, "refused", _short(error.what, root), error.hint)
            continue
        except (UsageError, IntegrityError, Unavailable) as error:
            yield Kind.ARTIFACT, Unchecked(demand.path, _short(error.what, root))
            continue
        if not paths:
            yield Kind.ARTIFACT, Unchecked(demand.path, "policy demands a signature, and nothing matches this path")
        for path in paths:
            subject = posixpath.join(root, path)
            bundle = posixpath.join(root, demand.bundle) if demand.bundle else default_bundle(subject, _verify_doors(doors))
            if demand.commit == "head" and not demand.bundle:
                bundle = f"{subject}.provenance{BUNDLE_SUFFIX}"
            if changed is None or demand.commit == "head" or _is_touched(path, _short(bundle, root), changed, known):
                yield Kind.ARTIFACT, _verified(path, subject, bundle, key, demand, root, doors)


def _verified(
    path: str, subject: str, bundle: str, key: KeyTimeline, demand: ArtifactDemand, root: str, doors: GateDoors
) -> ArtifactFacts | Unchecked:
    try:
        if doors.files.kind(bundle) == "missing":
            hint = f"pipeline-guard sign {path} --key NAME makes it"
            return ArtifactFacts(path, "missing", f"there is no {_short(bundle, root)}", hint)
        statement = verify_one(subject, bundle, key, doors=_verify_doors(doors))
        if demand.commit == "head":
            if doors.checkout is None:
                return Unchecked(path, "which commit is judged is not known here")
            why = built_from_another(statement, doors.checkout().commit("HEAD"))
            if not why and path.endswith(".whl"):
                why = unlike_its_source(doors.files.read(subject, MAX_BYTES), root, doors.files)
            if why:
                return ArtifactFacts(path, "refused", why, f"have {path} built and signed by the job of this commit")
    except IntegrityError as error:
        return ArtifactFacts(path, "refused", _short(error.what, root), _short(error.hint, root))
    except UsageError as error:
        return Unchecked(path, _short(error.what, root))
    return ArtifactFacts(path, "verified")


def _key(demand: ArtifactDemand, base: str, root: str, doors: GateDoors) -> KeyTimeline:
    """Return the key, a file's content as of the merge target: a change cannot bring the key that vouches for it."""
    if not is_key_file(demand.key):
        return find_key(demand.key, files=doors.files, keys=doors.keys, clock=doors.clock)
    if not base:
        return find_key(posixpath.join(root, demand.key), files=doors.files, keys=doors.keys, clock=doors.clock)
    content = doors.git().show(base, demand.key)
    if content is None:
        raise UsageError(f"{demand.key} is not there as of {base}", "bring the key in with a change of its own")
    return key_in(content, demand.key)


def _verify_doors(doors: GateDoors) -> VerifyDoors:
    return VerifyDoors(doors.files, doors.tree, doors.clock)


def _built(demand: ArtifactDemand, root: str, doors: GateDoors) -> set[str]:
    """Return files below the pattern's fixed folder, those that git ignores (build results) included."""
    folder = fixed_folder(demand.path)
    place = posixpath.join(root, folder)
    if not folder or doors.files.kind(place) != "folder":
        return set()
    return {posixpath.join(folder, name) for name in doors.tree.names(place) if not name.endswith("/")}


def _is_touched(path: str, bundle: str, changed: frozenset[str], known: set[str]) -> bool:
    inside = path + "/"
    if path in changed or bundle in changed or any(name.startswith(inside) for name in changed):
        return True
    return path not in known and not any(name.startswith(inside) for name in known)


def _unseen(settings: GateSettings, known: set[str], doors: GateDoors) -> set[str]:
    """Return artifacts that policy names and git does not know: build results, which are looked into, too."""
    root = _root(doors)
    try:
        built = {path: demand for demand in settings.artifacts for path in _built(demand, root, doors) - known}
    except (IntegrityError, UsageError, Unavailable):  # said already, where their signatures were looked at
        return set()
    return {path for path, demand in built.items() if matches(path, demand.path) and not path.endswith(BUNDLE_SUFFIX)}


def _look_into(path: str, doors: GateDoors) -> list[tuple[Kind, Facts | Unchecked]]:
    try:
        content = doors.files.read(posixpath.join(_root(doors), path), MAX_BYTES)
    except UsageError as error:
        return [(Kind.ARCHIVE, Unchecked(path, _short(error.what, _root(doors))))]
    return [(kind, item) for kind, item in look(path, content) if kind in (Kind.ARCHIVE, Kind.MODEL)]


def _root(doors: GateDoors) -> str:
    return doors.git().top()  # "" outside a repository: sources begin in the current folder, too


def _short(text: str, root: str) -> str:
    """Return a text without the machine's own folders."""
    return text.replace(f"{root}/", "") if root else text
