"""Reads the machine's apt configuration, so that images come from the mirror that the machine already uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

CODENAMES = frozenset(
    ["bullseye", "bookworm", "trixie", "forky", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable"]
)


@dataclass(frozen=True)
class Source:
    """One archive address with the suites and components that the machine takes from it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


@dataclass(frozen=True)
class Mirrors:
    """Addresses of Debian's main archive and, where the machine knows one, of its security archive."""

    main: tuple[str, ...]
    security: tuple[str, ...]

    def source_lines(self, release: str) -> list[str]:
        """One-line sources for another release, as ``mmdebstrap`` takes them."""
        main = [f"deb {uri} {release} main" for uri in self.main]
        return main + [f"deb {uri} {release}-security main" for uri in self.security]


def parse_list(text: str) -> Iterator[Source]:
    """Sources of the one-line format (``/etc/apt/sources.list``): ``deb [options] uri suite component...``."""
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if not words or words[0] != "deb":
            continue
        words = words[1:]
        if words and words[0].startswith("["):
            end = next((i for i, word in enumerate(words) if word.endswith("]")), len(words))
            words = words[end + 1 :]
        if len(words) >= 2:
            yield Source(words[0], (words[1],), tuple(words[2:]))


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Fields of each deb822 stanza, continuation lines joined, names in lower case."""
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        else:
            name, _colon, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()


def parse_deb822(text: str) -> Iterator[Source]:
    """Sources of the deb822 format (``*.sources``), disabled stanzas and ``deb-src`` left out."""
    for fields in _stanzas(text):
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        suites = tuple(fields.get("suites", "").split())
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            yield Source(uri, suites, components)


def read_sources(etc_apt: Path = Path("/etc/apt")) -> list[Source]:
    """All sources of a machine."""
    parts = etc_apt / "sources.list.d"
    lists = [path for path in [etc_apt / "sources.list", *sorted(parts.glob("*.list"))] if path.is_file()]
    found = [source for path in lists for source in parse_list(path.read_text(encoding="utf-8"))]
    for path in sorted(parts.glob("*.sources")):
        found += parse_deb822(path.read_text(encoding="utf-8"))
    return found


def _is_security(suite: str) -> bool:
    codename, _separator, rest = suite.replace("/", "-", 1).partition("-")
    return codename in CODENAMES and rest in ("security", "updates-security")


def debian_mirrors(sources: Iterable[Source]) -> Mirrors:
    """Picks Debian's own archives: the suite tells them from other vendors' archives."""
    main: dict[str, None] = {}
    security: dict[str, None] = {}
    for source in sources:
        if "main" not in source.components:
            continue
        if any(suite in CODENAMES for suite in source.suites):
            main[source.uri] = None
        if any(_is_security(suite) for suite in source.suites):
            security[source.uri] = None
    if not main:
        raise LabError(
            "No Debian archive found in this machine's apt configuration (/etc/apt/sources.list and "
            "/etc/apt/sources.list.d), so the lab image cannot be built. Run on Debian, or add a Debian source there."
        )
    return Mirrors(tuple(main), tuple(security))
