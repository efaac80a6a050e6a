# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ip` garbles costs only what rests on it."""

from __future__ import annotations

import re

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import link
from ansible_collections.kernel_bypass.sriov.plugins.modules import info, pf, vf
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"
ADDRESSES = "ip -j -d address show"
TUNNEL = hosts.virtual("erspan1", 9, "ip6erspan")
NO_JSON = "prints no JSON that can be read"


class Garbling:
    """Runs a simulated kernel's commands, and spoils what some of them print.

    :param spoil: (regular expression of a command line, what is made of its output) each.
    """

    def __init__(self, run, spoil):
        self.run = run
        self.spoil = spoil
        self.calls = run.calls

    def __call__(self, argv, stdin=""):
        code, out, error = self.run(argv, stdin)
        for pattern, change in self.spoil:
            if re.fullmatch(pattern, " ".join(argv)):
                out = change(out)
        return code, out, error


def garbled(tmp_path, *spoil, files=None, vfs=2):
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **TUNNEL, **(files or {})})
    if vfs:
        kernel.pci.set_num_vfs(PF, vfs, 5)
    kernel.run = kernel.link._run = Garbling(kernel.run, spoil)
    return kernel


def erspan(text):
    """iproute2 5.9 prints past the JSON writer."""
    return text.replace('{"info_kind": "ip6erspan"}', '{"info_kind": "ip6erspan", erspan_ver 1}')


def cut(text):
    return text[: len(text) // 2]


def empty(_text):
    return ""


UNRELATED = [
    pytest.param([(r"ip -j -d address show.*", erspan)], id="a tunnel that iproute2 5.9 garbles"),
    pytest.param([(ADDRESSES, cut)], id="truncated"),
    pytest.param([(ADDRESSES, empty)], id="nothing at all"),
    pytest.param([(ADDRESSES, lambda text: text.replace('"mtu"', '"ifname": "x", "mtu"', 1))], id="a key twice"),
    pytest.param([(ADDRESSES, lambda text: text.replace("erspan1", r"ersp\x1"))], id="a name that is no JSON"),
]


@pytest.mark.parametrize("spoil", UNRELATED)
def test_an_unrelated_interface_costs_nothing(tmp_path, spoil):
    kernel = garbled(tmp_path, *spoil)
    seen = run_module(info, kernel)
    assert (seen["failed"], seen["not_seen"]) == (False, [])
    assert [(each["name"], len(each["vfs"])) for each in seen["pfs"]] == [("enp1s0", 2)]
    gone = run_module(pf, kernel, pf="enp1s0", num_vfs=0)
    assert (gone["failed"], gone["changed"], gone["pf"]["num_vfs"]) == (False, True, 0)


def test_a_name_with_quotes_and_control_characters_is_a_name(tmp_path):
    kernel = garbled(tmp_path, files=hosts.interface("a\"b'\x01", 12, "02:00:00:00:00:77"))
    kernel.link._run.spoil = ((ADDRESSES, lambda text: text.replace("'", r"\'").replace("\\u0001", "\x01")),)
    assert "a\"b'\x01" in [entry["ifname"] for entry in kernel.link.interfaces()]
    assert not run_module(info, kernel)["failed"]
    assert len([call for call in kernel.run.calls if "address show dev" in call]) == 0


def test_an_unrelated_interface_that_is_not_told_at_all_is_named(tmp_path):
    kernel = garbled(tmp_path, (r"ip -j (-d )?address show( dev erspan1)?", cut))
    seen = run_module(info, kernel)
    (sentence,) = seen["not_seen"]
    assert sentence.startswith(f"interface erspan1: `ip -j address show dev erspan1` {NO_JSON}: ")
    assert run_module(pf, kernel, check=True, pf="enp1s0", num_vfs=0)["changed"]


def test_users_of_a_vf_whose_interface_is_not_told_are_not_known(tmp_path):
    kernel = garbled(tmp_path, (r"ip -j (-d )?address show( dev enp1s0v1)?", cut))
    result = run_module(pf, kernel, check=True, pf="enp1s0", num_vfs=0)
    assert result["failure"]["kind"] == "in_use"
    assert result["msg"].startswith(
        f"num_vfs: cannot remove VFs 0 to 1 on {LABEL}: VF 1: who uses enp1s0v1 is not known: `ip -j address show dev "
        f"enp1s0v1` {NO_JSON}: "
    )
    assert result["msg"].endswith(". Remedy: release them, or accept that its user loses it: allow: [in_use].")
    assert run_module(pf, kernel, check=True, pf="enp1s0", num_vfs=0, allow=["in_use"])["changed"]


def test_attributes_that_are_garbled_cost_no_removal(tmp_path):
    kernel = garbled(tmp_path, (ADDRESSES, lambda text: text.replace("vfinfo_list", "x")), ("ip -j -d link .*", cut))
    (sentence,) = run_module(info, kernel)["not_seen"]
    assert sentence.startswith(f"the attributes of the VFs of enp1s0: `ip -j -d link show dev enp1s0` {NO_JSON}: ")
    refused = run_module(vf, kernel, check=True, pf="enp1s0", vfs=[{"vf": 0, "vlan": 5}])
    assert refused["failure"]["kind"] == "not_known"
    assert refused["failure"]["what"] == "vfs: cannot tell the attributes of the VFs"
    assert run_module(pf, kernel, pf="enp1s0", num_vfs=0)["changed"]


def test_where_default_routes_are_garbled_each_interface_may_carry_one(tmp_path):
    kernel = garbled(tmp_path, ("ip -j -4 route .*", cut), vfs=0)
    seen = run_module(info, kernel)
    assert seen["not_seen"][0].startswith(
        f"which interfaces carry default routes: `ip -j -4 route show table all default` {NO_JSON}: "
    )
    refused = run_module(pf, kernel, check=True, pf="enp1s0", num_vfs=1)
    assert refused["failure"]["kind"] == "in_use"
    assert refused["failure"]["why"].startswith("it may carry a default route: `ip -j -4 route show table all default`")
    assert run_module(pf, kernel, check=True, pf="enp1s0", num_vfs=1, allow=["link_reset"])["changed"]


def test_where_the_route_to_the_operator_is_garbled_each_interface_may_carry_the_connection(tmp_path):
    files = hosts.ssh_from("198.51.100.7", "eth0")
    kernel = garbled(tmp_path, ("ip -j route get .*", cut), files=files)
    refused = run_module(pf, kernel, check=True, pf="enp1s0", num_vfs=0)
    assert (refused["failed"], refused["failure"]["kind"]) == (True, "in_use")
    assert "may carry the SSH connection from 198.51.100.7: `ip -j route get" in refused["msg"]


def test_a_batch_that_names_a_line_beyond_its_end_is_no_traceback():
    run = link.Link(lambda *_words: (1, "", "no\nCommand failed -:9\n"))
    with pytest.raises(link.BatchFailed) as failed:
        run.batch([["link", "set", "dev", "a", "vf", "0", "vlan", "5"]])
    assert failed.value.lines_done == 0
