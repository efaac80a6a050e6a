"""Writes documentation that would otherwise say twice what is said once.

usage: generate_docs.py [--check]

    return values of modules, in their RETURN blocks, from scripts/lib/return_values.yml

All from the line that names this script on is written; what stands above it is written by hand.
--check writes nothing, and fails when something would be.
"""

from __future__ import annotations

import math
import sys
import typing as t
from pathlib import Path
from textwrap import indent

import yaml

ROOT = Path(__file__).resolve().parents[2]
VALUES = ROOT / "scripts" / "lib" / "return_values.yml"
MARK = "# From here on written by scripts/lib/generate_docs.py, from"
WIDTH = 120
Values = t.Dict[str, t.Dict[str, t.Any]]


class Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists are indented, as yamllint wants them."""
        super().increase_indent(flow, False)


def dump(value: t.Any, width: float = math.inf, flow: bool = False) -> str:
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=width, default_flow_style=flow)


def folded(value: t.Any, width: int) -> str:
    """PyYAML ends a line after the word that is too much: so it is asked for less until none is."""
    found = (dump(value, less) for less in range(width, 0, -1))
    return next(lines for lines in found if max(map(len, lines.splitlines())) <= width)


def text(values: Values, inner: str, depth: int = 0) -> str:
    """Values or options as YAML, each on one line if it fits.

    :param inner: the key of those inside of them.
    """
    pad = " " * depth
    return "".join(_entry(name, value, inner, pad) for name, value in values.items())


def _entry(name: str, value: dict[str, t.Any], inner: str, pad: str) -> str:
    line = f"{pad}{dump({name: value}, flow=True).strip()[1:-1]}"
    if inner not in value and len(line) <= WIDTH:
        return f"{line}\n"
    own = {key: part for key, part in value.items() if key != inner}
    lines = indent(folded({name: own}, WIDTH - len(pad)), pad)
    return lines + (f"{pad}  {inner}:\n{text(value[inner], inner, len(pad) + 4)}" if inner in value else "")


def return_values(module: str) -> str:
    values = yaml.safe_load(VALUES.read_text())["modules"][module]
    return text(
        {name: {**value, "returned": value.get("returned", "success")} for name, value in values.items()}, "contains"
    )


def rewritten(path: Path, source: str, end: str, generated: str) -> str:
    """A file's text with what is generated after the mark, up to the end.

    :raises ValueError: it has no such mark.
    """
    above, mark, below = path.read_text().partition(f"{MARK} {source}\n")
    if not mark:
        raise ValueError(f"{path} has no line {MARK} {source}")
    return f"{above}{mark}{generated}{below[below.index(end) :] if end else ''}"


def documents() -> dict[Path, str]:
    """Every file that is written in part, as it shall be."""
    found = {}
    for module in yaml.safe_load(VALUES.read_text())["modules"]:
        path = ROOT / "plugins" / "modules" / f"{module}.py"
        found[path] = rewritten(path, "return_values.yml there", '"""\n', return_values(module))
    return found


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    stale = {path: content for path, content in documents().items() if path.read_text() != content}
    for path, content in stale.items():
        print(f"{path.relative_to(ROOT)}: {'not as it would be generated' if arguments else 'written'}")
        if not arguments:
            path.write_text(content)
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
