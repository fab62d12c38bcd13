# SPDX-License-Identifier: Apache-2.0
"""Which adapter opens which door. The only file of the command line that names concrete adapters."""

from __future__ import annotations

import getpass
import glob
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from pipeline_guard.cli.args import Args
from pipeline_guard.cli.console import Console, Terminal
from pipeline_guard.errors import NothingToDo, Unavailable, UsageError
from pipeline_guard.model.diagnosis import Clone
from pipeline_guard.model.forge import ForgeEvent
from pipeline_guard.model.image import LAYOUT, ImageReference
from pipeline_guard.model.reference import Reference
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.selection import Selection
from pipeline_guard.ports import (
    Advisories,
    AdvisoryFeed,
    AdvisoryPress,
    AdvisoryService,
    Anchor,
    ApprovalBook,
    AuditLog,
    AuditSink,
    BoundaryBook,
    Cache,
    Checkout,
    Checkpoints,
    Clock,
    Contents,
    Engine,
    Examined,
    Files,
    Fingerprint,
    Forge,
    ForgeSettings,
    FreshJwks,
    Git,
    Ground,
    Handover,
    Images,
    ImageWriter,
    InvocationCounter,
    JobBook,
    JobWatch,
    KeyIntents,
    KeyLedger,
    KeyRegister,
    Keystore,
    LeaseBook,
    LeaseTime,
    Machine,
    MadeBook,
    Patterns,
    Process,
    Progress,
    Random,
    RefLookup,
    Registry,
    Revisions,
    Rulepacks,
    SealedFiles,
    SearchIndex,
    SecondEye,
    SecretLedger,
    SecretRemoval,
    SecretStore,
    SessionBook,
    Shells,
    Signer,
    Source,
    Streams,
    TimestampService,
    Tree,
    UseBook,
    Workers,
    WrappedRows,
    Wrapper,
)

if TYPE_CHECKING:  # msgspec costs a fifth of a short command; verify with a PEM file needs no configuration
    from pipeline_guard.adapters.broker_client import BrokerClient
    from pipeline_guard.adapters.oidc.local import LocalIssuer
    from pipeline_guard.adapters.recording import MemoryCache, MemoryState, RecordingFiles
    from pipeline_guard.adapters.rehearsal import SoftwareToken
    from pipeline_guard.adapters.stage import TemporaryStage
    from pipeline_guard.config import Config
    from pipeline_guard.model.staged import Answer, Call

CONFIG_LIMIT = 1024 * 1024


class NotRehearsed(NothingToDo):
    """Something that only the pipeline itself can look at."""


class Token(Keystore, Signer, Wrapper, Anchor, Examined, Protocol):
    """Everything one HSM token does for us."""

    def facts(self) -> dict[str, str]:
        """Return what the token says of itself."""
        ...


class ImagePlace(Images, ImageWriter, Protocol):
    """Images, read and written."""


class Place(Machine, Ground, Protocol):
    """The machine, looked at and made ready."""


class PathFiles(Files, Patterns, Protocol):
    """Files by path and by pattern."""


class Folders(Tree, Contents, Protocol):
    """Folders, one file at a time or all at once."""


