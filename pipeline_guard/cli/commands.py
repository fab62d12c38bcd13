# SPDX-License-Identifier: Apache-2.0
"""Every verb and flag, once. Parsers, help, environment variables and the shells' inputs come from this table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag ``--name``; its environment variable is ``PIPELINE_GUARD_<NAME>``.

    ``many`` collects repetitions (in the environment: one a line, or a JSON list); ``switch`` takes no value.
    ``settable`` flags may stand in the verb's section of the configuration under the same name.
    """

    name: str
    help: str
    metavar: str = "VALUE"
    default: str = ""
    choices: tuple[str, ...] = ()
    many: bool = False
    switch: bool = False
    settable: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that stands for the flag."""
        return "PIPELINE_GUARD_" + self.name.upper().replace("-", "_")


@dataclass(frozen=True, slots=True)
class Positional:
    """What follows the flags. ``count`` is "?", "*", "+", "1" or "rest" (a command line after ``--``)."""

    name: str
    help: str
    count: str = "*"

    @property
    def variable(self) -> str:
        """The environment variable that stands for it, one value a line."""
        return "PIPELINE_GUARD_" + self.name.upper().replace("-", "_")


@dataclass(frozen=True, slots=True)
class Command:
    """One verb: its file in ``cli/``, its flags, and its actions (``keys create``) if it has any."""

    name: str
    help: str
    module: str
    flags: tuple[Flag, ...] = ()
    positional: Positional | None = None
    actions: tuple[Command, ...] = ()


FORMATS = ("text", "json", "jsonl", "sarif", "gitlab", "gitlab-dependency", "codequality", "junit", "csv", "markdown", "github")

EVENTS = ("push", "pull-request", "merge-request", "fork", "tag", "merge-group", "schedule")

COMMON = (
    Flag("config", "configuration file (default: .pipeline-guard.yml at the repository's root)", "FILE"),
    Flag("home", "folder of the embedded token and store (default: the user's data directory)", "DIR"),
    Flag("verbose", "say more; show the traceback of a bug", switch=True),
    Flag("quiet", "say only errors", switch=True),
    Flag("color", "colour of text", "WHEN", "auto", ("auto", "always", "never")),
)
_RESULTS = (
    Flag("format", "form of the result on standard output", "FORMAT", "text", FORMATS),
    Flag("output", "write the result to a file, as FILE or FORMAT=FILE; may be repeated", "FORMAT=FILE", many=True),
)
_DATA = (Flag("format", "text or json", "FORMAT", "text", ("text", "json")),)

REVOCATIONS = (
    "unspecified",
    "key-compromise",
    "ca-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "privilege-withdrawn",
)
_VERSION = Flag("version", "which version (default: the newest)", "NUMBER")
_PERIOD = (
    Flag("expires", "how long it protects, before 30 days of grace (default: keys.period, 365d)", "DURATION"),
    Flag("activate-in", "how long it waits before it begins", "DURATION"),
)
_SOFTWARE = Flag("insecure-software", "ml-dsa-65 where the token lacks it: derived from the token, signing in memory", switch=True)
_CHANGE = (
    _VERSION,
    Flag("why", "the reason, for the history and the audit log", "TEXT"),
    Flag("approval", "an approval, where the policy asks for some; may be repeated", "FILE", many=True),
    Flag("request", "do nothing, but write the request that approvers sign", "FILE"),
)


_FORGE_TOKEN = Flag(
    "forge-token", "token of the forge: env:NAME, file:PATH or fd:N (default: env:GITHUB_TOKEN, env:GITLAB_TOKEN)", "REFERENCE"
)
_PINS = (
    Flag("network", "whether pinned commits are asked of the forge (default: gate.network)", "WAY", "", ("", "off", "try", "require")),
    Flag("zizmor", "ask zizmor for a second opinion on workflows, where it is installed", switch=True),
    Flag("fix", "pin actions, reusable workflows and hooks where the commit can be proven", switch=True),
    Flag("diff", "with --fix: show the difference, write nothing", switch=True),
)
_FEED = (
    Flag("from", "a folder with ECOSYSTEM/all.zip below it, or the address of such archives", "PLACE"),
    Flag("ecosystem", "take only this one, like PyPI; may be repeated", "NAME", many=True),
    Flag("key", "sign the manifest with this key, by name or pkcs11: URI", "KEY"),
)
_LABELS = Flag("label", "name=value, to search by; may be repeated", "LABEL", many=True)
_TERMS = (
    Flag("from-file", "read the value from a file", "FILE"),
    Flag("expires", "how long it is handed out (default: without end; after rotate: as before)", "DURATION"),
    _LABELS,
    Flag("note", "a line for people", "TEXT"),
)

_FORK = Flag("fork", "what to do in the job of a fork's change, which gets neither identity nor secrets", "WAY", "fail", ("fail", "skip"))
_REUSE = Flag("reuse-digests", "take over digests of files that nobody has written to since, as far as times tell", switch=True)
_CERTIFICATES = (
    Flag("certificate-identity", "who must have signed, where a certificate says so: exactly this URI, mail address or name", "NAME"),
    Flag("certificate-oidc-issuer", "who must have confirmed that identity", "URL"),
    Flag("trusted-root", "whom to trust: Sigstore's trusted root, or client trust configuration", "FILE"),
    Flag("certificate-roots", "certificate authorities to trust, as PEM", "FILE"),
    Flag("tsa-certificate", "chain of a time-stamp authority to trust, as PEM, its own certificate first", "FILE"),
    Flag("revoked-certificates", "serial numbers or SHA-256 of certificates that count no more, one a line", "FILE"),
)


def _state(name: str, help_text: str, *flags: Flag) -> Command:
    """Describe an action that changes a key's state."""
    return Command(name, help_text, "key_states", (*flags, *_CHANGE), Positional("name", "its name", "1"))


