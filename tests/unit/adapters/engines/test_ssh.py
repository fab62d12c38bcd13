# SPDX-License-Identifier: Apache-2.0
"""SSH user certificates by a key of a real token, judged by OpenSSH: ssh-keygen and a server."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.clock import SystemRandom
from pipeline_guard.adapters.engines.ssh import SshAuthority, authority_line
from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.dynamic import Made
from pipeline_guard.model.key import KeyType
from pipeline_guard.model.secret import Secret
from tests.fakes.engines import LEASE, Clock, token_key, wish


@pytest.fixture(scope="module", params=[KeyType.EC_P256, KeyType.EC_P384, KeyType.ED25519], ids=lambda kind: kind.value)
def key(request: pytest.FixtureRequest, embedded_token: Any) -> Any:
    return token_key(embedded_token, f"ssh-{request.param.value}", request.param)


@pytest.fixture
def authority(key: Any, tmp_path: Path) -> SshAuthority:
    return SshAuthority(
        clock=Clock(),
        random=SystemRandom(),
        key=key,
        principals=("deploy", "backup"),
        source_address=("127.0.0.0/8", "::1/128"),
        force_command="/bin/echo forced",
        extensions=("permit-pty",),
        krl=str(tmp_path / "revoked"),
    )


@pytest.fixture
def job_key(tmp_path: Path) -> Path:
    return make_key(tmp_path / "job", "ed25519")


def make_key(path: Path, kind: str, *words: str) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *words, "-N", "", "-f", path, "-C", "job"], check=True)
    return path


def certify(authority: SshAuthority, job_key: Path, lease: str = LEASE, minutes: int = 10) -> Made:
    line = Path(f"{job_key}.pub").read_text()
    made = authority.make(wish(authority.clock, minutes, lease, {"public-key": line}))
    Path(f"{job_key}-cert.pub").write_bytes(made.value.reveal())
    return made


def described(job_key: Path) -> str:
    done = subprocess.run(["ssh-keygen", "-L", "-f", f"{job_key}-cert.pub"], check=True, capture_output=True, text=True, env={"TZ": "UTC"})
    return done.stdout


def is_revoked(authority: SshAuthority, job_key: Path) -> bool:
    done = subprocess.run(["ssh-keygen", "-Q", "-f", authority.krl, f"{job_key}-cert.pub"], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return "REVOKED" in done.stdout


@pytest.mark.parametrize("kind", [("ed25519",), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "521"), ("rsa", "-b", "2048")], ids=" ".join)
def test_openssh_reads_every_field_of_a_certificate(authority: SshAuthority, tmp_path: Path, kind: tuple[str, ...]) -> None:
    job = make_key(tmp_path / "each", *kind)
    made = certify(authority, job)
    text = described(job)
    begins = authority.clock.now().strftime("%Y-%m-%dT%H:")
    for expected in (
        "user certificate",
        f"Serial: {int(made.handle.reveal())}",
        f'Key ID: "github:o/r:1:1:job lease {LEASE}"',
        "deploy",
        "backup",
        "force-command /bin/echo forced",
        "source-address 127.0.0.0/8,::1/128",
        "permit-pty",
        f"to {made.expires:%Y-%m-%dT%H:%M:%S}",
        f"Valid: from {begins}",
    ):
        assert expected in text, text
    assert "permit-port-forwarding" not in text
    assert made.revocable
    assert made.expires == authority.clock.now() + (made.expires - authority.clock.now())


def test_certificate_that_is_undone_is_in_the_revocation_list_and_no_other(authority: SshAuthority, tmp_path: Path) -> None:
    first, second = make_key(tmp_path / "a", "ed25519"), make_key(tmp_path / "b", "ed25519")
    one, two = certify(authority, first, "aa" * 16), certify(authority, second, "bb" * 16)
    authority.undo(one.handle)
    assert (is_revoked(authority, first), is_revoked(authority, second)) == (True, False)
    authority.undo(two.handle)
    authority.undo(two.handle)
    assert (is_revoked(authority, first), is_revoked(authority, second)) == (True, True)


def test_list_forgets_what_has_expired(authority: SshAuthority, job_key: Path) -> None:
    made = certify(authority, job_key, minutes=5)
    authority.undo(made.handle)
    size = Path(authority.krl).stat().st_size
    authority.clock.move(minutes=6)
    later = certify(authority, job_key, "cc" * 16)
    authority.undo(later.handle)
    assert Path(authority.krl).stat().st_size == size


def test_list_of_somebody_else_is_not_written_over(authority: SshAuthority, job_key: Path, tmp_path: Path) -> None:
    made = certify(authority, job_key)
    other = make_key(tmp_path / "other", "ed25519")
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", authority.krl, f"{other}.pub"], check=True)
    before = Path(authority.krl).read_bytes()
    with pytest.raises(Unavailable, match="not of this engine"):
        authority.undo(made.handle)
    assert Path(authority.krl).read_bytes() == before


def test_without_a_list_only_time_ends_it(authority: SshAuthority, job_key: Path) -> None:
    assert not certify(replace(authority, krl=""), job_key).revocable


def test_handle_is_known_before(authority: SshAuthority, job_key: Path) -> None:
    assert authority.handle(wish(authority.clock)) == certify(authority, job_key).handle


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
        "ssh-ed25519 AAAA",
        "ssh-dss AAAAB3NzaC1kc3M=",
        "ssh-ed25519-cert-v01@openssh.com AAAA",
        "ssh-ed25519 " + "A" * 20_000,
        "ecdsa-sha2-nistp256 AAAAC3NzaC1lZDI1NTE5AAAAIJ8J1nKUqUYB5FQwvC0tmXmAmwWOxnT/l2yQ2EQfwAmv",
    ],
    ids=["nothing", "no key", "no base64", "cut", "dsa", "certificate", "huge", "other type"],
)
def test_what_is_no_public_key_is_refused(authority: SshAuthority, line: str) -> None:
    with pytest.raises(UsageError):
        authority.make(wish(authority.clock, given={"public-key": line}))


def test_short_rsa_keys_are_not_certified(authority: SshAuthority, tmp_path: Path) -> None:
    short = make_key(tmp_path / "short", "rsa", "-b", "1024")
    with pytest.raises(UsageError, match="too short"):
        certify(authority, short)


@pytest.mark.parametrize("handle", [b"", b"-1", b"x", b"0", b"99999999999999999999999"])
def test_damaged_handle_is_told(authority: SshAuthority, handle: bytes) -> None:
    with pytest.raises(Unavailable):
        authority.undo(Secret(handle))


@contextmanager
def server(folder: Path, authority: SshAuthority) -> Iterator[int]:
    """Run a real sshd that trusts the authority and its list."""
    make_key(folder / "host", "ed25519")
    (folder / "authority.pub").write_text(authority_line(authority.key()) + "\n")
    Path(authority.krl).touch()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host", f"PidFile {folder}/pid", "UsePAM no", "StrictModes no",
        "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes", "AuthorizedKeysFile none",
        f"TrustedUserCAKeys {folder}/authority.pub", f"RevokedKeys {authority.krl}", f"AuthorizedPrincipalsFile {folder}/principals",
    ]  # fmt: skip
    (folder / "principals").write_text("deploy\n")
    (folder / "config").write_text("\n".join(lines) + "\n")
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    log = (folder / "log").open("wb")
    running = subprocess.Popen([program, "-D", "-e", "-f", folder / "config"], stderr=log, stdout=log)
    log.close()
    try:
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert running.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield port
    finally:
        running.terminate()
        running.wait()


def login(folder: Path, job_key: Path, port: int) -> subprocess.CompletedProcess[str]:
    words = ["ssh", "-F", "none", "-p", str(port), "-i", str(job_key), "-o", f"CertificateFile={job_key}-cert.pub"]
    words += ["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"]
    words += ["-o", f"UserKnownHostsFile={folder}/known", f"{getpass.getuser()}@127.0.0.1", "echo asked"]
    return subprocess.run(words, capture_output=True, text=True, timeout=30, env={**os.environ, "LC_ALL": "C"})


def test_real_server_lets_the_job_in_to_the_forced_command_until_the_certificate_is_undone(
    authority: SshAuthority, job_key: Path, tmp_path: Path
) -> None:
    Path("/run/sshd").mkdir(exist_ok=True)
    made = certify(authority, job_key)
    with server(tmp_path, authority) as port:
        inside = login(tmp_path, job_key, port)
        assert (inside.returncode, inside.stdout) == (0, "forced\n"), inside.stderr + (tmp_path / "log").read_text()
        authority.undo(made.handle)
        outside = login(tmp_path, job_key, port)
        assert outside.returncode == 255
        assert "Permission denied" in outside.stderr


def test_real_server_refuses_a_certificate_for_other_principals(authority: SshAuthority, job_key: Path, tmp_path: Path) -> None:
    certify(replace(authority, principals=("backup",)), job_key)
    with server(tmp_path, authority) as port:
        assert login(tmp_path, job_key, port).returncode == 255
