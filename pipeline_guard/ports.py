# SPDX-License-Identifier: Apache-2.0
"""The doors: all we ask of the world. Each has one to three methods; adapters implement them.

Every method may raise ``Unavailable`` (the world did not answer); further errors are named.
No foreign exception crosses a door.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeVar, runtime_checkable

from pipeline_guard.errors import Unavailable
from pipeline_guard.model.advisory import AdvisoryRow
from pipeline_guard.model.boundary import Boundary, Probe, TokenFacts
from pipeline_guard.model.diagnosis import FolderFacts
from pipeline_guard.model.digest import Digest
from pipeline_guard.model.dynamic import Due, Made, SealedHandle, Wish
from pipeline_guard.model.entry import Entry, Lost
from pipeline_guard.model.event import AuditEvent, AuditRecord, Checkpoint, LogHead
from pipeline_guard.model.finding import Origin
from pipeline_guard.model.forge import ForgeFacts, Posted, Publication
from pipeline_guard.model.image import Descriptor, ImageReference
from pipeline_guard.model.key import Dependents, KeyChange, KeyEvent, KeyIntent, KeyRecord, KeyRef, KeyType, KeyUsage
from pipeline_guard.model.lease import Binding, Finished, Injection, Lease, Target
from pipeline_guard.model.published import Published
from pipeline_guard.model.sealed import SealedSecret, SearchRow, SecretChange
from pipeline_guard.model.secret import Secret
from pipeline_guard.model.selection import CommitRange
from pipeline_guard.model.session import Limit, Session, StoredApproval, Use, WatchedJob
from pipeline_guard.model.staged import Staged
from pipeline_guard.model.tree_entry import Piece, TreeEntry
from pipeline_guard.model.verdict import Unchecked

T = TypeVar("T")


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class Random(Protocol):
    """Randomness fit for keys."""

    def bytes(self, count: int) -> bytes:
        """Return ``count`` unpredictable bytes."""
        ...


class Source(Protocol):
    """A stream of texts to look at: a work tree, staged files, commits, standard input."""

    def entries(self) -> Iterator[Entry | Unchecked]:
        """Give every entry once, or why it could not be read. Raises NothingToDo, UsageError."""
        ...

    def origins(self, blobs: Collection[str]) -> Mapping[str, Origin]:
        """Return for blobs that came without it the commit that brought them in, as far as there is one."""
        ...

    def commits(self) -> int:
        """Return how many commits were looked at so far; 0 where the texts are no commits."""
        ...


class Revisions(Protocol):
    """Commits and what they hold."""

    def resolve(self, revisions: str) -> CommitRange:
        """Check BASE..HEAD. Raises UsageError for an unknown end, NothingToDo where it is empty or cannot be trusted."""
        ...

    def pushed(self, tips: Sequence[str]) -> CommitRange:
        """Check what these commits reach and no ref does. Raises UsageError for an unknown one, NothingToDo where all is here already."""
        ...

    def stand_in(self) -> str:
        """Return the commit that stands for the work tree where there is none: of a bare repository its HEAD; "" elsewhere."""
        ...

    def files(self, revision: str, path: str) -> Sequence[tuple[str, bytes]]:
        """Return (path, content) of a file, or of every file right in a folder, as of ``revision``; nothing where it is not there."""
        ...


class Portion(Protocol):
    """Part of a source that can be read by itself, in another process too: names, no content."""

    @property
    def total(self) -> int:
        """How many texts the whole source has; 0 where nobody knows."""
        ...

    @property
    def size(self) -> int:
        """About how many bytes the whole source has; 0 where the source tells it by itself."""
        ...

    def names(self) -> Sequence[str]:
        """Return the path of every text."""
        ...

    def read(self) -> Iterator[Entry | Unchecked]:
        """Give every text once, or why it could not be read."""
        ...


@runtime_checkable
class Measured(Protocol):
    """A source that knows before it is read how much there is."""

    def size(self) -> int:
        """Return about how many bytes it has. Raises UsageError."""
        ...


@runtime_checkable
class Divisible(Protocol):
    """A source that can be large."""

    def portions(self) -> Iterator[Entry | Unchecked | Portion]:
        """Give what ``entries`` gives; most of it, where it is much, as portions."""
        ...


class Workers(Protocol):
    """The processors of this machine."""

    def each(self, work: Callable[[Portion], T], portions: Iterator[Portion]) -> Iterator[T | Lost]:
        """Give the results of ``work`` in the order of the portions; raise what it raises."""
        ...


class Files(Protocol):
    """Files of the caller, outside any repository logic."""

    def read(self, path: str, limit: int) -> bytes:
        """Return the content. Raises UsageError where it is missing, no regular file, or over ``limit`` bytes."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Replace the file atomically. Raises UsageError where the folder is missing or not writable."""
        ...

    def kind(self, path: str) -> str:
        """Return "file", "folder", "link", "special" or "missing"; links are not followed."""
        ...


