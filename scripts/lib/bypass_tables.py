# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the tables of docs/kernel-bypass-2015.md: what module info says of some NICs, on the hosts of the unit tests.

Runs from any checkout, with Python alone. A table stands between two lines of the page that name it; the rest is
written by hand.
"""

from __future__ import annotations

import sys
import typing as t
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/kernel-bypass-2015.md"
BEGIN, END = "<!-- table {}: written by scripts/lib/bypass_tables.py -->\n", "<!-- end of table {} -->\n"
COLLECTION = "ansible_collections.kernel_bypass.sriov"
CPUS = 16
IGB_XDP = frozenset({"basic", "redirect"})  # of Linux 6.12


class Nic(t.NamedTuple):
    """A NIC, by itself and beside a VF of it: ixgbe has no native XDP beside VFs, so both are looked at.

    :param alone: tests.unit.support.bypass.Card.
    :param beside: the same with a VF that has its kernel driver.
    """

    title: str
    alone: t.Any
    beside: t.Any


def nics(support: t.Any, outside: bool) -> list[Nic]:
    """The NICs of the page on Debian 13, booted with iommu=pt.

    :param support: tests.unit.support.bypass.
    :param outside: with PF_RING, netmap and OpenOnload, and their drivers where they have some.
    """
    cards = {
        "82599 (ixgbe)": support.N82599,
        "X710 (i40e)": support.X710,
        "ConnectX-5 (mlx5_core)": support.host(support.CONNECTX5, modules={"mlx5_ib": "loaded"}),
        "82576 (igb)": replace(support.N82576, kernel=support.TRIXIE, xdp_features=IGB_XDP, channels=8),
    }
    return [_nic(support, title, card, outside) for title, card in cards.items()]


def _nic(support: t.Any, title: str, card: t.Any, outside: bool) -> Nic:
    index = import_module(f"{COLLECTION}.plugins.module_utils._sriov.knowledge.index")
    of_pf, of_vf = index.driver(card.driver), index.driver_of_vfs(card.vf_default_driver)
    card = replace(card, online_cpus=CPUS, channels=min(card.channels, CPUS))
    vf = support.VfFacts(interface=f"{card.interface}v0", driver=card.vf_default_driver, iommu_type=card.iommu_type)
    if outside:
        card = support.host(card, modules=dict.fromkeys(("pf_ring", "netmap", "sfc_char"), "loaded"))
        card = replace(card, pf_ring=_mode(of_pf), netmap_native=of_pf.netmap)
        vf = replace(vf, pf_ring=_mode(of_vf), netmap_native=of_vf.netmap)
    return Nic(title, card, replace(card, num_vfs=1, vf=vf))


def _mode(driver: t.Any) -> str:
    return "NAPI/ZC" if driver.pf_ring else "NAPI"


def tables(support: t.Any) -> dict[str, str]:
    """Every table of the page, by name."""
    stock = nics(support, outside=False)
    found = {"stock": overview(support, stock), "outside": overview(support, nics(support, outside=True))}
    return {**found, **{nic.title.split()[0]: details(support, nic) for nic in stock}}


def overview(support: t.Any, found: list[Nic]) -> str:
    """Who can have what: a row a technique, two columns a NIC."""
    titles = [f"{nic.title.split()[0]}{where}" for nic in found for where in ("", ", a VF")]
    columns = [_answers(rows) for nic in found for rows in _both(support, nic)]
    names = list(dict.fromkeys(name for column in columns for name in column))
    return _table(("Technique", *titles), [(name, *(column.get(name, "") for column in columns)) for name in names])


def details(support: t.Any, nic: Nic) -> str:
    """What info says of one NIC in full."""
    on_pf, on_vf = ({_name(row): _words(row) for row in rows} for rows in _both(support, nic))
    names = list(dict.fromkeys((*on_pf, *on_vf)))
    rows = [(name, on_pf.get(name, ""), on_vf.get(name, "")) for name in names]
    return _table(("Technique", "On the NIC, without VFs", "On a VF"), rows)


def _both(support: t.Any, nic: Nic) -> tuple[t.Any, t.Any]:
    return support.table(nic.alone), support.vf_table(nic.beside)


def _name(row: t.Any) -> str:
    """One name for both tables: "DPDK on the PF" of the one is "DPDK" of the other."""
    return str(row.name).replace(" on the PF", "")


def _takes(row: t.Any) -> bool:
    return bool(row.view().get("kernel_loses_nic") or row.view().get("kernel_loses_vf"))


def _answers(rows: t.Any) -> dict[str, str]:
    return {_name(row): ("takes it" if _takes(row) else "yes") if row.available else "no" for row in rows}


def _words(row: t.Any) -> str:
    answer = "**yes**" if row.available else "**no**"
    return f"{answer}: {row.why}<br>Price: {row.price}"


def _table(titles: tuple[str, ...], rows: t.Iterable[tuple[str, ...]]) -> str:
    lines = (titles, tuple("---" for _title in titles), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def page(text: str, found: t.Mapping[str, str]) -> str:
    """The page with its tables as they are now.

    :raises ValueError: it lacks the place of one.
    """
    for name, table in found.items():
        above, begin, rest = text.partition(BEGIN.format(name))
        _old, end, below = rest.partition(END.format(name))
        if not begin or not end:
            raise ValueError(f"the page has no place for table {name}")
        text = f"{above}{begin}\n{table}\n{end}{below}"
    return text


def _import_support() -> t.Any:
    """The hosts of the unit tests, which know the collection by its name only."""
    if COLLECTION not in sys.modules:
        for name, path in (("ansible_collections", ""), ("ansible_collections.kernel_bypass", ""), (COLLECTION, ROOT)):
            module = ModuleType(name)
            module.__path__ = [str(path)]
            sys.modules[name] = module
    return import_module(f"{COLLECTION}.tests.unit.support.bypass")


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), tables(_import_support())), encoding="utf-8")


if __name__ == "__main__":
    main()
