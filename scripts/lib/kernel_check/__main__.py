# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which facts on drivers can no longer be found in a kernel's source.

usage: scripts/check_drivers PATH

PATH is a folder with a kernel's source, or a tarball of it: /usr/src/linux-source-6.12.tar.xz for instance, of Debian's
package linux-source-6.12. For each driver of plugins/module_utils/_sriov/knowledge it is told

  - which operations the source has and which not, and which it has by our data, where that says anything;
  - which devices that our data tells apart it has not;
  - which files and functions that ours cite are gone.

The exit status is 0 if all is as our data says or is a known difference (scripts/lib/kernel_check/known.py), 1 if not,
2 if PATH holds no kernel's source, or a citation of ours is malformed.
"""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

from .citations import Citation, citations
from .known import KNOWN, Known
from .report import Part, of_all, of_driver
from .source import NotASource, read

ROOT = Path(__file__).resolve().parents[3]
KNOWLEDGE = ROOT / "plugins/module_utils/_sriov/knowledge"


def cited_by_file(folder: Path) -> tuple[dict[str, list[Citation]], list[str]]:
    """Of every Python file in and below a folder what it cites, by the file's name without .py, and malformed ones."""
    found, faults = {}, []
    for path in sorted(folder.rglob("*.py")):
        found[path.stem], wrong = citations(path.read_text(encoding="utf-8"), path.name)
        faults += wrong
    return found, faults


def check(
    path: Path, drivers: t.Sequence[t.Any], cited: t.Mapping[str, t.Sequence[Citation]], known: t.Sequence[Known]
) -> tuple[str, list[Part]]:
    """The kernel's version, and what its source says.

    :param drivers: knowledge.driver.Driver.
    :param cited: by the name of our file: a driver's own, or another.
    """
    files = {driver.name: driver.name.replace("-", "_").lower() for driver in drivers}
    of_vfs = [folder for driver in drivers if driver.vf_driver for folder in driver.vf_driver.folders]
    folders = list(dict.fromkeys([folder for driver in drivers for folder in driver.folders] + of_vfs))
    source = read(path, {each.file for several in cited.values() for each in several} | set(folders), folders)
    parts = [of_driver(source, driver, cited.get(files[driver.name], ()), known) for driver in drivers]
    others = [each for file, several in cited.items() if file not in files.values() for each in several]
    return source.version, [*parts, of_all(source, others, folders)]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stdout if arguments in (["-h"], ["--help"]) else sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    sys.path.insert(0, str(ROOT / "plugins/module_utils"))
    from _sriov.knowledge import index

    cited, faults = cited_by_file(KNOWLEDGE)
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return 2
    try:
        version, parts = check(Path(arguments[0]), index.all_drivers(), cited, KNOWN)
    except NotASource as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Linux {version}\n", *parts, sep="\n")
    wrong = sum(len(part.wrong) for part in parts)
    print(f"{wrong} wrong" if wrong else "Nothing is wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