class Patterns(Protocol):
    """Files by pattern."""

    def matching(self, pattern: str) -> Sequence[str]:
        """Return the files that match, sorted: ``*`` and ``?`` within a folder, ``**`` through folders. Links are not followed."""
        ...


class Tree(Protocol):
    """A folder as a model or artifact tree, hashed where it lies so that size never matters."""

    def names(self, root: str) -> Sequence[str]:
        """Return every path below ``root`` relative to it, with ``/``, sorted by code point.

        Folders end with ``/``. Symbolic links, sockets, devices and undecodable names raise IntegrityError.
        """
        ...

    def digest(self, root: str, name: str, algorithm: str) -> str:
        """Return the hexadecimal digest of one file ("sha256"). Raises IntegrityError if it changes while read."""
        ...

    def mode(self, root: str, name: str) -> int:
        """Return the permission bits of one entry."""
        ...


class Contents(Protocol):
    """All of a folder at once: what lies there, and its digests from every processor of this machine."""

    def entries(self, root: str) -> Sequence[TreeEntry]:
        """Return every file and folder below ``root``, sorted by name, as they are now; raises as ``Tree.names`` does."""
        ...

    def digests(
        self, root: str, pieces: Sequence[Piece], algorithm: str, *, remembered: bool = False, listed: Sequence[TreeEntry] | None = None
    ) -> Sequence[str]:
        """Return the hexadecimal digests in the order of the pieces.

        ``remembered`` takes over digests made earlier of files that nobody has written to since, as far as times can tell.
        ``listed`` is the folder as ``entries`` gave it: it must be the same still when all was read.
        Raises as ``Tree.digest`` does, and IntegrityError where a file is no longer as its piece says, or the folder as listed.
        """
        ...


class Images(Protocol):
    """A folder or repository of container images, read."""

    def manifest(self, reference: ImageReference) -> tuple[Descriptor, bytes]:
        """Return an image's manifest or index, its digest checked. Raises NothingToDo where there is none, UsageError where several."""
        ...

    def referrers(self, digest: Digest) -> Sequence[Descriptor]:
        """Return the manifests that refer to an image, as they are listed; none is fine."""
        ...

    def content(self, digest: Digest, limit: int, *, manifest: bool = False) -> bytes:
        """Return a blob or a manifest, its digest checked. Raises IntegrityError where it is missing, other or over ``limit`` bytes."""
        ...


class ImageWriter(Protocol):
    """The same, written to."""

    def put_blob(self, content: bytes) -> None:
        """Keep a blob under its SHA-256."""
        ...

    def put_referrer(self, manifest: bytes, listed: Descriptor, subject: Digest) -> None:
        """Keep a manifest that refers to ``subject``, and have it listed as a referrer."""
        ...


