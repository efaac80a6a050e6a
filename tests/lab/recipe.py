"""What a lab image is made of, as data, and the key that changes whenever any of it changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
    """Everything that decides what is in an image. A field added here becomes a part of the key by itself."""

    release: str
    kernel: str
    packages: tuple[str, ...] = PACKAGES
    excluded_paths: tuple[str, ...] = field(default_factory=_excluded_paths)
    disk_size: str = "3G"
    machine_id: str = "6b65726e656c2d6279706173732d6c61"
    format_version: int = FORMAT_VERSION

    def key(self, guest_files: Mapping[str, bytes] | None = None) -> str:
        """Short hash over the recipe and the files of ``guest/``."""
        files = read_guest_files() if guest_files is None else guest_files
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode())
        for name in sorted(files):
            digest.update(f"\n{name} {len(files[name])}\n".encode())
            digest.update(files[name])
        return digest.hexdigest()[:12]


def read_guest_files(directory: Path = GUEST_DIRECTORY) -> dict[str, bytes]:
    """Name and content of the files that the image build copies into the guest."""
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}


RECIPES = {
    "trixie": Recipe(release="trixie", kernel="6.12"),
    "bookworm": Recipe(release="bookworm", kernel="6.1"),
}
DEFAULT_RELEASE = "trixie"


def recipe_for(release: str) -> Recipe:
    """The recipe of a Debian release."""
    try:
        return RECIPES[release]
    except KeyError:
        raise LabError(f"No lab image for release {release!r}; there are: {', '.join(RECIPES)}.") from None