class State(
    KeyRegister,
    KeyLedger,
    KeyIntents,
    SealedFiles,
    InvocationCounter,
    SecretStore,
    SecretLedger,
    WrappedRows,
    SecretRemoval,
    SearchIndex,
    LeaseBook,
    MadeBook,
    AuditSink,
    AuditLog,
    Checkpoints,
    BoundaryBook,
    SessionBook,
    UseBook,
    LeaseTime,
    JobBook,
    ApprovalBook,
    Protocol,
):
    """Everything one database keeps for us."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the work tree stands for: commit with its message, full ref, merge target ("" where unknown) and the repository's path."""

    sha: str
    ref: str
    base: str
    repository: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Wiring:
    """The doors of one call. What is dear to open is a function, opened at first need and then kept."""

    console: Console
    environ: Mapping[str, str]
    actor: str
    home: str
    clock: Clock
    random: Random
    files: PathFiles
    tree: Folders
    streams: Streams
    images: Callable[[ImageReference], ImagePlace]
    cache: Cache
    progress: Progress
    workers: Workers
    git: Callable[[], Git]
    head: Callable[[], Head]
    config: Callable[[str], Config]  # the argument is a revision, "" for the work tree
    reread: Callable[[], Config]  # the work tree's, as it is now
    source: Callable[[Selection], Source]
    revisions: Callable[[], Revisions]
    rulepacks: Callable[..., Rulepacks]  # paths, and packs that were read already
    fingerprint: Callable[[], Fingerprint]
    software_token: Callable[[], Token]  # the configured token, which also makes keys that sign in this process
    token: Callable[[str], Token]  # the argument is a pkcs11: URI that may name a module of its own, "" for the configured token
    state: Callable[[], State]
    process: Callable[[], Process]
    handover: Callable[[], Handover]
    jwks: Callable[[Mapping[str, str], Mapping[str, Mapping[str, object]], str], FreshJwks]  # places, pinned sets, a PEM file or ""
    broker: Callable[[str], BrokerClient | None]  # the argument names the job; None: the store is here
    machine: Place
    clone: Callable[[], Clone]
    stored: Callable[[], bool]  # whether there is a store already: asking for ``state`` makes one
    timestamps: Callable[[str], TimestampService | None]  # the argument is a URL; None: a rehearsal asks nobody
    engine: Callable[..., Engine]  # kind and settings; secret=, key=: what finds credentials and keys of the token
    watch: Callable[..., JobWatch]  # kind and address of a forge; app=, key=, token=, secret=, find=
    backend: Callable[[str, Mapping[str, Any]], Engine]  # a reference to a store of others, and that store's settings
    referred: Callable[[str], Secret]  # credentials by env: or file:
    refs: Callable[[], RefLookup]
    second_eye: Callable[[], SecondEye]
    commit: Callable[[str], str]  # a revision of this repository to its full commit
    checkout: Callable[[], Checkout]
    forge: Callable[[ForgeEvent, str], Forge]  # the second is where its token is, "" for the forge's usual variable
    forge_settings: Callable[[str, str, str], ForgeSettings]  # the forge's name, the repository's, where the token is
    named_secret: Callable[[str, str], Secret]  # env:NAME, file:PATH or fd:N, and what it is, for people
    registry: Callable[[str, str], Registry]  # an ecosystem and an address
    tool_digest: Callable[[], str]
    advisories: Callable[[str], Advisories]  # the argument is a database's path
    advisory_service: Callable[[str], AdvisoryService]
    advisory_feed: Callable[[str, Sequence[str]], AdvisoryFeed]  # a folder or an address, and which ecosystems
    advisory_press: Callable[[], AdvisoryPress]


def home_folder(args: Args, environ: Mapping[str, str]) -> str:
    """Return the folder of the embedded token and store (XDG Base Directory Specification 0.8)."""
    given = args.text("home") or environ.get("PIPELINE_GUARD_HOME", "")
    if given:
        return str(Path(given).absolute())
    data = environ.get("XDG_DATA_HOME", "")
    base = Path(data) if data.startswith("/") else Path(environ.get("HOME") or "~").expanduser() / ".local" / "share"
    return str(base / "pipeline-guard")


