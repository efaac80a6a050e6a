"""Builds the disk image, kernel and initramfs of a lab guest from Debian packages, and keeps them in a cache.

No root is needed: mmdebstrap uses user namespaces where it is not run by root, and fakeroot keeps the file owners.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import apt, paths
from lab.errors import LabError
from lab.progress import Progress
from lab.recipe import Recipe

TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "fakeroot": "fakeroot",
    "mke2fs": "e2fsprogs",
    "ssh-keygen": "openssh-client",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
}
_SECONDS_BETWEEN_SIGNS = 10
_SBIN = ":/usr/sbin:/sbin"


@dataclass(frozen=True)
class Image:
    """The files of a finished image."""

    directory: Path

    @property
    def disk(self) -> Path:
        return self.directory / "root.img"

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.directory / "initrd.img"

    @property
    def grub(self) -> Path:
        """GRUB as QEMU's kernel; of recipes that have GRUB."""
        return self.directory / "grub.kernel"

    @property
    def private_key(self) -> Path:
        return self.directory / "id_ed25519"


def require_tools(names: tuple[str, ...]) -> None:
    """Fails with the packages to install when a program is missing."""
    missing = [name for name in names if not shutil.which(name, path=os.environ.get("PATH", os.defpath) + _SBIN)]
    if missing:
        packages = " ".join(sorted({TOOLS[name] for name in missing}))
        raise LabError(f"The lab needs {', '.join(missing)}: apt-get install {packages}")


def find(recipe: Recipe) -> Image | None:
    """The cached image of this recipe, if there is one."""
    directory = paths.images_home() / f"{recipe.name}-{recipe.key()}"
    return Image(directory) if (directory / "image.json").is_file() else None


def ensure(recipe: Recipe, progress: Progress) -> Image:
    """The cached image; built first when this recipe has none. Two callers at once build it once."""
    image = find(recipe)
    if image:
        return image
    require_tools(("mmdebstrap", "fakeroot", "mke2fs", "ssh-keygen"))
    home = paths.images_home()
    home.mkdir(parents=True, exist_ok=True)
    with _lock(home / f".{recipe.name}.lock", progress):
        image = find(recipe)
        if not image:
            image = _build(recipe, home, progress)
            _remove_others(recipe, home, keep=image.directory)
    return image


@contextlib.contextmanager
def _lock(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another process is building this image: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(recipe: Recipe, home: Path, progress: Progress) -> Image:
    """Builds in a directory of its own and renames it, so that an interrupted build leaves no broken image."""
    _remove_unfinished(recipe, home)
    target = home / f"{recipe.name}-{recipe.key()}"
    work = Path(tempfile.mkdtemp(prefix=f".{recipe.name}-building-", dir=home))
    started = time.monotonic()
    try:
        progress.say(f"building the {recipe.name} image (once; about two minutes)")
        setup = _setup_directory(recipe, work)
        _bootstrap(recipe, setup, work, progress)
        _make_disk(recipe, work, progress)
        shutil.rmtree(setup)
        seconds = round(time.monotonic() - started, 1)
        facts = {"release": recipe.name, "key": recipe.key(), "build_seconds": seconds}
        (work / "image.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        work.rename(target)
    except BaseException:
        log = work / "build.log"
        if log.is_file():
            log.replace(home / f"{recipe.name}-failed.log")
        shutil.rmtree(work, ignore_errors=True)
        raise
    (home / f"{recipe.name}-failed.log").unlink(missing_ok=True)
    progress.say(f"image ready: {target}")
    return Image(target)


def _remove_unfinished(recipe: Recipe, home: Path) -> None:
    """Leftovers of builds that were killed; the lock says that none of them is still running."""
    for path in home.glob(f".{recipe.name}-building-*"):
        shutil.rmtree(path, ignore_errors=True)


def _remove_others(recipe: Recipe, home: Path, keep: Path) -> None:
    """Images of older recipes. A VM that runs on one goes on: QEMU holds the files open."""
    older = re.compile(rf"{re.escape(recipe.name)}-[0-9a-f]{{12}}")
    for path in home.glob(f"{recipe.name}-*"):
        # "trixie-boot-..." is none of "trixie".
        if older.fullmatch(path.name) and path.is_dir() and path != keep:
            shutil.rmtree(path, ignore_errors=True)


def _setup_directory(recipe: Recipe, work: Path) -> Path:
    """The files that go into the guest: those of ``guest/``, what the recipe says to them, and the public key."""
    setup = work / "lab-setup"
    told = {"kernel-arguments": recipe.kernel_arguments, "disk-uuid": recipe.disk_uuid}
    for name, content in {**recipe.guest_files(), **{name: word.encode() for name, word in told.items()}}.items():
        path = setup / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    key = work / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(key)], check=True)
    shutil.copy(key.with_suffix(".pub"), setup / "authorized_keys")
    # The namespace's root is another user to the file system.
    setup.chmod(0o755)
    return setup