class Reading(Protocol):
    """One regular file of any size, open for reading."""

    def size(self) -> int:
        """Return its length in bytes when it was opened."""
        ...

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill ``buffer`` from ``offset``; return how many bytes, fewer than asked for only at the end of the file."""
        ...

    def check(self) -> None:
        """Raise IntegrityError if the file is not what it was when it was opened."""
        ...


class Draft(Protocol):
    """A file or folder in the making, beside the place where it is to be."""

    def folder(self, name: str) -> None:
        """Make one folder inside, by its relative path. Raises UsageError; so it does in a draft of a file."""
        ...

    def file(self, name: str, *, executable: bool = False) -> None:
        """Begin one file inside, by its relative path. Raises UsageError; so it does in a draft of a file, which is begun."""
        ...

    def write(self, data: memoryview) -> None:
        """Append to the file begun last. Raises UsageError where the disk refuses."""
        ...


class Streams(Protocol):
    """Files and folders too large to hold."""

    def reading(self, root: str, name: str = "") -> AbstractContextManager[Reading]:
        """Open the file ``root``, or ``name`` below the folder ``root`` without following links.

        Raises NothingToDo where ``root`` is missing, UsageError or IntegrityError for what is no regular file.
        """
        ...

    def draft(self, path: str, *, folder: bool = False, force: bool = False, resume: bool = False) -> AbstractContextManager[Draft]:
        """Begin what will be ``path``: private, complete and durable when the block ends, never there when it fails.

        ``resume`` keeps what an interruption leaves, and keeps of an earlier one what is written the same again.
        Raises UsageError where ``path`` exists (``force`` replaces a file), or another process writes it.
        """
        ...


class Git(Protocol):
    """The repository around the work tree."""

    def root(self) -> str:
        """Return the absolute path of the work tree. Raises UsageError outside a repository."""
        ...

    def top(self) -> str:
        """Return the same also where git is missing or refuses the repository, as far as folders tell; "" outside one."""
        ...

    def show(self, ref: str, path: str) -> bytes | None:
        """Return a file as of ``ref`` ("Subproject commit ID" for a submodule), None where it is not there.

        Raises UsageError for an unknown ``ref``.
        """
        ...

    def changed(self, base: str) -> Sequence[str]:
        """Return the paths that differ between the merge base with ``base`` and the work tree or HEAD, deleted ones too."""
        ...


class Shells(Protocol):
    """The actions and templates that belong to this version of the program."""

    def paths(self) -> Sequence[str]:
        """Return the paths of all files, with ``/``, from the project's root."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        ...


class Stage(Protocol):
    """A throw-away folder in which shells of this project are really run, our command in them answered by a rehearsal."""

    folder: str

    def has(self, program: str) -> bool:
        """Tell whether a program is there."""
        ...

    def place(self, name: str, content: bytes) -> str:
        """Put a file there; return its path."""
        ...

    def execute(self, words: Sequence[str], environment: Mapping[str, str], files: Sequence[str]) -> Staged:
        """Run one of our own shells; ``files`` are the variables that name a fresh file each. Raises Unavailable where it cannot start.

        It stands in an empty folder of the stage, ``temp/project``, which a call of our command takes for the repository's root.
        """
        ...


class Checkout(Protocol):
    """What the work tree stands for."""

    def commit(self, ref: str) -> str:
        """Return the full id of a commit. Raises UsageError where there is none."""
        ...

    def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree."""
        ...

    def differs(self, commit: str) -> str:
        """Return the first path whose content in the work tree is not the commit's, or whose index bits hide that; "" for none."""
        ...


class Process(Protocol):
    """Other programs."""

    def run(self, command: Sequence[str], injection: Injection) -> Finished:
        """Run ``command`` with the injected values, its output filtered of them; return its exit code and what was hidden.

        Signals are forwarded. Files of the injection are gone afterwards. Raises UsageError if it cannot be started.
        """
        ...


class Handover(Protocol):
    """What outlives one command: masks, private files and the forge's environment file."""

    def deliver(self, injection: Injection, holder: str, target: Target) -> str:
        """Mask, then write; return the path of a file that sets the variables, "" where the forge's own was used.

        Raises UsageError, with nothing written, for what cannot go that way.
        """
        ...

    def remove(self, holder: str) -> None:
        """Take away what ``deliver`` wrote for ``holder``; nothing to take away is fine."""
        ...