COMMANDS: tuple[Command, ...] = (
    Command(
        "dry-run",
        "rehearse the pipeline-guard steps of this repository's workflows, writing nothing",
        "dry_run",
        (
            Flag("event", "the situation to rehearse (default: each workflow in its own)", "EVENT", "", ("", *EVENTS)),
            Flag("job", "rehearse only this job", "NAME"),
            Flag("base", "the merge target of the rehearsed change", "REF"),
            Flag(
                "assume",
                "what only the forge knows, as vars.NAME=VALUE, needs.JOB.outputs.NAME=VALUE or NAME=VALUE; may be repeated",
                "NAME=VALUE",
                many=True,
            ),
            Flag("watch", "rehearse again after every change of a file", switch=True),
            Flag("allow-nothing", "say so and end 0 where there is nothing to rehearse: for hooks", switch=True),
            *_DATA,
        ),
    ),
    Command(
        "scan",
        "look for hardcoded keys in files, staged changes, commits or standard input",
        "scan",
        (
            Flag("staged", "look at what is staged", switch=True),
            Flag("range", "look at the commits of BASE..HEAD; auto: those of the job's event", "BASE..HEAD"),
            Flag("history", "look at every blob of every commit", switch=True),
            Flag("dangling", "with --history: objects that no ref reaches, too", switch=True),
            Flag("stdin", "look at standard input", switch=True),
            Flag("against-store", "look for the values of the secrets store, too, without opening them", switch=True),
            Flag(
                "rules", "further rules, a file or folder of YAML, or of gitleaks' TOML; may be repeated", "PATH", many=True, settable=True
            ),
            Flag("baseline", "known findings that do not count", "FILE", settable=True),
            Flag("import-baseline", "known findings of gitleaks, detect-secrets or Kingfisher; see --write-baseline", "FILE"),
            Flag("write-baseline", "write the findings as a baseline; with --import-baseline only those that are known there", "FILE"),
            Flag(
                "threshold", "lowest severity that fails", "SEVERITY", "low", ("critical", "high", "medium", "low", "info"), settable=True
            ),
            Flag("exclude", "paths to leave out, as a glob; may be repeated", "GLOB", many=True, settable=True),
            Flag(
                "max-file-size",
                "bytes read at once; larger text is read in parts, any other file over it is reported as unchecked",
                "BYTES",
                "67108864",
                settable=True,
            ),
            Flag("max-archive-depth", "how many archives in each other are opened; 0 opens none", "NUMBER", "6", settable=True),
            Flag("max-archive-size", "bytes that one file may become unpacked; the rest is unchecked", "BYTES", "536870912", settable=True),
            Flag("max-archive-members", "members of one file that are looked at; the rest is unchecked", "NUMBER", "100000", settable=True),
            Flag("max-decode-depth", "how many encodings in each other are undone; 0 undoes none", "NUMBER", "3", settable=True),
            Flag("allow-unchecked", "do not fail because something could not be examined", switch=True, settable=True),
            Flag(
                "sarif-suppressed",
                "known and allowed findings in SARIF: marked as suppressed, or left out for GitHub, which opens alerts for marked ones",
                "WAY",
                "mark",
                ("mark", "omit"),
                settable=True,
            ),
            *_RESULTS,
        ),
        Positional("paths", "files or folders (default: the repository)"),
    ),
    Command(
        "gate",
        "check dependencies, workflows, artifacts and model files against policy",
        "gate",
        (
            Flag("base", "the merge target; its configuration and policy are used; auto: the one that the job's event names", "REF"),
            *_PINS,
            Flag("advisories", "database of known weaknesses (default: gate.advisories.database)", "FILE"),
            Flag("sbom", "write what locks pin as cyclonedx=FILE or spdx=FILE; may be repeated", "FORM=FILE", many=True),
            Flag("organisation-policy", "the organisation's own configuration; the repository's may only tighten it", "FILE"),
            Flag("sign-verdict", "write the verdict, signed for exactly this change, to a file", "FILE"),
            Flag("check-verdict", "look at nothing: check such a file against --key, --repository, --head, --base and more", "FILE"),
            Flag("key", "what signs the verdict, or must have signed it: a name, pkcs11: URI or, to check, a PEM file", "KEY"),
            Flag("repository", "id of the repository the verdict is for (default: the forge's number of it)", "ID"),
            Flag("change", "number of the pull or merge request (default: as the forge says)", "NUMBER"),
            Flag("head", "commit that is to be merged (default: what is checked out)", "COMMIT"),
            Flag("merge", "merge commit that is checked out, where the forge makes one", "COMMIT"),
            Flag("tree", "with --check-verdict: the git tree that must have been looked at", "ID"),
            Flag("policy", "with --check-verdict: SHA-256 of the policy (default: that of --base)", "DIGEST"),
            Flag("tool", "with --check-verdict: SHA-256 of the tool that must have made it", "DIGEST"),
            Flag("advisories-digest", "with --check-verdict: SHA-256 of the database of advisories", "DIGEST"),
            Flag("max-age", "with --check-verdict: how old it may be", "DURATION", "1h"),
            Flag(
                "publish", "post the verdict to the forge, for the commit of the event; with --check-verdict what was signed", switch=True
            ),
            _FORGE_TOKEN,
            Flag("event", "body of the webhook to publish for (default: the job's own event)", "FILE"),
            Flag("event-signature", "the signature that came with it: X-Hub-Signature-256, X-Gitlab-Signature", "HEX"),
            Flag("event-secret", "what the forge signs webhooks with: env:NAME, file:PATH or fd:N", "REFERENCE"),
            *_RESULTS,
        ),
    ),
    Command(
        "advisories",
        "make, update and describe a database of known weaknesses for gate",
        "advisories",
        actions=(
            Command(
                "build", "make a database of published archives", "advisories", _FEED, Positional("database", "the file to write", "1")
            ),
            Command("update", "take what changed since", "advisories", _FEED, Positional("database", "the file to replace", "1")),
            Command("info", "say where a database came from and how old it is", "advisories", _DATA, Positional("database", "a file", "1")),
        ),
    ),
    Command(
        "sign",
        "sign files or model folders with a key that stays in the token",
        "sign",
        (
            Flag("type", "what the subjects are; a folder is a model", "TYPE", "", ("", "blob", "provenance", "model"), settable=True),
            Flag("key", "name or pkcs11: URI of the signing key", "KEY", settable=True),
            Flag("pq-key", "an ml-dsa-65 key that signs the same again, into SUBJECT.pq.sigstore.json", "KEY", settable=True),
            Flag("predicate", "what to say of the subjects, a JSON file", "FILE"),
            Flag("predicate-type", "its type: provenance, vsa, cyclonedx, spdx, test-result ... or a URI", "TYPE"),
            Flag("bundle", "where the signature goes (default: SUBJECT.sigstore.json, model.sig in a model folder)", "FILE"),
            Flag("subjects-from", "a list of subjects: JSON, or what sha256sum prints; all share one statement", "FILE"),
            Flag("digest", "what the files of a model are listed with", "NAME", "sha256", ("sha256", "blake3")),
            _REUSE,
            Flag("timestamp-url", "have a time-stamp authority prove when it was signed (RFC 3161)", "URL", settable=True),
            Flag("timestamp-key", "prove it with a key of our own instead, which serves nothing else", "NAME", settable=True),
            Flag("timestamp-certificate", "PEM certificate of that key; made, self-signed, if it is missing", "FILE", settable=True),
            Flag(
                "private-trust",
                "certify the signer with a private trust root, a folder; its keys are made in the token at first need",
                "DIR",
            ),
            Flag("certificate-identity", "with --private-trust: whom the certificate names, a URI or mail address", "NAME"),
            Flag("certificate-oidc-issuer", "with --private-trust: who confirms that identity", "URL"),
            _FORK,
            *_DATA,
            Flag("output", "write what was signed to a file, as FILE or FORMAT=FILE; may be repeated", "FORMAT=FILE", many=True),
        ),
        Positional("subjects", "files, folders, patterns, or images (oci:FOLDER:TAG, docker://HOST/NAME:TAG)", "*"),
    ),
    Command(
        "verify",
        "verify files or model folders against their signature",
        "verify",
        (
            Flag(
                "bundle",
                "the signature (default: SUBJECT.sigstore.json, model.sig in a model folder); with a policy it may be repeated",
                "FILE",
                many=True,
            ),
            Flag("key", "public key as a PEM file, a key's timeline as a JSON file, or the name of a key", "KEY", settable=True),
            Flag("policy", "who must have signed what, as a YAML file (default: verify.policy of the configuration)", "FILE"),
            Flag("subjects-from", "a list of subjects, as sign takes it; of those with a digest no file is looked at", "FILE"),
            Flag("ignore-path", "what need not be covered in a folder, such as .git; may be repeated", "PATH", many=True),
            Flag("lenient", "of a model, look at no more than model-signing does", switch=True),
            _REUSE,
            *_CERTIFICATES,
            Flag("format", "form of the answers on standard output", "FORMAT", "text", ("text", "json", "markdown", "github")),
            Flag("output", "write the answers to a file, as FILE or FORMAT=FILE; may be repeated", "FORMAT=FILE", many=True),
        ),
        Positional("subjects", "files, patterns, model folders, images or sha256:HEX"),
    ),
    Command(
        "run",
        "run a command with the secrets that the configuration grants it, then revoke them",
        "run",
        (),
        Positional("command", "the command and its arguments, after --", "rest"),
    ),
    Command(
        "inject",
        "hand granted secrets to the later steps of a job",
        "inject",
        (
            Flag(
                "target",
                "files: private files, later steps get their paths; env: later steps get the values; output: outputs of this step",
                "TARGET",
                "files",
                ("files", "env", "output"),
            ),
            Flag("holder", "what the leases are bound to (default: the job, as the forge names it)", "NAME"),
            _FORK,
        ),
    ),
    Command(
        "revoke",
        "end every lease of this job and remove what inject wrote; may be repeated",
        "revoke",
        (
            Flag("holder", "what the leases are bound to (default: the job, as the forge names it)", "NAME"),
            Flag("expired", "instead: undo what engines made for any job whose time is over, and what failed before", switch=True),
        ),
    ),
    Command(
        "seal",
        "encrypt a file or folder at rest, its data key wrapped in the token for each of the keys",
        "seal",
        (
            Flag("key", "wrapping key that can open it, the newest version; may be repeated", "NAME", many=True),
            Flag("output", "the sealed file (default: PATH.sealed)", "FILE"),
            Flag("force", "replace an existing file", switch=True),
            Flag(
                "rewrap",
                "PATH is sealed: replace its keys by those named, or by their newest versions; its content is not touched",
                switch=True,
            ),
        ),
        Positional("path", "a file or folder", "1"),
    ),
    Command(
        "unseal",
        "decrypt what seal wrote; nothing appears under its name before all of it is verified",
        "unseal",
        (
            Flag("output", "the result (default: PATH without .sealed; with --range: standard output)", "PATH"),
            Flag("range", "only these bytes of a sealed file, verifying just what they touch; LENGTH may be left out", "START:LENGTH"),
            Flag("resume", "keep what an interruption leaves (PATH.partial, hidden), and go on from it", switch=True),
            Flag("force", "replace an existing file", switch=True),
            Flag("info", "only show what the header claims, without a key", switch=True),
            *_DATA,
        ),
        Positional("path", "a sealed file", "1"),
    ),
    Command(
        "keys",
        "create, rotate, revoke and destroy keys, and everything between",
        "keys",
        actions=(
            Command(
                "create",
                "generate a key in the token",
                "keys",
                (
                    Flag("type", "kind of key", "TYPE", "ec-p256", ("ec-p256", "ec-p384", "ed25519", "rsa-3072", "aes-256", "ml-dsa-65")),
                    Flag("usage", "the one thing it may do (default: by type)", "USAGE", "", ("", "sign", "wrap")),
                    _SOFTWARE,
                    *_PERIOD,
                ),
                Positional("name", "its name", "1"),
            ),
            Command(
                "import",
                "put a private RSA key that was made elsewhere (a GitHub App's) into the token, or its next version",
                "keys",
                (Flag("from-file", "its PEM; destroy it afterwards", "FILE"),),
                Positional("name", "its name", "1"),
            ),
            Command("list", "list the keys, their states, and what is due", "keys", _DATA),
            Command(
                "show", "show one key, its versions and their history", "keys", (_VERSION, *_DATA), Positional("name", "its name", "1")
            ),
            Command(
                "rotate",
                "make a new version that signs or wraps from now on; old ones only verify or open",
                "keys",
                (
                    Flag("due", "rotate every key whose cryptoperiod ends within 30 days", switch=True),
                    Flag("rewrap", "move what the old versions of a wrapping key protect to the new one", switch=True),
                    _SOFTWARE,
                    *_PERIOD,
                ),
                Positional("name", "its name (none with --due)", "?"),
            ),
            Command(
                "rewrap", "move what old versions of a wrapping key protect to its newest", "keys", (), Positional("name", "its name", "1")
            ),
            _state("activate", "let a key begin, or lift its suspension"),
            _state("suspend", "let a key do nothing for a while"),
            _state(
                "revoke",
                "take a key out of use for a reason",
                Flag("reason", "why; a compromise makes all its signatures worthless", "REASON", "unspecified", REVOCATIONS),
                Flag("since", "since when it may be compromised, in ISO 8601 (default: now)", "TIME"),
            ),
            _state("expire", "end a key's use: it only verifies or opens from now on"),
            _state("archive", "put a key away; it opens nothing until it is recovered"),
            _state("recover", "take a key out of the archive"),
            Command(
                "destroy",
                "destroy a key for good, after a waiting time",
                "key_states",
                (
                    Flag("wait", "how long the destruction can still be cancelled", "DURATION", "7d"),
                    Flag("cancel", "keep the key after all", switch=True),
                    Flag("due", "destroy every key whose waiting time is over", switch=True),
                    Flag("crypto-erase", "destroy with it all that it protects", switch=True),
                    *_CHANGE,
                ),
                Positional("name", "its name (none with --due)", "?"),
            ),
            Command(
                "approve",
                "sign somebody's request, so that it may be carried out",
                "key_states",
                (
                    Flag("key", "your own signing key, by name or pkcs11: URI", "KEY"),
                    Flag("approver", "your name in the policy (default: the key's name)", "NAME"),
                    Flag("output", "where the approval goes (default: standard output)", "FILE"),
                ),
                Positional("file", "the request, as --request wrote it", "1"),
            ),
            Command(
                "export-public",
                "write the public half as PEM",
                "keys",
                (
                    Flag("output", "the file to write (default: standard output)", "FILE"),
                    Flag("timeline", "also write all versions, their states and dates, as JSON", "FILE"),
                    _VERSION,
                ),
                Positional("name", "its name", "1"),
            ),
        ),
    ),
    Command(
        "secrets",
        "put, rotate, index, list, show, revoke and delete sealed values",
        "secrets",
        actions=(
            Command(
                "put",
                "seal a value read from standard input, a file or a prompt; an older version is superseded at once",
                "secrets",
                _TERMS,
                Positional("name", "its name", "1"),
            ),
            Command(
                "rotate",
                "seal the next version of a secret; the one before stays usable for a while",
                "secrets",
                (Flag("overlap", "how long the one before stays usable", "DURATION", "1h"), *_TERMS),
                Positional("name", "its name", "1"),
            ),
            Command("index", "make what scan --against-store needs, where it is missing", "secrets"),
            Command(
                "list",
                "list the secrets, or those whose name matches; nothing is opened",
                "secrets",
                (_LABELS, *_DATA),
                Positional("pattern", "a name, with * ? [] as in file names", "?"),
            ),
            Command(
                "show",
                "show what is known of a secret and its versions, never a value",
                "secrets",
                _DATA,
                Positional("name", "its name", "1"),
            ),
            Command(
                "revoke",
                "destroy the value of a secret for good, and end its leases; what is known of it stays",
                "secrets",
                (
                    Flag("version", "only this version (default: all)", "NUMBER"),
                    Flag("why", "the reason, for the audit log", "TEXT"),
                ),
                Positional("name", "its name", "1"),
            ),
            Command(
                "delete",
                "hand a secret out no more, and destroy every version of it after a waiting time",
                "secrets",
                (
                    Flag("wait", "the waiting time, in which it can be taken back", "DURATION", "7d"),
                    Flag("now", "destroy it at once", switch=True),
                    Flag("cancel", "take the deletion back", switch=True),
                    Flag("due", "destroy every deleted secret whose waiting time is over", switch=True),
                ),
                Positional("name", "its name", "?"),
            ),
        ),
    ),
    Command(
        "token",
        "set up, examine and describe the HSM token",
        "token",
        actions=(
            Command("init", "create the embedded token and its wrapping key; may be repeated", "token"),
            Command(
                "check",
                "try to get keys out of the token, on throw-away keys, and judge whether it may hold ours",
                "token",
                (Flag("token", "another token than the configured one, as a pkcs11: URI", "URI"), *_DATA),
            ),
            Command(
                "tidy",
                "remove keys from the token whose making was interrupted, so that no record tells of them",
                "token",
                (Flag("older-than", "leave alone what was begun later than this ago (default: 10m)", "DURATION"),),
            ),
            Command("info", "describe the token", "token", _DATA),
        ),
    ),
    Command(
        "serve",
        "be the broker: secrets and signatures for jobs that prove who they are",
        "serve",
        (
            Flag("listen", "host and port (default: broker.listen, else 127.0.0.1:8443; port 0: any)", "HOST:PORT"),
            Flag("dev", "on this machine only, with a certificate and an issuer made on the spot", switch=True),
        ),
    ),
    Command(
        "policy",
        "check the policy; explain a decision; run its examples",
        "policy",
        actions=(
            Command("check", "check the configuration and policy; show tokens that broad grants would let in", "policy", _DATA),
            Command("test", "run the examples under policy.tests", "policy", _DATA),
            Command(
                "explain",
                "say which grant decides for a set of claims, and what would change it",
                "policy",
                (Flag("claims", "the job's claims, a JSON file", "FILE"), *_DATA),
                Positional("names", "secrets (default: every secret of the policy)"),
            ),
        ),
    ),
    Command(
        "audit",
        "verify, list, export and sum up the audit log",
        "audit",
        actions=(
            Command(
                "verify",
                "check the log against its checkpoints and the token, or an exported file",
                "audit",
                (Flag("key", "public key of the checkpoints, where the store is not at hand; may be repeated", "PEM", many=True),),
                Positional("file", "an exported log", "?"),
            ),
            Command("list", "list the records", "audit", _DATA),
            Command(
                "export",
                "write the log, closed by a checkpoint that is signed in the token",
                "audit",
                (
                    Flag(
                        "format",
                        "JSON lines, which audit verify reads; CEF; or OpenTelemetry logs",
                        "FORMAT",
                        "jsonl",
                        ("jsonl", "cef", "otlp"),
                    ),
                    Flag("output", "the file to write (default: standard output)", "FILE"),
                ),
            ),
            Command(
                "report",
                "who used what, what is unusual, which keys are due",
                "audit",
                (Flag("format", "form of the report", "FORMAT", "text", ("text", "json", "markdown", "prometheus")),),
            ),
            Command("checkpoint", "sign in the token how far the log is", "audit"),
        ),
    ),
    Command(
        "report",
        "make one page of the last results, keys, leases and signatures: HTML, Markdown or JSON",
        "report",
        (
            Flag("format", "form of what goes to standard output", "FORMAT", "html", ("html", "markdown", "json")),
            Flag("output", "write it to a file, as FILE or FORMAT=FILE; may be repeated", "FORMAT=FILE", many=True),
        ),
        Positional("results", "JSON results of scan, gate and verify, or folders of them"),
    ),
    Command(
        "init",
        "set up this repository: workflow or include, configuration, hooks; shows what it would write",
        "init",
        (
            Flag("github", "write a workflow for GitHub Actions (default: where the remote or the files say so)", switch=True),
            Flag("gitlab", "write an include for GitLab CI (default: where the remote or the files say so)", switch=True),
            Flag("hooks", "write hooks for pre-commit, too", switch=True),
            Flag("commit", "the commit of pipeline-guard to pin (default: the one this was installed from)", "SHA"),
            Flag("yes", "write without asking", switch=True),
            Flag("print", "only show what would be written", switch=True),
            Flag("force", "replace files that are there and differ", switch=True),
        ),
    ),
    Command(
        "doctor",
        "say what is wrong with this set-up, or with --forge at its forge, and how to mend it",
        "doctor",
        (
            Flag("forge", "look at the settings of this forge", "FORGE", "", ("", "github", "gitlab")),
            Flag("repository", "OWNER/NAME (default: that of the job, or of this clone's remote)", "NAME"),
            Flag("branch", "the merge target (default: the repository's default branch)", "BRANCH"),
            Flag("check-name", "name under which verdicts are published", "NAME", "pipeline-guard"),
            _FORGE_TOKEN,
            *_DATA,
        ),
    ),
    Command("explain", "say what a rule looks for, why it matters and what to do", "explain", (), Positional("rule", "a rule's id", "1")),
    Command(
        "rules",
        "list the rules; prove them by their own examples",
        "rules",
        actions=(
            Command("list", "list the rules", "rules", _DATA),
            Command(
                "check",
                "run every rule's examples and counterexamples",
                "rules",
                (Flag("rules", "further rules, a file or folder of YAML, or of gitleaks' TOML; may be repeated", "PATH", many=True),),
            ),
        ),
    ),
)


def command(name: str) -> Command | None:
    """Return the verb called ``name``."""
    return next((known for known in COMMANDS if known.name == name), None)
