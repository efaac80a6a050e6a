# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host is as it was before runs changed it, as far as anybody could bring it back."""

from __future__ import annotations

import typing as t

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.mac import ZERO

from . import campaign

# Groups and names of interfaces that the simulated kernel gives out anew.
MADE_ANEW = ("iommu_group", "iommu_group_members", "dev_node", "name")


def changes(root: str, before: list[dict[str, t.Any]], ssh: str | None = None) -> str:
    """What differs from before; "" for nothing.

    Not counted is what depends on modules that were loaded, and what nobody takes back: an address that a VF did not
    have; a table that is filled in when the PF goes up, and not before, or that nobody could set, as it names a queue
    that is not there; the link that the operator comes by; an interface's address that is another than the PF has for
    it.

    :param before: from campaign.seen().
    """
    now = campaign.seen(root)
    for pf, old in zip(now, before):
        pf.update(bypass=old["bypass"], vf_bypass=old["vf_bypass"], before=old["before"])
        if pf["name"] == ssh:
            pf["up"] = old["up"]
        if old["rss"] and (not old["up"] or _names_no_queue(old)):
            pf["rss"].update(table=old["rss"]["table"], entries=old["rss"]["entries"])
        for vf, was in zip(pf["vfs"], old["vfs"]):
            if was["attributes"]["mac"] == ZERO:
                vf["attributes"]["mac"] = ZERO
            if was["mac"] != was["attributes"]["mac"]:
                vf["mac"] = was["mac"]
            vf.update((word, was[word]) for word in MADE_ANEW if (vf[word] is None) == (was[word] is None))
    return campaign.difference(before, now)


def _names_no_queue(pf: dict[str, t.Any]) -> bool:
    return bool(pf["channels"]) and max(pf["rss"]["table"] or [0]) >= pf["channels"]["combined"] > 0
