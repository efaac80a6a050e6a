"""Debian packages of the guest's release, fetched by this machine's apt into a directory of their own.

The guest has no way out. This machine's apt is not told of the other release: it gets a configuration and lists of
its own, and the guest's list of installed packages to find what is missing there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.apt import debian_mirrors, read_sources
from lab.errors import LabError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_CONFIGURATION = """\
Dir "{root}";
Dir::State "{root}/state";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Etc "{root}/etc";
Dir::Log "{root}/log";
APT::Sandbox::User "";
"""


class Archive:
    """Debian's archive as it is for one release.

    :param root: a directory for what apt keeps; lists and packages in it are used again.
    """

    def __init__(self, root: Path, release: str) -> None:
        self._root = root
        for name in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d", "log"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "status").touch()
        (root / "apt.conf").write_text(_CONFIGURATION.format(root=root))
        mirrors = debian_mirrors(read_sources())
        suites = [(uri, suite) for uri in mirrors.main for suite in (release, f"{release}-backports")]
        lines = [f"deb [signed-by={KEYRING}] {uri} {suite} main" for uri, suite in suites]
        (root / "etc" / "sources.list").write_text("".join(f"{line}\n" for line in lines))
        self._updated = False

    def download(self, package: str, version: str) -> Path:
        """The file of one package without an architecture, which stays here."""
        found = self._root / "cache" / f"{package}_{version}_all.deb"
        if found.exists():
            return found
        self._update()
        try:
            self._run(["apt-get", "download", f"{package}={version}"], found.parent)
        except LabError as error:
            there = self._run(["apt-cache", "madison", package]) or "nothing"
            raise LabError(
                f"The archive has {package} {version} no more. It has:\n{there}\nName one of these with --source, and "
                f"look whether the table still holds.\n{error}"
            ) from error
        return found

    def missing(self, packages: Sequence[str], installed: str) -> list[Path]:
        """Files of packages, and of what they depend on, that a system has not got.

        :param installed: the system's /var/lib/dpkg/status.
        """
        self._update()
        (self._root / "status").write_text(installed)
        self._run(["apt-get", "clean"])
        self._run(["apt-get", "install", "--yes", "--download-only", "--no-install-recommends", *packages])
        return sorted((self._root / "cache" / "archives").glob("*.deb"))

    def _update(self) -> None:
        if not self._updated:
            self._run(["apt-get", "update"])
        self._updated = True

    def _run(self, command: Sequence[str], directory: Path | None = None) -> str:
        environment = {**os.environ, "APT_CONFIG": str(self._root / "apt.conf")}
        done = subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        if done.returncode:
            raise LabError(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
        return done.stdout