def bootstrap_command(recipe: Recipe, setup: Path, tar: Path, source_lines: list[str]) -> list[str]:
    """The mmdebstrap call. All that a guest needs is done in its chroot by ``setup.sh``, and by that of its variant."""
    scripts = ["setup.sh", *([f"{recipe.variant}/setup.sh"] if recipe.variant else [])]
    command = [
        "mmdebstrap",
        "--verbose",
        "--variant=apt",
        "--architectures=amd64",
        '--aptopt=APT::Install-Recommends "false"',
        "--include=" + ",".join((*recipe.packages, "usr-is-merged")),
        # bookworm: else the usrmerge package with perl would come in.
        "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
    ]
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in recipe.excluded_paths]
    command += [
        f"--customize-hook=copy-in {setup} /root",
        *(f"--customize-hook=chroot $1 sh /root/{setup.name}/{script} /root/{setup.name}" for script in scripts),
        f"--customize-hook=rm -r $1/root/{setup.name}",
        # Without it mmdebstrap empties /etc/machine-id and systemd takes every boot for the first one.
        "--skip=cleanup/reproducible",
        f"--customize-hook=echo {recipe.machine_id} > $1/etc/machine-id",
        recipe.release,
        str(tar),
    ]
    return command + source_lines


def _bootstrap(recipe: Recipe, setup: Path, work: Path, progress: Progress) -> None:
    lines = apt.debian_mirrors(apt.read_sources()).source_lines(recipe.release)
    command = bootstrap_command(recipe, setup, work / "root.tar", lines)
    # INITRD=No: the kernel package then makes no initramfs (half a minute); setup.sh makes a smaller one.
    environment = os.environ | {"INITRD": "No", "PATH": os.environ.get("PATH", os.defpath) + _SBIN}
    _run(command, work, environment, progress)


def _make_disk(recipe: Recipe, work: Path, progress: Progress) -> None:
    """Turns the tar archive into a sparse ext4 image, owners kept by fakeroot, and takes the kernel out of it."""
    progress.say("writing the file system")
    script = """set -eu; cd "$1"; mkdir root; tar -x -f root.tar -C root --exclude='./dev/*' --exclude='./proc/*'
        mke2fs -q -t ext4 -L lab -U "$3" -m 0 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -d root root.img "$2"
        cp root/boot/lab/* .; rm -rf root root.tar"""
    environment = os.environ | {"PATH": os.environ.get("PATH", os.defpath) + _SBIN}
    words = [str(work), recipe.disk_size, recipe.disk_uuid or "random"]
    _run(["fakeroot", "sh", "-c", script, "sh", *words], work, environment, progress)


class _Headlines:
    """Of a builder's output: the steps it announces, and a sign of life while a step takes long."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = progress.seconds

    def show(self, line: str) -> None:
        text = line.strip()
        step = text.startswith("I: ") and "running --" not in text and "tempdir" not in text
        if step or self._progress.seconds - self._last > _SECONDS_BETWEEN_SIGNS:
            self._last = self._progress.seconds
            self._progress.say(text.removeprefix("I: ")[:100])


def _run(command: list[str], work: Path, environment: dict[str, str], progress: Progress) -> None:
    """Runs one build step; its output goes to the log, its headlines to the user."""
    log_path = work / "build.log"
    headline = _Headlines(progress)
    with log_path.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            cwd=work,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                headline.show(line)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.wait() != 0:
        tail = "".join(log_path.read_text(encoding="utf-8").splitlines(keepends=True)[-12:])
        kept = work.parent / (work.name.rpartition("-building-")[0].lstrip(".") + "-failed.log")
        raise LabError(f"{command[0]} failed ({process.returncode}). The end of its output:\n{tail}All of it: {kept}")
