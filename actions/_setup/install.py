# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: INP001, T201 a script, not a package; it answers on standard output
"""Makes the command ready in this job: ``python3 -I install.py LOCK TEMP CACHE`` prints the folder it lies in.

The wheels come from CACHE, from uv where it is installed, or from pip. Whatever comes from CACHE is checked against the hashes
of LOCK each time, from the same bytes that are then unpacked: a cache that others can write to can make us slow, not wrong.
Only the standard library is used, and nothing of ours: this runs before there is anything to import.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMIT = 200_000_000  # bytes of one wheel; the largest of ours has 20 million
OPTIONS = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes")
# pip reads PIP_INDEX_URL and its configuration; uv has a variable of its own
INDEX = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL", "")


class NotThereError(Exception):
    """No way led to the wheels."""


def machine(lock: bytes) -> str:
    """Return a name for what this lock becomes on this machine under this interpreter."""
    kind = repr((sys.version, sys.implementation.cache_tag, sys.platform, platform.machine(), platform.libc_ver()))
    return hashlib.sha256(lock + kind.encode()).hexdigest()[:24]


def from_cache(cache: Path, name: str, known: frozenset[str]) -> list[bytes] | None:
    """Return the wheels that the cache has for this machine; None where it lacks one or holds anything else."""
    try:
        digests = (cache / f"{name}.txt").read_text("ascii").split()
        if not digests or not known.issuperset(digests):
            return None
        wheels = [(cache / f"{digest}.whl").read_bytes() for digest in digests]
    except (OSError, ValueError):
        return None
    return wheels if [hashlib.sha256(wheel).hexdigest() for wheel in wheels] == digests else None


def into_cache(cache: Path, name: str, wheels: list[bytes]) -> None:
    """Keep wheels for later jobs; a cache that cannot be written to is none."""
    digests = [hashlib.sha256(wheel).hexdigest() for wheel in wheels]
    texts = [*zip((f"{digest}.whl" for digest in digests), wheels, strict=True), (f"{name}.txt", "\n".join(digests).encode())]
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for file, content in texts:
            with tempfile.NamedTemporaryFile(dir=cache, delete=False) as new:
                new.write(content)
            Path(new.name).replace(cache / file)
    except OSError as error:
        print(f"pipeline-guard: note: cannot keep the wheels in {cache}: {error.strerror}", file=sys.stderr)


def unpack(wheel: bytes, target: Path) -> None:
    """Unpack one wheel's modules; its commands and other data are of no use here."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        if sum(item.file_size for item in archive.infolist()) > LIMIT:
            raise NotThereError("a wheel is larger than any of ours")
        for item in archive.infolist():
            first, *rest = parts = item.filename.split("/")
            if first.endswith(".data") and rest[:1] in (["purelib"], ["platlib"]):
                parts = rest[1:]
            elif first.endswith(".data"):
                continue
            if "" in parts[:-1] or ".." in parts or "\\" in item.filename:
                raise NotThereError("a wheel that would be unpacked outside of its folder")
            if item.is_dir():
                continue
            place = target.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(item))


def by_uv(lock: Path, target: Path) -> bool:
    """Have uv install, without its cache, which other jobs of this machine can write to. Tell whether it could."""
    uv = shutil.which("uv")
    if not uv:
        return False
    words = [uv, "pip", "install", "--no-config", "--no-cache", "--python", sys.executable, *OPTIONS, "-r", str(lock)]
    environ = {**os.environ, **({"UV_DEFAULT_INDEX": INDEX} if INDEX else {})}
    return (
        subprocess.run([*words, "--target", str(target)], check=False, cwd=target.parent, env=environ, stderr=subprocess.DEVNULL).returncode
        == 0
    )


def by_pip(lock: Path, folder: Path, known: frozenset[str]) -> list[bytes]:
    """Have pip fetch the wheels; what is not in the lock is not believed, whatever pip says."""
    words = [sys.executable, "-I", "-m", "pip", "download", *OPTIONS, "--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    done = subprocess.run([*words, "--requirement", str(lock)], check=False, cwd=folder.parent, stdout=sys.stderr)
    wheels = [path.read_bytes() for path in sorted(folder.glob("*.whl"))]
    if done.returncode != 0 or not wheels or not known.issuperset(hashlib.sha256(wheel).hexdigest() for wheel in wheels):
        raise NotThereError("pip did not bring the locked wheels")
    return wheels


def fill(lock: Path, cache: Path, new: Path, name: str) -> None:
    """Put the modules of the locked wheels into ``new/wheels``."""
    known = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock.read_text("utf-8")))
    wheels = from_cache(cache, name, known)
    if wheels is None and by_uv(lock, new / "wheels"):
        return
    if wheels is None:
        wheels = by_pip(lock, new / "fetched", known)
        into_cache(cache, name, wheels)
    shutil.rmtree(new / "fetched", ignore_errors=True)
    shutil.rmtree(new / "wheels", ignore_errors=True)  # what uv may have left when it failed
    for wheel in wheels:
        unpack(wheel, new / "wheels")


def main(lock: Path, temp: Path, cache: Path) -> int:
    """Make the environment unless it is there, and print the folder of its command."""
    name = machine(lock.read_bytes())
    # another checkout, or another interpreter of the same kind, has an environment of its own
    ready = temp / f"pipeline-guard-env-{name}-{hashlib.sha256(repr((str(HERE), sys.executable)).encode()).hexdigest()[:8]}"
    if not ready.is_dir():
        new = Path(tempfile.mkdtemp(prefix="pipeline-guard-new-", dir=temp))
        try:
            fill(lock, cache, new, name)
            words = shlex.join([sys.executable, "-I", "-S", str(HERE / "launch.py"), str(ready / "wheels")])
            (new / "bin").mkdir()
            command = new / "bin" / "pipeline-guard"
            command.write_text(f'#!/usr/bin/env bash\nexec {words} "$@"\n', "utf-8")
            command.chmod(0o755)
            new.rename(ready)  # the moment of truth
        except (NotThereError, zipfile.BadZipFile) as error:
            print(f"pipeline-guard: error: cannot install the locked requirements: {error}", file=sys.stderr)
            print("pipeline-guard: hint: python3 needs pip, and pip an index that has these exact files", file=sys.stderr)
            return 5
        except OSError as error:
            if not ready.is_dir():  # else somebody else was faster, and the work is done
                print(f"pipeline-guard: error: cannot make {ready}: {error.strerror}", file=sys.stderr)
                return 5
        finally:
            shutil.rmtree(new, ignore_errors=True)
    print(ready / "bin")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:4])))
