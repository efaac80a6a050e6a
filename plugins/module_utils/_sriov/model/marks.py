# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How network managers are told to leave interfaces of VFs alone: a rule of udev, and a file of systemd-networkd.

- networkd from 255 and NetworkManager from 1.46 on ignore an interface with the property ID_NET_MANAGED_BY that names
  another (their NEWS), older versions of NetworkManager one with NM_UNMANAGED.
- networkd before 255 needs a .network file, which has to be the first that matches. Property= is known to it since 243;
  a version that does not know a condition leaves it out, and with no other the file would be for every interface of the
  host. So Path= names the VFs too.
- By exact PCI address, never by driver: VFs that others have made are theirs. Again at "change" and "move": a VF that
  comes back from the network namespace of a container comes by one of these (and "add").

What whoever writes them has to do besides, where udev runs:

- `udevadm control --reload` right after it, and before VFs are created: by itself udev looks for changed rules every
  3 seconds at most (src/udev/udevd.c), and the interfaces of VFs may come before that.
- For VFs that have interfaces already: `udevadm trigger --action=change --settle` with the path of
  each in /sys/class/net.
- `networkctl reload` where networkd runs and the .network file is another one than before.

A manager that has taken an interface already lets go of it: NetworkManager at that event, networkd by the reload.
"""

from __future__ import annotations

import re
import typing as t

from ..errors import InvalidRequest
from .paths import MARK_NETWORK, MARK_RULES, OURS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
A_LINE = 16  # addresses; udev and networkd have limits for the length of a line
PATHS = (MARK_RULES, MARK_NETWORK)
HEAD = "# Written by the Ansible collection kernel_bypass.sriov: network managers leave these VFs alone.\n"
RULE = (
    'ACTION=="add|change|move", SUBSYSTEM=="net", SUBSYSTEMS=="pci", KERNELS=="{}", '
    f'ENV{{{{ID_NET_MANAGED_BY}}}}="{OURS}", ENV{{{{NM_UNMANAGED}}}}="1"\n'
)


def marks(vf_addresses: Sequence[str], managed: Iterable[str] = ()) -> dict[str, str]:
    """What the files have to say: path -> text. Without a VF to mark there is to be neither.

    :param vf_addresses: PCI addresses of VFs, in any order; those that are yet to come too.
    :param managed: those of them that a network manager is to have.
    :raises InvalidRequest: one of them is no whole PCI address in lower case.
    """
    left_out = set(managed)
    wrong = [each for each in (*vf_addresses, *left_out) if not ADDRESS.fullmatch(each)]
    if wrong:
        raise InvalidRequest(f"{', '.join(map(repr, wrong))}: no PCI address", remedy='write it as in "0000:01:10.0"')
    addresses = sorted(set(vf_addresses) - left_out, key=_order)
    if not addresses:
        return {}
    lines = [addresses[first : first + A_LINE] for first in range(0, len(addresses), A_LINE)]
    rules = HEAD + "".join(RULE.format("|".join(each)) for each in lines)
    return {MARK_RULES: rules, MARK_NETWORK: _network(lines)}


def _network(lines: Sequence[Sequence[str]]) -> str:
    """ID_PATH has the address at its end, behind those of other buses; of virtio more may come (systemd's path_id)."""
    paths = "".join(f"Path={' '.join(f'*pci-{address}*' for address in each)}\n" for each in lines)
    return f"{HEAD}[Match]\nProperty=ID_NET_MANAGED_BY={OURS}\n{paths}\n[Link]\nUnmanaged=yes\n"


def _order(address: str) -> tuple[int, str]:
    """By domain as a number, then as it is written."""
    domain, _colon, rest = address.partition(":")
    return int(domain, 16), rest
