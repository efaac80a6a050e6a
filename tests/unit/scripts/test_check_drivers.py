# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""scripts/check_drivers, on a small source that looks like a kernel's. Nothing here reads a real one."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.driver import (
    CHANNELS,
    NUM_VFS,
    QUEUE,
    RULE,
    Driver,
    Steering,
    VfDriver,
    VfSupport,
    Xdp,
)
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check import source
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.__main__ import check
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.citations import Citation
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.known import FOLDER, Known
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.operations import OPERATIONS, VF_RULES, says
from ansible_collections.kernel_bypass.sriov.scripts.lib.kernel_check.source import Releases

ATTRIBUTES = ("mac", "vlan", "max_tx_rate", "spoofchk", "trust", "link_state", "query_rss")
SCRIPT = Path(__file__).resolve().parents[3] / "scripts/check_drivers"
MAKEFILE = "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION =\n"
MAIN = """\
/* new_gone() went with the old chips */
static const struct net_device_ops new_netdev_ops = {
        .ndo_get_vf_config = new_get_vf_config,
        .ndo_set_vf_mac = new_set_vf_mac,
        .ndo_set_vf_rate = NULL,
        .ndo_bpf = new_xdp,
};
static int new_xdp(struct net_device *dev,
        struct netdev_bpf *xdp)
{
        return new_setup(dev, xdp); /* .ndo_set_vf_trust = new_trust */
}
static struct pci_driver new_driver = {
        .sriov_configure = new_sriov_configure,
};
"""
ETHTOOL = """\
#define NEW_MOST 16
#define NEW_ID  0x10FB
static const struct ethtool_ops new_ethtool_ops = {
        .set_rxnfc = new_set_rxnfc,
};
"""
TREE = {
    "Makefile": MAKEFILE,
    "drivers/net/new/new_main.c": MAIN,
    "drivers/net/new/new_ethtool.c": ETHTOOL,
    "drivers/net/new/old/old_main.c": "\t.set_channels = old_set_channels,\n",
    "drivers/net/newvf/newvf_main.c": "int newvf_probe(struct pci_dev *pdev)\n{\n}\n",
    "drivers/pci/iov.c": "int sriov_enable(struct pci_dev *dev)\n{\n}\n",
}
DRIVER = Driver(
    "new-nic",
    folders=("drivers/net/new",),
    vf_driver=VfDriver("newvf", ("drivers/net/newvf",)),
    vf_support=VfSupport(
        refuses=dict.fromkeys(("vlan", "max_tx_rate", "spoofchk", "trust", "link_state", "query_rss"), "why")
    ),
    steering=Steering(flow_types=("tcp4",), no_vf="why"),
    xdp=Xdp((6, 1), None, "new_main.c new_xdp"),
)
CITED = {
    "new_nic": [
        Citation("new_nic.py:9", "new_main.c", ("new_xdp", "new_driver")),
        Citation("new_nic.py:10", "new_ethtool.c", ("NEW_MOST",)),
        Citation("new_nic.py:11", "newvf/newvf_main.c", ("newvf_probe",)),
    ],
    "causes": [Citation("causes.py:3", "drivers/pci/iov.c", ("sriov_enable",))],
}


@pytest.fixture
def tree(tmp_path):
    """Writes a source, changed: path -> text, or None for a file that is not there."""

    def write(**changed):
        for path, text in {**TREE, **{"drivers/net/" + name: text for name, text in changed.items()}}.items():
            if text is not None:
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def wrong(path, cited=None, known=()):
    """What somebody has to look at."""
    _version, parts = check(path, [DRIVER], CITED if cited is None else cited, known)
    return [line for part in parts for line in part.wrong]


# The report.


def test_a_source_that_is_as_our_data_says(tree):
    version, parts = check(tree(), [DRIVER], CITED, ())
    assert version == "6.12.7"
    assert [str(part) for part in parts] == [
        "new-nic: drivers/net/new, drivers/net/newvf\n"
        "  has: sriov_configure, ndo_get_vf_config, ndo_set_vf_mac, set_rxnfc, ndo_bpf\n"
        "  has not: ndo_set_vf_vlan, ndo_set_vf_rate, ndo_set_vf_spoofchk, ndo_set_vf_trust, "
        "ndo_set_vf_link_state, ndo_set_vf_rss_query_en, ndo_set_vf_guid, ndo_set_vf_port, set_channels, set_rxfh, "
        "ethtool_get_flow_spec_ring_vf, ndo_xsk_wakeup\n"
        "  has by our data: sriov_configure, ndo_get_vf_config, ndo_set_vf_mac, set_rxnfc, ndo_bpf\n"
        "  has not by our data: ndo_set_vf_vlan, ndo_set_vf_rate, ndo_set_vf_spoofchk, ndo_set_vf_trust, "
        "ndo_set_vf_link_state, ndo_set_vf_rss_query_en, ethtool_get_flow_spec_ring_vf, ndo_xsk_wakeup\n"
        "  names cited: 4\n",
        "Of all drivers\n  names cited: 1\n",
    ]