class Keystore(Protocol):
    """Keys that never leave their token."""

    def create(
        self, name: str, version: int, key_type: KeyType, usage: KeyUsage, begun: Callable[[KeyRef], None] | None = None
    ) -> KeyRecord:
        """Generate a non-extractable, single-purpose key, its attributes read back and checked.

        ``begun`` is told what the key will be before it is there, so that it can be found again after an interruption.
        """
        ...

    def describe(self, uri: str) -> KeyRecord:
        """Find a key by RFC 7512 URI. Raises UsageError where it names none or several."""
        ...

    def destroy(self, key: KeyRef) -> None:
        """Remove a key and its public half from the token; one that is gone already is fine."""
        ...


@runtime_checkable
class Importing(Protocol):
    """A token that takes keys which were made elsewhere."""

    def import_rsa(self, name: str, version: int, pem: Secret, begun: Callable[[KeyRef], None] | None = None) -> KeyRecord:
        """Keep a private RSA key, non-extractable and for signing alone; ``begun`` as in ``Keystore.create``."""
        ...


class Signer(Protocol):
    """Signing inside the token."""

    def sign(self, key: KeyRef, message: bytes) -> bytes:
        """Return the signature over ``message``.

        EC keys: DER of ECDSA with SHA-256 (P-256) or SHA-384 (P-384). Ed25519: 64 bytes (RFC 8032). RSA: PKCS #1 v1.5
        with SHA-256. Raises Denied for a key that is not for signing.
        """
        ...


class Wrapper(Protocol):
    """Data keys under a wrapping key of the token; associated data binds them to their place."""

    def wrap(self, key: KeyRef, data_key: Secret, associated: bytes) -> bytes:
        """Return the wrapped data key (the format names its own version)."""
        ...

    def unwrap(self, key: KeyRef, wrapped: bytes, associated: bytes) -> Secret:
        """Return the data key. Raises IntegrityError if anything was changed."""
        ...


class Examined(Protocol):
    """A token that lets itself be examined."""

    def token_facts(self) -> TokenFacts:
        """Return what a judgement of the token is bound to."""
        ...

    def probe(self) -> Sequence[Probe]:
        """Try to get keys out of the token, on throw-away keys, without ever sending a PIN."""
        ...


class BoundaryBook(Protocol):
    """Judgements of tokens, kept so that they need not be made for each key."""

    def boundary(self, serial: str) -> Boundary | None:
        """Return the last judgement of a token; None where there is none that can be read."""
        ...

    def keep_boundary(self, boundary: Boundary) -> None:
        """Keep a judgement in place of the one before."""
        ...


class KeyRegister(Protocol):
    """What is known of keys, kept beside the secrets."""

    def add_key(self, record: KeyRecord) -> None:
        """Keep a record. Raises UsageError where name and version exist."""
        ...

    def key(self, name: str, version: int | None = None) -> KeyRecord | None:
        """Return a key, the newest version where none is named."""
        ...

    def all_keys(self) -> Sequence[KeyRecord]:
        """Return all records, ordered by name and version."""
        ...


class KeyLedger(Protocol):
    """The life of keys: their versions, what happened to them, and the one way to change them."""

    def versions(self, name: str) -> Sequence[KeyRecord]:
        """Return every version of a key, ascending; none where there is no such key."""
        ...

    def change(self, changes: Sequence[KeyChange], now: datetime, nonce: str = "") -> None:
        """Write all changes and their events, or none; ``nonce`` marks the approved request that they use up.

        Raises Unavailable where a record is no longer what the change says it was, Denied for a used nonce.
        """
        ...

    def history(self, name: str) -> Sequence[KeyEvent]:
        """Return what happened to all versions of a key, in order."""
        ...


class KeyIntents(Protocol):
    """Keys that were begun and are not written down: a new key's record takes its intent away, in the same transaction."""

    def intend(self, intent: KeyIntent) -> None:
        """Keep durably that a key is about to be made."""
        ...

    def intents(self) -> Sequence[KeyIntent]:
        """Return what was begun and neither written down nor forgotten, the oldest first."""
        ...

    def forget(self, intent: KeyIntent) -> None:
        """Take an intent away: its key is not in the token."""
        ...