def real(args: Args, environ: Mapping[str, str]) -> Wiring:
    """Open the doors to the real world."""
    from pipeline_guard.adapters.cache import FolderCache
    from pipeline_guard.adapters.clock import SystemClock, SystemRandom
    from pipeline_guard.adapters.digest_memory import DigestMemory
    from pipeline_guard.adapters.files import LocalFiles
    from pipeline_guard.adapters.git import GitRepository
    from pipeline_guard.adapters.machine import LocalMachine
    from pipeline_guard.adapters.streams import LocalStreams
    from pipeline_guard.adapters.terminal import SilentProgress, TerminalProgress
    from pipeline_guard.adapters.tree import LocalTree
    from pipeline_guard.adapters.workers import ForkedWorkers

    home = home_folder(args, environ)
    files = LocalFiles()
    folder = os.getcwd()
    console = Terminal(quiet=args.on("quiet"))

    @cache
    def git() -> GitRepository:
        return GitRepository(folder, environ)

    @cache
    def config(ref: str) -> Config:
        return _load_config(args.text("config"), ref, files, git, revisions)

    def reread() -> Config:
        return _load_config(args.text("config"), "", files, git, revisions)

    def source(selection: Selection) -> Source:
        from pipeline_guard.adapters.sources.opening import open_source

        return open_source(selection, folder, environ, git())

    def revisions() -> Revisions:
        from pipeline_guard.adapters.sources.commit_range import GitRevisions

        return GitRevisions(git())

    def rulepacks(paths: Sequence[str], given: Sequence[tuple[str, bytes]] = ()) -> Rulepacks:
        from pipeline_guard.adapters.rulepacks import PackagedRules

        return PackagedRules(paths, given)

    @cache
    def fingerprint() -> Fingerprint:
        from pipeline_guard.adapters.fingerprint import KeyedFingerprint

        return KeyedFingerprint(home, environ)

    @cache
    def token(uri: str) -> Token:
        from pipeline_guard.adapters.software_key import WithSoftwareKeys

        return WithSoftwareKeys(opened(uri))

    def software_token() -> Token:
        from pipeline_guard.adapters.software_key import WithSoftwareKeys

        return WithSoftwareKeys(opened(""), makes=True)

    @cache
    def opened(uri: str) -> Token:
        from pipeline_guard.adapters.cloud.opening import open_service
        from pipeline_guard.adapters.cloud.uri import is_service
        from pipeline_guard.adapters.hsm.embedded import open_token
        from pipeline_guard.model.token_uri import TokenUri

        section = config("").token
        if not uri.startswith("pkcs11:") and is_service(uri or section.uri):
            return open_service(uri or section.uri, pin=section.pin, environ=environ)
        named = TokenUri.parse(uri) if uri else TokenUri()
        return open_token(
            home,
            uri=uri if named.module_path else section.uri,
            module=section.module,
            pin="" if named.module_path and named.pin_source else section.pin,  # never one token's PIN to another
            environ=environ,
            arguments=section.module_arguments,
        )

    @cache
    def state() -> State:
        url = _store_url(environ, lambda: config("").store.url)
        if url.startswith("https://"):
            raise UsageError("this needs the store itself, not a broker before it", "do it where the broker runs")
        if not url and args.verb != "serve":  # a server asks for hours, from many threads
            from pipeline_guard.adapters.sql.direct import DirectState

            return cast("State", DirectState.open(home))
        try:
            from pipeline_guard.adapters.sql.state import SqlState
        except ImportError:
            raise Unavailable("SQLAlchemy is not installed", 'pip install "pipeline-guard[hsm]"') from None
        return SqlState.connect(url) if url else SqlState.open(home)

    def jwks(places: Mapping[str, str], pinned: Mapping[str, Mapping[str, object]], authority: str) -> FreshJwks:
        from pipeline_guard.adapters.https import context
        from pipeline_guard.adapters.oidc.jwks import HttpJwks

        return HttpJwks(places, pinned, context(authority))

    def broker(holder: str) -> BrokerClient | None:
        url = _store_url(environ, lambda: config("").store.url)
        if not url.startswith("https://"):
            return None
        from pipeline_guard.adapters.broker_client import BrokerClient
        from pipeline_guard.adapters.https import context
        from pipeline_guard.adapters.oidc.given import token_source

        section = config("").store
        trust = context(environ.get("PIPELINE_GUARD_STORE_CA", "") or section.ca, section.certificate, section.key)
        place = environ.get("RUNNER_TEMP", "") or str(Path(home) / "jobs")
        return BrokerClient(url, section.audience, trust=trust, tokens=token_source(environ), place=place, holder=holder)

    def clone() -> Clone:
        repository = GitRepository(folder, environ)
        branch = repository.merge_target().partition("/")[2] or repository.ref().removeprefix("refs/heads/")
        return Clone(repository.root(), repository.remote_host(), branch if branch != "HEAD" else "main", repository.is_shallow())

    def stored() -> bool:
        return bool(_store_url(environ, lambda: config("").store.url)) or files.kind(str(Path(home) / "store.db")) != "missing"

    def images(reference: ImageReference) -> ImagePlace:
        if reference.transport == LAYOUT:
            from pipeline_guard.adapters.oci.layout import Layout

            return Layout(reference.place, files)
        from pipeline_guard.adapters.oci.login import find_login
        from pipeline_guard.adapters.oci.registry import Registry

        return Registry(reference, partial(find_login, environ=environ))

    def process() -> Process:
        from pipeline_guard.adapters.process import LocalProcess

        own = {"PIPELINE_GUARD_HOME": home}
        if args.text("config"):
            own["PIPELINE_GUARD_CONFIG"] = str(Path(args.text("config")).absolute())
        return LocalProcess(environ, own, console.talk)

    def handover() -> Handover:
        from pipeline_guard.adapters.handover import JobHandover

        return JobHandover(home, environ, console.talk)

    def timestamps(url: str) -> TimestampService:
        from pipeline_guard.adapters.timestamps import HttpTimestamps

        return HttpTimestamps(url)

    def backend(named: str, settings: Mapping[str, Any]) -> Engine:
        from pipeline_guard.adapters.backends.opening import open_backend

        return open_backend(Reference.parse(named), settings, environ=environ, referred=reference, identity=identity)

    def identity(audience: str) -> Secret:
        from pipeline_guard.adapters.oidc.given import token_source

        return token_source(environ).fetch(audience)

    def watch(kind: str, url: str, **words: Any) -> JobWatch:
        from pipeline_guard.adapters.watch.opening import open_watch

        return open_watch(kind, url, **words)

    def engine(kind: str, settings: Mapping[str, Any], **finders: Any) -> Engine:
        from pipeline_guard.adapters.engines.opening import open_engine

        return open_engine(kind, settings, **finders)

    def reference(text: str) -> Secret:
        from pipeline_guard.adapters.engines.references import referred

        return referred(text, environ)

    @cache
    def refs() -> RefLookup:
        from pipeline_guard.adapters.forge.github_refs import GithubRefs

        return GithubRefs(environ)

    def second_eye() -> SecondEye:
        from pipeline_guard.adapters.zizmor import Zizmor

        return Zizmor(environ)

    def head() -> Head:
        repository = GitRepository(folder, environ)
        sha, target = repository.commit("HEAD"), repository.merge_target()
        if target and repository.commit(target) == sha:  # this is the merge target: there is no change to compare
            target = ""
        return Head(sha, repository.ref(), target, repository.remote_path(), repository.message())

    def registry(ecosystem: str, url: str) -> Registry:
        from pipeline_guard.adapters.registry.opening import open_registry

        return open_registry(ecosystem, url)

    def named_secret(reference: str, what: str) -> Secret:
        from pipeline_guard.adapters.hsm.pin import read_pin

        return read_pin(reference, environ, 4096, what)

    def forge(event: ForgeEvent, token: str) -> Forge:
        from pipeline_guard.adapters.forge.opening import open_forge

        return open_forge(event, token, environ)

    def forge_settings(name: str, repository: str, token: str) -> ForgeSettings:
        from pipeline_guard.adapters.forge.opening import open_settings

        return open_settings(name, repository, token, environ)

    def tool_digest() -> str:
        from pipeline_guard.adapters.tool import installed_digest

        return installed_digest()

    def advisories(path: str) -> Advisories:
        from pipeline_guard.adapters.advisories.database import SqliteAdvisories

        return SqliteAdvisories(path)

    def advisory_service(url: str) -> AdvisoryService:
        from pipeline_guard.adapters.advisories.web import OsvService

        return OsvService(url)

    def advisory_feed(place: str, ecosystems: Sequence[str]) -> AdvisoryFeed:
        from pipeline_guard.adapters.advisories.web import open_feed

        return open_feed(place, ecosystems)

    def advisory_press() -> AdvisoryPress:
        from pipeline_guard.adapters.advisories.database import SqlitePress

        return SqlitePress()

    return Wiring(
        console=console,
        environ=environ,
        actor=_actor(),
        home=home,
        clock=SystemClock(),
        random=SystemRandom(),
        files=files,
        tree=LocalTree(SilentProgress if args.on("quiet") else TerminalProgress, DigestMemory(home)),
        streams=LocalStreams(),
        images=images,
        cache=FolderCache(str(Path(home) / "cache")),
        progress=SilentProgress() if args.on("quiet") else TerminalProgress(),
        workers=ForkedWorkers(),
        git=git,
        head=head,
        config=config,
        reread=reread,
        source=source,
        revisions=revisions,
        rulepacks=rulepacks,
        fingerprint=fingerprint,
        token=token,
        software_token=software_token,
        state=state,
        machine=LocalMachine(),
        clone=clone,
        stored=stored,
        process=process,
        handover=handover,
        jwks=jwks,
        broker=broker,
        timestamps=timestamps,
        engine=engine,
        watch=watch,
        backend=backend,
        referred=reference,
        refs=refs,
        second_eye=second_eye,
        commit=lambda ref: GitRepository(folder, environ).commit(ref),
        checkout=lambda: GitRepository(folder, environ),
        forge=forge,
        forge_settings=forge_settings,
        named_secret=named_secret,
        tool_digest=tool_digest,
        registry=registry,
        advisories=advisories,
        advisory_service=advisory_service,
        advisory_feed=advisory_feed,
        advisory_press=advisory_press,
    )