@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        pytest.param(
            {"new/new_main.c": MAIN.replace("int new_xdp(", "int new_bpf(")},
            ["new_nic.py:9: drivers/net/new/new_main.c does not define new_xdp"],
            id="a function",
        ),
        pytest.param(
            {"new/new_ethtool.c": ETHTOOL.replace("#define", "// #define")},
            ["new_nic.py:10: drivers/net/new/new_ethtool.c does not define NEW_MOST"],
            id="a macro, in a comment only",
        ),
        pytest.param(
            {"new/new_ethtool.c": None, "new/new_nfc.c": ETHTOOL},
            ["new_nic.py:10: new_ethtool.c is gone"],
            id="a file",
        ),
        pytest.param(
            {"newvf/newvf_main.c": None},
            ["folder drivers/net/newvf is gone", "new_nic.py:11: newvf/newvf_main.c is gone"],
            id="the folder of the VFs' driver",
        ),
        pytest.param(
            {"newvf/new_ethtool.c": ""},
            [
                "new_nic.py:10: new_ethtool.c may be any of drivers/net/new/new_ethtool.c, "
                "drivers/net/newvf/new_ethtool.c",
            ],
            id="a file of which there are two",
        ),
        pytest.param(
            {"new/new_main.c": MAIN.replace("new_set_vf_mac", "NULL")},
            ["ndo_set_vf_mac: has it not, but by our data"],
            id="an operation that we rest on",
        ),
        pytest.param(
            {"new/new_main.c": MAIN.replace("NULL", "new_set_vf_bw")},
            ["ndo_set_vf_rate: has it, not by our data"],
            id="an operation that was not there",
        ),
        pytest.param(
            {"new/new_main.c": MAIN + "\tvf = ethtool_get_flow_spec_ring_vf(fs->ring_cookie);\n"},
            ["ethtool_get_flow_spec_ring_vf: has it, not by our data"],
            id="rules for VFs",
        ),
    ],
)
def test_what_is_gone_or_differs_is_told(tree, changed, sentences):
    assert wrong(tree(**changed)) == sentences


def test_a_file_that_is_no_driver_s_may_name_any_driver_s_file(tree):
    cited = {"rss": [Citation("rss.py:1", "new_main.c", ("new_xdp", "new_gone"))]}
    assert wrong(tree(), cited=cited) == ["rss.py:1: drivers/net/new/new_main.c does not define new_gone"]


@pytest.mark.parametrize(
    ("releases", "asked"),
    [
        pytest.param(Releases((6, 12)), True, id="from this one on"),
        pytest.param(Releases((6, 13)), False, id="from the next one on"),
        pytest.param(Releases(before=(6, 12)), False, id="up to this one"),
        pytest.param(Releases((6, 1), (6, 13)), True, id="in between"),
    ],
)
def test_a_citation_is_looked_for_in_the_releases_that_it_names(tree, releases, asked):
    cited = {"new_nic": [Citation("new_nic.py:1", "new_main.c", ("new_gone",), releases)]}
    sentence = "new_nic.py:1: drivers/net/new/new_main.c does not define new_gone"
    assert wrong(tree(), cited=cited) == [sentence] * asked
    [driver, _all] = check(tree(), [DRIVER], cited, ())[1]
    assert ("names cited: 1" if asked else "names cited: 0, and 1 of other releases") in driver.lines


# Differences that are known.

LOOKS = {"new/new_main.c": MAIN + "\tvf = ethtool_get_flow_spec_ring_vf(fs->ring_cookie);\n"}


def test_a_known_difference_is_told_and_not_wrong(tree):
    known = (Known("new-nic", VF_RULES, "it looks for one to refuse it"),)
    [driver, _all] = check(tree(**LOOKS), [DRIVER], CITED, known)[1]
    assert driver.wrong == []
    told = "ethtool_get_flow_spec_ring_vf: has it, not by our data; that is known: it looks for one to refuse it"
    assert told in driver.lines


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(Known("another", VF_RULES, "why"), id="another driver's"),
        pytest.param(Known("new-nic", "set_rxfh", "why", Releases(before=(6, 12))), id="another release's"),
    ],
)
def test_what_is_known_of_others_does_not_count(tree, known):
    assert wrong(tree(**LOOKS), known=(known,)) == ["ethtool_get_flow_spec_ring_vf: has it, not by our data"]


