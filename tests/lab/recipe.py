"""What a lab image is made of, as data, and the key that changes whenever any of it changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from lab.errors import LabError

# Raise this when the build (image.py) changes in a way that the fields below do not show.
FORMAT_VERSION = 1
GUEST_DIRECTORY = Path(__file__).parent / "guest"

PACKAGES = (
    "linux-image-amd64",
    "systemd-sysv",
    "udev",
    "dbus",
    "openssh-server",
    "python3",
    "iproute2",
    "ethtool",
    "pciutils",
    "kmod",
    "procps",
    "tcpdump",
    "nftables",
    "iptables",
    "dpdk",
    "dpdk-dev",  # holds dpdk-testpmd
    "busybox-static",  # the initramfs, and the power button
)
# A boot loader that the guest configures by itself, and a manager of networks that stays off until it is started.
_BOOT_PACKAGES = ("grub2-common", "grub-pc-bin", "network-manager")

# What every kernel of a lab guest is started with, by QEMU or by the guest's own GRUB.
KERNEL_ARGUMENTS = (
    "console=ttyS0"
    # Only speed: no CPU-bug mitigations, no timer calibration, no waiting for RCU grace periods while booting, no
    # BPF programs and system call filters for systemd's units (its environment variable may stand here).
    " mitigations=off no_timer_check rcupdate.rcu_expedited=1 8250.nr_uarts=1 audit=0"
    " lsm=lockdown,capability SYSTEMD_SECCOMP=0"
)

# Modules and documents that no lab guest opens: leaving them out makes the build and the image half as big.
_UNUSED_MODULES = (
    "sound",
    "drivers/gpu",
    "drivers/media",
    "drivers/net/wireless",
    "drivers/staging",
    "drivers/iio",
    "drivers/scsi",
    "drivers/bluetooth",
    "drivers/isdn",
    "drivers/usb",
    "drivers/hwmon",
    "net/wireless",
    "net/mac80211",
    "net/bluetooth",
)
_UNUSED_FILES = (
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/lib/x86_64-linux-gnu/*.a",
    "/usr/include/*",
    "/boot/System.map-*",
)


def _excluded_paths() -> tuple[str, ...]:
    """Patterns for dpkg's path-exclude; bookworm's kernel package ships /lib/modules, trixie's /usr/lib/modules."""
    modules = [f"{root}/modules/*/kernel/{part}/*" for part in _UNUSED_MODULES for root in ("/lib", "/usr/lib")]
    return _UNUSED_FILES + tuple(modules)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is in an image. A field added here becomes a part of the key by itself.

    A `variant` has the files of ``guest/VARIANT/`` as well, and its ``setup.sh`` runs last. `kernel_arguments` are
    those that the guest's own boot loader gives; it finds the file system by `disk_uuid`, random where none is said.
    """

    release: str
    kernel: str
    packages: tuple[str, ...] = PACKAGES
    excluded_paths: tuple[str, ...] = field(default_factory=_excluded_paths)
    disk_size: str = "3G"
    machine_id: str = "6b65726e656c2d6279706173732d6c61"
    format_version: int = FORMAT_VERSION
    variant: str = ""
    kernel_arguments: str = ""
    disk_uuid: str = ""

    @property
    def name(self) -> str:
        """What users call the image, and its directory."""
        return f"{self.release}-{self.variant}" if self.variant else self.release

    @property
    def has_grub(self) -> bool:
        """Whether GRUB can boot it."""
        return "grub-pc-bin" in self.packages

    def guest_files(self) -> dict[str, bytes]:
        """Path below ``guest/`` and content of the files that the image build copies into the guest."""
        return read_guest_files() | (read_guest_files(GUEST_DIRECTORY / self.variant) if self.variant else {})

    def key(self, guest_files: Mapping[str, bytes] | None = None) -> str:
        """Short hash over the recipe and its files."""
        files = self.guest_files() if guest_files is None else guest_files
        digest = hashlib.sha256(json.dumps(self._plain(), sort_keys=True).encode())
        for name in sorted(files):
            digest.update(f"\n{name} {len(files[name])}\n".encode())
            digest.update(files[name])
        return digest.hexdigest()[:12]

    def _plain(self) -> dict[str, object]:
        """Without an empty field: a new one must not build images again that do not use it."""
        later = [item.name for item in fields(self) if item.default == ""]
        return {name: value for name, value in asdict(self).items() if name not in later or value}


def read_guest_files(directory: Path = GUEST_DIRECTORY) -> dict[str, bytes]:
    """The files of one directory, by their path below ``guest/``."""
    paths = [path for path in sorted(directory.iterdir()) if path.is_file()]
    return {str(path.relative_to(GUEST_DIRECTORY)): path.read_bytes() for path in paths}


_ALL = (
    Recipe(release="trixie", kernel="6.12"),
    Recipe(release="bookworm", kernel="6.1"),
    Recipe(
        release="trixie",
        kernel="6.12",
        packages=PACKAGES + _BOOT_PACKAGES,
        variant="boot",
        kernel_arguments=KERNEL_ARGUMENTS,
        disk_uuid="6c616200-0000-4000-8000-000000000001",
    ),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}
DEFAULT_RELEASE = "trixie"
GRUB_RELEASE = "trixie-boot"


def recipe_for(release: str) -> Recipe:
    """The recipe of that name: a Debian release, or a variant of one."""
    try:
        return RECIPES[release]
    except KeyError:
        raise LabError(f"No lab image for release {release!r}; there are: {', '.join(RECIPES)}.") from None