class SealedFiles(Protocol):
    """Which keys open the sealed files that this store made; a file is named by a digest that tells nothing of it."""

    def keep_file(self, file: str, keys: Sequence[tuple[str, int]], now: datetime) -> None:
        """Keep durably that exactly these (name, version) open a file; none: nothing is known of it any more."""
        ...

    def dependents(self, name: str, version: int) -> Dependents:
        """Return how much a version of a key still opens."""
        ...


class InvocationCounter(Protocol):
    """How often a wrapping key was used (NIST SP 800-38D limits that)."""

    def reserve(self, name: str, version: int, count: int) -> int:
        """Count invocations durably before they happen; return how many there are, these included."""
        ...


class SecretStore(Protocol):
    """Sealed values; nothing here can be read without the token."""

    def put(self, row: SealedSecret) -> None:
        """Keep one version durably. Raises UsageError where it exists."""
        ...

    def get(self, name: str, version: int | None = None) -> SealedSecret | None:
        """Return one version, the newest where none is named; None where there is none."""
        ...

    def list(self) -> Sequence[SealedSecret]:
        """Return the newest version of every secret, ordered by name."""
        ...


class SecretLedger(Protocol):
    """The life of secrets: their versions, the one way to change them, and the search that opens nothing."""

    def secret_versions(self, name: str) -> Sequence[SealedSecret]:
        """Return every version of a secret, ascending; none where there is no such secret."""
        ...

    def change_secrets(self, changes: Sequence[SecretChange], now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """Write all changes or none; end, announced, the open leases of versions that are revoked or deleted; return these.

        Raises UsageError where a new version exists, Unavailable where another is no longer what ``before`` says.
        """
        ...

    def search_secrets(self, prefix: str, labels: Sequence[tuple[str, str]]) -> Sequence[SealedSecret]:
        """Return, by name, the newest versions of secrets whose name begins with ``prefix`` and that carry all ``labels``."""
        ...


class WrappedRows(Protocol):
    """What is wrapped under a version of a wrapping key, and the way to another version."""

    def count_under(self, name: str, version: int) -> int:
        """Return how many secret versions are wrapped under this version of a key."""
        ...

    def rows_under(self, name: str, version: int, after: tuple[str, int], limit: int) -> Sequence[SealedSecret]:
        """Return up to ``limit`` of them behind (name, version) ``after``, ascending."""
        ...

    def rewrap(self, before: SealedSecret, after: SealedSecret) -> bool:
        """Replace the wrapped key of a row that is still as ``before``; return whether it was."""
        ...


class SecretRemoval(Protocol):
    """Taking secrets away."""

    def delete(self, name: str) -> int:
        """Remove every version; return how many there were."""
        ...

    def due(self, now: datetime) -> Sequence[str]:
        """Return the names of deleted secrets whose waiting time is over."""
        ...


class SearchIndex(Protocol):
    """Sealed digests by which stored values are found in texts."""

    def keep_row(self, row: SearchRow) -> None:
        """Keep a row durably, in place of the one of this name and version."""
        ...

    def search_rows(self, most: int | None = None) -> Sequence[SearchRow]:
        """Return every row, or the first ``most``, ordered by name and version."""
        ...

    def versions_kept(self) -> Sequence[tuple[str, int]]:
        """Return name and version of every secret that is kept, all of which should have a row."""
        ...


class LeaseBook(Protocol):
    """Who holds what until when."""

    def issue(self, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> Sequence[AuditRecord]:
        """Write the records, and the leases they announce, durably and together, before any value is handed out."""
        ...

    def end(self, holder: str, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """End every open lease of ``holder``, each announced by a record; return those that were open. Idempotent."""
        ...

    def open_leases(self, now: datetime) -> Sequence[Lease]:
        """Return the leases that are neither ended nor expired."""
        ...


class SessionBook(Protocol):
    """Identity tokens that were used, shared by every broker of one store."""

    def redeem(
        self,
        session: Session,
        use: Use,
        leases: Sequence[Lease],
        events: Sequence[AuditEvent],
        may_repeat: Callable[[Session], bool],
    ) -> None:
        """Use an identity token up, and write its leases and their records, all or nothing, durably.

        Where it was used before, ``may_repeat`` judges the earlier session, which this one then replaces. Raises Replayed, Throttled.
        """
        ...

    def session(self, secret: str) -> Session | None:
        """Return the session whose token has this digest."""
        ...

    def close(self, job: str) -> None:
        """Let every session of a job do nothing any more but end things."""
        ...


class UseBook(Protocol):
    """What sessions do, each proof of possession counting once."""

    def use(self, use: Use, leases: Sequence[Lease], events: Sequence[AuditEvent]) -> None:
        """Use a proof up, and write leases and records, all or nothing, durably. Raises Replayed, Throttled.

        Raises IntegrityError for leases of a job whose sessions were all closed meanwhile.
        """
        ...

    def count(self, limits: Sequence[Limit], events: Sequence[AuditEvent], now: datetime) -> None:
        """Count, and write the records; what is over a limit is neither counted nor written. Raises Throttled."""
        ...

    def grants(self, job: str) -> Sequence[str]:
        """Return the names under which the leases of a job are held."""
        ...


class LeaseTime(Protocol):
    """The end of leases, and of what is kept beside them."""

    def extend(self, holder: str, until: datetime, now: datetime, announce: Callable[[Lease], AuditEvent]) -> Sequence[Lease]:
        """Let the open leases of a holder live until then, never shorter, each announced; return them as they are afterwards."""
        ...

    def prune(self, now: datetime) -> int:
        """Forget tokens, proofs, counts and approvals that are over; return how many."""
        ...


class JobBook(Protocol):
    """Jobs with open sessions, and when their forge is asked after them next."""

    def take_jobs(self, prefix: str, since: datetime, now: datetime, until: datetime, most: int) -> Sequence[WatchedJob]:
        """Take jobs whose names begin so, begun before ``since``, that are due; nobody else sees them before ``until``."""
        ...

    def ask_again(self, job: str, again: datetime, tried: int) -> None:
        """Keep when a job is due again, and how many questions after it had no answer."""
        ...


class JobWatch(Protocol):
    """A forge, asked whether a job has ended."""

    def has_ended(self, claims: Mapping[str, str]) -> bool:
        """Tell whether the job of these verified claims has ended; True only where the forge says so of this very job.

        Raises Denied where the forge tells nothing of this job, Unavailable where it answers nobody just now.
        """
        ...


class ApprovalBook(Protocol):
    """Approvals of persons, handed in before or after they were asked for."""

    def keep_approval(self, approval: StoredApproval) -> None:
        """Keep one in place of an earlier one of the same person on the same topic."""
        ...

    def approvals(self, topic: str, now: datetime) -> Sequence[StoredApproval]:
        """Return those on a topic that are not over."""
        ...


class Engine(Protocol):
    """A maker of short-lived secrets of one kind: a database role, a forge's token, a certificate."""

    def make(self, wish: Wish) -> Made:
        """Make one. Raises UsageError for what the job sent along, Denied where the other side refuses."""
        ...

    def undo(self, handle: Secret) -> None:
        """End one and everything opened with it; what is gone already is fine. May be tried again after Unavailable."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """An engine whose handles are known before anything is made, so that nothing is lost where a process dies in between."""

    def handle(self, wish: Wish) -> Secret:
        """Return the handle that undoes what ``make`` would make of the same wish; undoing what was never made is fine."""
        ...


class MadeBook(Protocol):
    """What engines made, and how it is undone."""

    def keep_made(self, lease: Lease, handle: SealedHandle | None) -> bool:
        """Keep durably how a lease's value is undone, its end and what it is; return whether the lease is still open.

        None leaves the handle that is there.
        """
        ...

    def take_due(self, now: datetime, until: datetime, holder: str = "", most: int = 100) -> Sequence[Due]:
        """Take what has ended or expired and is not undone, for this process alone until ``until``; oldest first."""
        ...

    def settle(self, due: Due, event: AuditEvent, again: datetime | None) -> None:
        """Write what came of it: undone for good, or to be tried ``again`` from then on."""
        ...


class AuditSink(Protocol):
    """Where audit events go before their effects."""

    def write(self, event: AuditEvent) -> AuditRecord:
        """Append durably and return the record. Raises Unavailable: then nothing may happen."""
        ...


class AuditLog(Protocol):
    """The log as it is read back."""

    def records(self) -> Iterator[bytes]:
        """Give each record's line as stored, in order."""
        ...


class Checkpoints(Protocol):
    """Signatures over how far the audit log went."""

    def head(self) -> LogHead:
        """Return where the log stands."""
        ...

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint durably."""
        ...

    def checkpoints(self) -> Iterator[bytes]:
        """Give each checkpoint's line as stored, in order."""
        ...


class Anchor(Protocol):
    """The last checkpoint where whoever writes to the store cannot reach it: in the token."""

    def anchored(self, store: str) -> tuple[int, str] | None:
        """Return number and hash of the record of a store that the token remembers; None where it remembers none."""
        ...

    def anchor(self, store: str, seq: int, digest: str) -> None:
        """Remember a later record instead; an earlier one is passed over. Does nothing where the token keeps no data."""
        ...


class LeaseDesk(Protocol):
    """A broker, as a job sees it."""

    def lease(self, bindings: Sequence[Binding], given: Mapping[str, str]) -> tuple[str, Injection]:
        """Return what policy grants, and the name under which it ends. Raises Denied, IntegrityError, Unavailable with their cause."""
        ...

    def kept(self, lifetime: timedelta) -> AbstractContextManager[None]:
        """Renew the job's leases in the background while the block runs."""
        ...

    def revoke(self, grant: str = "", hidden: Mapping[str, int] | None = None) -> int:
        """End the leases of one grant, or everything of the job; return how many were open. Raises Unavailable.

        ``hidden`` tells how often the value of each lease was hidden in a command's output.
        """
        ...


class TokenSource(Protocol):
    """The job's identity token."""

    def fetch(self, audience: str) -> Secret:
        """Return a compact JWT for ``audience``. Raises Unavailable with the line of YAML that is missing."""
        ...


class Jwks(Protocol):
    """Issuers' public keys."""

    def keys(self, issuer: str) -> Mapping[str, object]:
        """Return the JWK set (RFC 7517) of one configured issuer."""
        ...


class FreshJwks(Jwks, Protocol):
    """Issuers' public keys, kept for a while."""

    def fresh(self, issuer: str) -> Mapping[str, object]:
        """Return the set as it is now, for a key that the kept one lacks; the kept one where that was asked a moment ago."""
        ...


class Cache(Protocol):
    """Bytes that can be made again: a miss is never an error."""

    def get(self, name: str) -> bytes | None:
        """Return what was kept under ``name``."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Keep ``content``; silently do nothing where it cannot be kept."""
        ...


class Rulepacks(Protocol):
    """Rule data: what ships with the package, and what the user adds."""

    def texts(self) -> Iterable[tuple[str, bytes]]:
        """Give (name, content) of every rule pack. Raises UsageError where one cannot be read."""
        ...


class Fingerprint(Protocol):
    """A keyed hash of findings, whose key stays behind the door."""

    def of(self, rule: str, value: bytes) -> str:
        """Return the fingerprint of a value under a rule. Raises UsageError where the key is unusable."""
        ...

    def key_id(self) -> str:
        """Return a name of the key that does not tell it."""
        ...


class TimestampService(Protocol):
    """A time-stamp authority (RFC 3161)."""

    def exchange(self, request: bytes) -> bytes:
        """Send a request, return the response, unverified. Raises Unavailable."""
        ...


class Machine(Protocol):
    """The machine we run on; nothing here raises."""

    def folder(self, path: str) -> FolderFacts:
        """Return what is known of a folder and its disk."""
        ...

    def package(self, name: str) -> str:
        """Return the version of an installed distribution, "" where it is not installed."""
        ...

    def commit(self) -> str:
        """Return the commit this package was installed from, "" where nobody noted it."""
        ...


class Ground(Protocol):
    """Room for new files."""

    def prepare(self, path: str) -> None:
        """Make a folder and its parents; one that is there is fine. Raises UsageError."""
        ...


class Progress(Protocol):
    """Tells a person on a terminal how far things are; silent elsewhere."""

    def step(self, what: str, done: int, total: int | None = None) -> None:
        """Report ``done`` of ``total`` units (files or bytes, as ``what`` says)."""
        ...

    def close(self) -> None:
        """Take the display away."""
        ...


class RefLookup(Protocol):
    """What the forge knows of the tags, branches and commits of repositories (``owner/name``)."""

    def commit(self, repository: str, ref: str) -> str:
        """Return the full commit that a tag, or else a branch, stands for; "" where there is neither."""
        ...

    def origin(self, repository: str, commit: str) -> Literal["own", "foreign", "missing"]:
        """Tell whether a commit lies on one of the repository's own branches or tags, only in a fork of it, or nowhere."""
        ...


class SecondEye(Protocol):
    """Another tool that looks at workflows."""

    def look(self, root: str) -> Sequence[tuple[str, int, str, str, str]]:
        """Return (path below ``root``, line, rule, what it says, address of its documentation) of every finding. Raises Unavailable."""


class Advisories(Protocol):
    """What is known against packages, as a database keeps it."""

    def about(self, wanted: Collection[tuple[str, str]]) -> Sequence[AdvisoryRow]:
        """Return every row of the packages, each (ecosystem, name as looked up)."""
        ...


class AdvisoryService(Protocol):
    """Somebody who can be asked what is known against packages."""

    def records(self, packages: Sequence[tuple[str, str, str]]) -> Sequence[bytes]:
        """Return every record (OSV schema) about (ecosystem, name, version), each once."""
        ...


class AdvisoryFeed(Protocol):
    """Published advisories by ecosystem (OSV schema). Every method raises UsageError for what cannot be read."""

    def ecosystems(self) -> Sequence[str]:
        """Return the ecosystems to take."""
        ...

    def archive(self, ecosystem: str) -> Iterator[tuple[str, bytes] | Unchecked]:
        """Give (name, content) of every record."""
        ...

    def changes(self, ecosystem: str) -> Iterator[tuple[str, str]]:
        """Give (time, id) of every record, the one changed last first."""
        ...

    def record(self, ecosystem: str, identifier: str) -> bytes:
        """Return one record."""
        ...


class AdvisoryDraft(Protocol):
    """A database of advisories in the making."""

    def put(self, ecosystem: str, identifier: str, modified: str, rows: Sequence[AdvisoryRow]) -> None:
        """Keep a record in place of what was known under its name; without rows it is remembered as withdrawn."""
        ...

    def newest(self) -> dict[str, str]:
        """Return the time of the last change by ecosystem."""
        ...

    def counts(self) -> dict[str, int]:
        """Return the number of records by ecosystem."""
        ...


class AdvisoryPress(Protocol):
    """Where databases of advisories are made."""

    def draft(self, path: str, *, keep: bool) -> AbstractContextManager[AdvisoryDraft]:
        """Begin what replaces ``path`` when the block ends well, with ``keep`` from what it holds now. Raises UsageError."""
        ...


class Forge(Protocol):
    """Where a change is merged, and where verdicts are shown."""

    def head_of(self, change: str) -> str:
        """Return the commit that a change would bring in as of now. Raises Denied or Unavailable."""
        ...

    def post(self, publication: Publication) -> Sequence[Posted]:
        """Post a verdict; doing it twice posts once. Raises Denied or Unavailable where the status cannot be set."""
        ...


class ForgeSettings(Protocol):
    """How a repository is set up at its forge; reading only."""

    def facts(self, branch: str) -> ForgeFacts:
        """Return all answers about ``branch``, "" for the default one. Raises Denied or Unavailable."""
        ...


class Registry(Protocol):
    """Where an ecosystem's packages are published."""

    def published(self, packages: Sequence[tuple[str, str]]) -> Sequence[Published | Unavailable | None]:
        """Return for each (name, version) what is published, None where nothing is, the error where it did not answer."""
        ...