def test_a_known_difference_that_is_none_any_more_is_wrong(tree):
    known = (Known("new-nic", VF_RULES, "it looks"), Known("new-nic", FOLDER, "newvf is new"))
    assert wrong(tree(), known=known) == [
        "ethtool_get_flow_spec_ring_vf: as our data says, but a difference is known: it looks",
        "all folders are there, but it is known that one is not: newvf is new",
    ]


def test_a_driver_that_is_known_to_be_missing_is_not_looked_at(tree):
    known = (Known("new-nic", FOLDER, "newvf came with 6.13"),)
    [driver, _all] = check(tree(**{"newvf/newvf_main.c": None}), [DRIVER], CITED, known)[1]
    assert (driver.lines, driver.wrong) == (
        ["not looked at: drivers/net/newvf is not there: newvf came with 6.13"],
        [],
    )


def test_devices_that_our_data_tells_apart_are_looked_for(tree):
    numbers = ("10fb", "10fc", "0fb1")
    driver = DRIVER._replace(chips={f"8086:{number}": DRIVER._replace(chip="A") for number in numbers})
    [part, _all] = check(tree(), [driver], CITED, (Known("new-nic", "8086:0fb1", "it is DPDK's"),))[1]
    assert part.wrong == ["8086:10fc: has it not, but by our data"]
    assert part.lines[4:6] == [
        "devices by our data: 3",
        "8086:0fb1: has it not, but by our data; that is known: it is DPDK's",
    ]


def test_a_driver_that_the_kernel_does_not_have_is_named(tree):
    [driver, _all] = check(tree(), [Driver("outside")], {}, ())[1]
    assert str(driver) == "outside: no folder of the kernel is named\n  names cited: 0\n"


# What our data says.


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_unknown_driver_has_nothing_by_our_data(operation):
    assert says(Driver("new"), operation, (6, 12)) is None


@pytest.mark.parametrize(
    ("driver", "operation", "has"),
    [
        pytest.param(Driver("a", causes={NUM_VFS: {"EBUSY": "why"}}), "sriov_configure", True, id="what it answers"),
        pytest.param(Driver("a", interface_with_vfs=True), "sriov_configure", True, id="an interface with VFs"),
        pytest.param(Driver("a", vf_limits=((1, 63),)), "sriov_configure", True, id="limits"),
        pytest.param(Driver("a", causes={CHANNELS: {"EBUSY": "why"}}), "set_channels", True, id="refused channels"),
        pytest.param(Driver("a", most_channels=63), "set_channels", True, id="most channels"),
        pytest.param(Driver("a", causes={RULE: {"ENOSPC": "why"}}), "set_rxnfc", True, id="refused rules"),
        pytest.param(Driver("a", hash_fields={"tcp4": ("sd",)}), "set_rxnfc", True, id="fields of the hash"),
        pytest.param(Driver("a", hash_functions=("toeplitz",)), "set_rxfh", True, id="hash functions"),
        pytest.param(Driver("a", steering=Steering(to_vf=QUEUE)), VF_RULES, True, id="rules for VFs"),
        pytest.param(Driver("a", steering=Steering(no_vf="why")), VF_RULES, False, id="no rules for VFs"),
        pytest.param(Driver("a", xdp=Xdp((6, 12), None, "")), "ndo_bpf", True, id="XDP"),
        pytest.param(Driver("a", xdp=Xdp((6, 13), None, "")), "ndo_bpf", None, id="XDP of a later kernel"),
        pytest.param(Driver("a", xdp=Xdp((5, 1), (6, 12), "")), "ndo_xsk_wakeup", True, id="zero-copy"),
        pytest.param(Driver("a", xdp=Xdp((5, 1), (6, 13), "")), "ndo_xsk_wakeup", False, id="zero-copy later"),
        pytest.param(Driver("a", xdp=Xdp((5, 1), None, "")), "ndo_xsk_wakeup", False, id="no zero-copy"),
        pytest.param(Driver("a", vf_support=VfSupport(rates=(1, 9))), "ndo_set_vf_trust", True, id="not refused"),
        pytest.param(Driver("a", vf_support=VfSupport(rates=(1, 9))), "ndo_get_vf_config", True, id="attributes"),
        pytest.param(
            Driver("a", vf_support=VfSupport(refuses=dict.fromkeys(ATTRIBUTES, "why"))),
            "ndo_get_vf_config",
            False,
            id="no attributes",
        ),
        pytest.param(
            Driver("a", vf_support=VfSupport(refuses={"trust": "why"})), "ndo_set_vf_trust", False, id="refused"
        ),
    ],
)
def test_what_a_driver_has_by_our_data(driver, operation, has):
    assert says(driver, operation, (6, 12)) is has