def _store_url(environ: Mapping[str, str], configured: Callable[[], str]) -> str:
    """Return the URL of the store's database, "" for the embedded one. It may hold a password: it is never shown."""
    given = environ.get("PIPELINE_GUARD_STORE_URL", "") or configured()
    if not given.startswith("env:"):
        return given
    url = environ.get(given[4:], "")
    if not url:
        raise UsageError(f"store.url: the variable {given[4:]} is not set", "set it to the URL of the database")
    return url


def _actor() -> str:
    """Name who acts, for the audit log: the operating system's user."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        user = f"uid-{os.getuid()}"
    return f"user:{user}"


def _load_config(named: str, ref: str, files: PathFiles, git: Callable[[], Git], revisions: Callable[[], Revisions]) -> Config:
    """Read the configuration: the named file, which then is all of it; else the usual one and its policies, as of ``ref`` or now."""
    from pipeline_guard.config import FILE_NAME, POLICY_FOLDER, Config, parse, with_policies

    if named:
        return parse(files.read(named, CONFIG_LIMIT), named)
    if ref:
        content = git().show(ref, FILE_NAME)
        config = Config() if content is None else parse(content, f"{ref}:{FILE_NAME}")
        return with_policies(config, [(f"{ref}:{name}", held) for name, held in revisions().files(ref, POLICY_FOLDER) if _is_yaml(name)])
    try:
        top = git().top()  # outside a repository the current folder is all there is
    except UsageError:  # a bare one
        top = ""
    path = str(Path(top) / FILE_NAME)
    config = Config() if files.kind(path) == "missing" else parse(files.read(path, CONFIG_LIMIT), FILE_NAME)
    folder = str(Path(top) / POLICY_FOLDER)
    if files.kind(folder) != "folder":
        return config
    found = [name for name in files.matching(f"{glob.escape(folder)}/*") if _is_yaml(name)]
    return with_policies(config, [(f"{POLICY_FOLDER}/{Path(name).name}", files.read(name, CONFIG_LIMIT)) for name in found])


def _is_yaml(name: str) -> bool:
    return name.endswith((".yml", ".yaml"))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Doors for the dry-run: they read the real world, and keep in memory what would be written to it."""

    real: Wiring
    files: RecordingFiles
    cache: MemoryCache
    state: MemoryState
    token: SoftwareToken
    stage: TemporaryStage
    shells: Shells

    @staticmethod
    def of(wiring: Wiring, answer: Callable[[Call], Answer]) -> Rehearsal:
        """Begin a rehearsal; its steps see each other's writes. ``answer`` plays our command for the shells that run."""
        from pipeline_guard.adapters.recording import MemoryCache, MemoryState, RecordingFiles
        from pipeline_guard.adapters.rehearsal import SoftwareToken
        from pipeline_guard.adapters.shells import PackagedShells
        from pipeline_guard.adapters.stage import TemporaryStage

        shells = PackagedShells()
        stage = TemporaryStage(shells, wiring.environ, answer)
        files = RecordingFiles(wiring.files, stage.folder)
        return Rehearsal(wiring, files, MemoryCache(wiring.cache), MemoryState(), SoftwareToken(wiring.clock), stage, shells)

    @staticmethod
    def issuer(claims: Mapping[str, Any]) -> LocalIssuer:
        """Return a local issuer that signs ``claims``."""
        from pipeline_guard.adapters.oidc.local import LocalIssuer

        return LocalIssuer(claims)

    def doors(self, args: Args, console: Console, environ: Mapping[str, str], *, verb: str) -> Wiring:
        """Return the doors of one rehearsed step, in the current folder. Only ``sign`` and the secrets' verbs get a simulated store."""
        from pipeline_guard.adapters.fingerprint import KeyedFingerprint
        from pipeline_guard.adapters.handover import JobHandover
        from pipeline_guard.adapters.recording import RecordingHandover, RecordingProcess, Unasked
        from pipeline_guard.adapters.tree import LocalTree

        signs = verb == "sign" or bool(args.text("sign-verdict"))
        simulated = signs or verb in ("run", "inject", "revoke", "secrets", "keys", "token")
        if signs:
            self._simulate_key(args)
        temporary = environ.get("RUNNER_TEMP", "").startswith(self.stage.folder)
        here = real(args, environ)
        return replace(
            here,
            console=console,
            home=self.real.home,
            files=self.files,
            tree=LocalTree(),
            images=_rehearsed_images,
            cache=self.cache,
            progress=_silent(),
            fingerprint=lambda: KeyedFingerprint(self.real.home, environ, keep=False),
            config=_configured(args, here, self.files),
            state=(lambda: self.state) if simulated else self._read_state,
            token=lambda _uri: self.token,
            software_token=lambda: self.token,
            process=RecordingProcess,
            handover=(lambda: JobHandover(self.real.home, environ)) if temporary else RecordingHandover,
            timestamps=lambda _url: None,
            forge=_rehearsed_forge,
            refs=Unasked,
            registry=lambda _ecosystem, _address: Unasked(),
            advisory_service=lambda _address: Unasked(),
            advisory_feed=lambda _place, _ecosystems: Unasked(),
            broker=lambda _holder: None,
            engine=_rehearsed_engine,
            watch=lambda *_words, **_named: Unasked(),
            backend=_rehearsed_engine,
        )

    def _simulate_key(self, args: Args) -> None:
        """Have signing keys under the names that the step asks for."""
        from pipeline_guard.model.key import KeyType, KeyUsage

        name = args.text("key") or self.real.config("").sign.key
        wanted = ((name, KeyType.EC_P256), (args.text("timestamp-key"), KeyType.EC_P256), (args.text("pq-key"), KeyType.ML_DSA_65))
        for named, kind in wanted:
            if named and not named.startswith("pkcs11:") and self.state.key(named) is None:
                self.state.add_key(self.token.create(named, 1, kind, KeyUsage.SIGN))

    def _read_state(self) -> State:
        """Return the real store where there is one, to look up public keys; never create it."""
        remote = _store_url(self.real.environ, lambda: self.real.config("").store.url)
        if any(True for _ in self.state.all_keys()) or not (remote or (Path(self.real.home) / "store.db").is_file()):
            return self.state
        return self.real.state()


def _rehearsed_forge(event: ForgeEvent, _token: str) -> Forge:
    from pipeline_guard.adapters.forge.local import LocalForge

    return LocalForge({event.change: event.head})


def _rehearsed_images(reference: ImageReference) -> ImagePlace:
    raise NotRehearsed(f"the image {reference.name} is not looked at in a rehearsal", "it would be signed or verified where it lies")


def _rehearsed_engine(kind: str, _settings: Mapping[str, Any], **_finders: Any) -> Engine:
    from pipeline_guard.adapters.engines.rehearsed import RehearsedEngine

    return RehearsedEngine(kind)


def _silent() -> Progress:
    from pipeline_guard.adapters.terminal import SilentProgress

    return SilentProgress()


def _configured(args: Args, wiring: Wiring, files: PathFiles) -> Callable[[str], Config]:
    return lambda ref: _load_config(args.text("config"), ref, files, wiring.git, wiring.revisions)
