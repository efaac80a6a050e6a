# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""AF_XDP on an RX queue of the PF, the bifurcated way, in its three modes. Pure."""

from __future__ import annotations

import typing as t
from shlex import quote

from ..knowledge import xdp
from ..knowledge.queues import present_rss
from .facts import Evidence, has_interface, has_rules, knowledge, management_price, option, row

if t.TYPE_CHECKING:
    from ..model.bypass import BypassFacts, KernelFacts
    from .facts import Technique

NATIVE_COST = "a copy per packet"
GENERIC_COST = "the kernel builds a socket buffer for every packet first, and copies it: no faster than its own path"


def af_xdp(facts: BypassFacts) -> tuple[Technique, ...]:
    """Best mode first."""
    return (
        _af_xdp(facts, "AF_XDP zero-copy", [_in_driver(facts, xdp.ZERO_COPY), *_allowed(facts)], ""),
        _af_xdp(facts, "AF_XDP native", [_in_driver(facts, xdp.NATIVE), *_allowed(facts)], NATIVE_COST),
        _af_xdp(facts, "AF_XDP generic", [], GENERIC_COST),
    )


def _af_xdp(facts: BypassFacts, name: str, driver: list[Evidence], cost: str) -> Technique:
    """One mode.

    :param driver: what the mode needs of the driver; empty: nothing, and so attaching resets nothing.
    :param cost: what the mode costs per packet.
    """
    price = [
        cost,
        _queue_price(facts),
        _steering_price(facts),
        _attaching_price(facts) if driver else "",
        _panic_price(facts) if driver else "",
        f"{facts.name} has an XDP program already: it must go, or let others in (libxdp)" if facts.xdp_attached else "",
        management_price(facts, "the connection stands still meanwhile") if driver or _ntuple_resets(facts) else "",
    ]
    evidence = [has_interface(facts), *driver, *xdp_sockets(facts.kernel)]
    return row(name, evidence, kernel_loses_nic=False, price=price)


def xdp_sockets(kernel: KernelFacts) -> list[Evidence]:
    """What every mode needs of the kernel."""
    sockets = option(kernel, "CONFIG_XDP_SOCKETS", protocol="XDP")
    return [sockets] if kernel.config_file is None else [sockets, option(kernel, "CONFIG_BPF_SYSCALL")]


def _in_driver(facts: BypassFacts, needed: tuple[str, ...]) -> Evidence:
    return Evidence(*xdp.in_driver(facts.pf, facts.xdp, needed, facts.name))


def _allowed(facts: BypassFacts) -> list[Evidence]:
    return [Evidence(False, words) for words in xdp.refusals(facts.pf, facts.xdp)]


def _attaching_price(facts: BypassFacts) -> str:
    drops = "; with it all flow rules and the RSS table are dropped, and again when it is detached"
    resets = "attaching the program resets the queues, and with most drivers the link"
    return resets + (drops if knowledge(facts).reopens else "")


def _panic_price(facts: BypassFacts) -> str:
    known = knowledge(facts).xdp
    for kernels, most in known.panics_above if known else ():
        if kernels.has(facts.kernel.version) and facts.pf.online_cpus > most:
            return (
                f"with more than {most} CPUs, and there are {facts.pf.online_cpus}, a program that sends is the end of "
                f"kernels {kernels} of kernel.org, unless it was mended in this one"
            )
    return ""


def _queue_price(facts: BypassFacts) -> str:
    """What of the PF's queues is the socket's; without flow rules there is no choosing one."""
    group, channels = present_rss(facts.pf), facts.pf.rx_queues
    if has_rules(facts) is False:
        which = f"each of {group} RX queues" if group else "every RX queue"
        return f"a socket on {which}: {facts.name} has no ntuple rules, the hash picks the queue"
    if group is None:
        return "one RX queue leaves the RSS group"
    if channels is not None and channels > group:
        return f"one RX queue of {group} to {channels - 1}, which are outside the RSS group of {group} anyway"
    if group == 1:
        return "the only RX queue: every packet of the kernel passes the program first"
    return f"one RX queue leaves the RSS group, which falls from {group} queues to {group - 1}"


def _steering_price(facts: BypassFacts) -> str:
    if has_rules(facts) is False:
        return ""
    if not knowledge(facts).ntuple_needed:
        return "flows are steered to it by ntuple rules"
    if facts.ntuple_on:
        return "flows are steered to it by ntuple rules (ntuple is on)"
    if facts.ntuple_supported is None:
        return "whether ntuple rules can steer flows to it is not known"
    resets = ", which resets the link" if _ntuple_resets(facts) else ""
    return (
        f"flows are steered to it by ntuple rules, and ntuple is off: ethtool -K {quote(facts.name)} ntuple on{resets}"
    )


def _ntuple_resets(facts: BypassFacts) -> bool:
    return bool(facts.ntuple_supported and not facts.ntuple_on and knowledge(facts).ntuple_resets)