# What a file defines.

DEFINITIONS = """\
static int
new_on_its_own_line(struct new *new)
{
        new_called(new, NEW_ARGUMENT);
}
int new_declared(struct new *new);
static const struct new_stat {
        char name[32];
} new_table[] = {
        { "new_string" },
};
static const char * const new_names[NEW_SIZES] = {
};
enum new_state {
        NEW_DOWN,
        NEW_UP  = -7,
        NEW_LAST
};
#define NEW_ID_X550T 0x1563
# define new_for_each(new) \\
        for (;;)
struct new_type {
        int new_member;
};
"""


@pytest.mark.parametrize(
    ("name", "defined"),
    [
        ("new_on_its_own_line", True),
        ("new_called", False),
        ("NEW_ARGUMENT", False),
        ("new_declared", False),
        ("new_stat", True),
        ("new_table", True),
        ("new_string", False),
        ("new_names", True),
        ("NEW_SIZES", False),
        ("new_state", True),
        ("NEW_DOWN", True),
        ("NEW_UP", True),
        ("NEW_LAST", True),
        ("NEW_ID_X550T", True),
        ("NEW_ID_X550", False),
        ("NEW_ID_X550*", True),
        ("NEW_ID_X540*", False),
        ("new_for_each", True),
        ("new_type", True),
        ("new_member", False),
    ],
)
def test_what_defines_a_name(name, defined):
    assert source.defines(DEFINITIONS, name) is defined


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("a /* b\nc */ d // e\nf", "a   d  \nf", id="comments"),
        pytest.param('"/* no */" // yes', '"/* no */"  ', id="a string"),
        pytest.param("'\"' /* yes */ '\\''", "'\"'   '\\''", id="a quote"),
    ],
)
def test_comments_are_left_out(text, left):
    assert source.without_comments(text) == left


# What is read.


@pytest.mark.parametrize("packed", ["tar.xz", "tar.gz", "tar"])
def test_a_tarball_is_read_like_a_tree(tree, tmp_path_factory, packed):
    path = tmp_path_factory.mktemp("packed") / f"linux-source-6.12.{packed}"
    folder = tree()
    with tarfile.open(path, f"w:{packed[4:]}") as tarball:
        tarball.add(folder, "./linux-source-6.12" if packed == "tar" else "linux-source-6.12")
    assert check(path, [DRIVER], CITED, ()) == check(folder, [DRIVER], CITED, ())


def test_only_what_is_asked_for_is_read(tree):
    found = source.read(tree(), {"drivers/pci/iov.c"}, ["drivers/net/new"])
    assert set(found.files) == {
        "drivers/pci/iov.c",
        "drivers/net/new/new_main.c",
        "drivers/net/new/new_ethtool.c",
    }
    assert (found.version, found.release) == ("6.12.7", (6, 12))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        pytest.param("absent", None, "is neither a folder nor a file", id="nothing"),
        pytest.param("file", "text", "is no tarball: ", id="another file"),
        pytest.param(
            "folder/Makefile",
            "VERSION = 6\n",
            "has no Makefile with a kernel's VERSION, PATCHLEVEL and SUBLEVEL at its top",
            id="another folder",
        ),
    ],
)
def test_what_is_no_source_is_refused(tmp_path, name, content, sentence):
    path = tmp_path / name
    if content:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    top = tmp_path / name.split("/")[0]
    with pytest.raises(source.NotASource) as raised:
        source.read(top, set(), [])
    assert str(raised.value).startswith(f"{top} {sentence}")


# The program.


def run(*arguments):
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False)


def test_a_source_without_our_drivers_has_something_wrong_with_each(tree):
    ran = run(tree())
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.startswith("Linux 6.12.7\n\nixgbe: drivers/net/ethernet/intel/ixgbe")
    assert "  WRONG folder drivers/net/ethernet/intel/ixgbe is gone\n" in ran.stdout
    assert ran.stdout.splitlines()[-1] == f"{ran.stdout.count('  WRONG ')} wrong"


def test_no_source_is_another_status(tmp_path):
    ran = run(tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"{tmp_path} has no Makefile")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["--help"], 0, id="help"),
        pytest.param([], 2, id="nothing"),
        pytest.param(["a", "b"], 2, id="two paths"),
    ],
)
def test_its_usage(arguments, status):
    ran = run(*arguments)
    assert ran.returncode == status
    assert "usage: scripts/check_drivers PATH" in (ran.stderr if status else ran.stdout)
