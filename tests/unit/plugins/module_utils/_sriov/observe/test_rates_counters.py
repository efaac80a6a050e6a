# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drivers' counters by name: which count packets of queues, which make up the whole, which are shown by default."""

from __future__ import annotations

import re

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.rates import (
    DEFAULT_PATTERN,
    Packets,
    packets,
    queue_rates,
)

# As the drivers of Linux 6.1 and 6.12 write them, beside names of theirs that look alike.
NAMES = {
    "ixgbe": ("rx_queue_{}_packets", ["tx_queue_3_packets", "rx_queue_3_bytes", "rx_packets", "rx_pb_3_pxon"]),
    "igb": ("rx_queue_{}_packets", ["rx_queue_3_drops", "rx_queue_3_csum_err", "tx_queue_3_packets"]),
    "i40e": ("rx-{}.packets", ["tx-3.packets", "rx-3.bytes", "veb.tc_3_rx_packets"]),
    "idpf": ("rx_q-{}_pkts", ["tx_q-3_pkts", "rx_q-3_rx_gro_hw_pkts", "rx_q-3_bytes"]),
    "mlx5_core": (
        "rx{}_packets",
        ["tx3_packets", "rx_prio3_packets", "rx3_gro_packets", "rx3_xdp_tx_cqe", "ptp_rq0_packets"],
    ),
    "sfc": ("rx-{}.rx_packets", ["tx-3.tx_packets", "port_rx_packets"]),
    "ena": ("queue_{}_rx_cnt", ["queue_3_tx_cnt", "queue_3_rx_bytes", "queue_3_rx_rx_copybreak_pkt"]),
    "mana": ("rx_{}_packets", ["tx_3_packets", "rx_3_xdp_tx", "rx_3_xdp_redirect"]),
    "nfp": ("rvec_{}_rx_pkts", ["rvec_3_tx_pkts", "dev_rx_pkts"]),
    "ionic": ("rx_{}_pkts", ["tx_3_pkts", "rx_3_csum_none"]),
    "hns3": ("rxq{}_packets", ["txq3_packets", "rxq3_pktnum_rcd"]),
    "hinic": ("rxq{}_pkts", ["txq3_pkts", "rxq3_errors"]),
    "rvu_nicpf": ("rxq{}: frames", ["txq3: frames", "rxq3: bytes"]),
    "be2net": ("rxq{}: rx_pkts", ["rxq3: rx_mcast_pkts", "rxq3: rx_vxlan_offload_pkts"]),
    "LiquidIO": ("rx-{}-packets", ["tx-3-packets", "rx-3-bytes", "rx-3-dropped"]),
    "fsl_enetc": ("Rx ring {:>2} frames", ["Tx ring  3 frames", "Rx ring  3 alloc errors", "Rx ring  3 XDP drops"]),
    "funeth": ("rx_pkts[{}]", ["tx_pkts[3]", "rx_bytes[3]", "rx_pkts"]),
    "fm10k": ("rx_queue_{}_packets", ["tx_queue_3_packets", "rx_queue_3_bytes"]),
    "qede": ("{}: rcv_pkts", ["3_0: xmit_pkts", "3: rx_hw_errors"]),
}


@pytest.mark.parametrize("asked", [True, False], ids=["the driver is known", "whatever the driver is"])
@pytest.mark.parametrize("driver", NAMES)
def test_queues_are_found_in_each_drivers_names(driver, asked):
    form, others = NAMES[driver]
    found = {form.format(0): 5.0, **dict.fromkeys(others, 99.0), form.format(10): 7.0, form.format(2): 0.0}
    known = driver if asked else ""
    assert list(queue_rates(found, driver=known).items()) == [(0, 5.0), (2, 0.0), (10, 7.0)]
    assert queue_rates(dict.fromkeys(others, 99.0), driver=known) == {}


@pytest.mark.parametrize(
    ("driver", "name"),
    [
        pytest.param("ixgbevf", "rx_queue_0_packets", id="a VF's driver"),
        pytest.param("iavf", "rx-0.packets", id="a VF's driver whose names are not those of each PF's"),
        pytest.param("i40e", "rx-0.rx_packets", id="i40e before Linux 4.20"),
        pytest.param("e1000e", "rx_queue_0_packets", id="a driver whose counters are not known"),
        pytest.param("mystery", "rxq0: frames", id="an unknown driver"),
        pytest.param("none", "queue_0_rx_cnt", id="no driver"),
    ],
)
def test_a_driver_may_name_its_queues_as_another_does(driver, name):
    assert queue_rates({name: 5.0, "rx_packets": 7.0}, driver=driver) == {0: 5.0}


def test_a_driver_s_own_names_come_first():
    found = {"rx-0.packets": 5.0, "rx_queue_0_packets": 7.0}
    assert [queue_rates(found, driver=driver) for driver in ("i40e", "ice")] == [{0: 5.0}, {0: 7.0}]


def test_bnxt_counts_three_kinds_of_packets():
    kinds = {"ucast": 100.0, "mcast": 10.0, "bcast": 1.0}
    found = {f"[{ring}]: rx_{kind}_packets": rate for ring in (0, 1) for kind, rate in kinds.items()}
    assert queue_rates({**found, "[0]: rx_discards": 5.0, "[0]: tx_ucast_packets": 5.0}) == {0: 111.0, 1: 111.0}


# What a driver tells of two queues, as it names it, and what each of them received: some in "packets", some apart.
APART = [
    pytest.param(
        "mlx5_core",
        {
            "rx_packets": 1000.0,  # en_stats.c: of the rings alone
            "rx_xdp_redirect": 59e6,
            "rx0_packets": 600.0,
            "rx0_xdp_drop": 20.0,
            "rx0_xdp_redirect": 59e6,
            "rx0_xdp_tx_xmit": 5.0,
            "rx0_xdp_tx_cqe": 5.0,
            "rx1_packets": 400.0,
            "rx1_xsk_packets": 50.0,
            "rx1_xsk_xdp_drop": 2.0,
            "rx1_xsk_xdp_redirect": 3e6,
            "rx1_xsk_wqe_err": 9.0,
            "tx0_xdp_xmit": 9.0,
        },
        {0: 59000625.0, 1: 3000452.0},
        62001077.0,
        id="mlx5",
    ),
    pytest.param(
        "mlx5_core",
        {"rx0_packets": 3.0, "rx1_packets": 4.0, "ptp_rq0_packets": 2.0},
        {0: 3.0, 1: 4.0},
        9.0,
        id="mlx5 with a ring for time stamps",
    ),
    pytest.param(
        "mlx4_core",
        {
            "rx0_packets": 1.0,
            "rx0_dropped": 9.0,
            "rx0_xdp_drop": 100.0,
            "rx0_xdp_redirect": 10.0,
            "rx0_xdp_redirect_fail": 9.0,
            "rx0_xdp_tx": 1000.0,
            "rx0_xdp_tx_full": 9.0,
            "rx1_packets": 2.0,
        },
        {0: 1111.0, 1: 2.0},
        1113.0,
        id="mlx4",
    ),
    pytest.param(
        "mana",
        {
            "rx_0_packets": 5.0,
            "rx_0_xdp_drop": 7.0,
            "rx_0_xdp_tx": 3.0,
            "rx_0_xdp_redirect": 1.0,
            "rx_1_packets": 1.0,
        },
        {0: 12.0, 1: 1.0},
        13.0,
        id="mana",
    ),
    pytest.param(
        "hv_netvsc",
        {"rx_queue_0_packets": 5.0, "rx_queue_0_xdp_drop": 7.0, "rx_queue_1_packets": 1.0, "vf_rx_packets": 1000.0},
        {0: 12.0, 1: 1.0},
        1013.0,
        id="hv_netvsc, most of it by its VF",
    ),
    pytest.param(
        "qede",
        {"0: rcv_pkts": 5.0, "0: rx_hw_errors": 9.0, "0: xdp_no_pass": 7.0, "1: rcv_pkts": 1.0},
        {0: 12.0, 1: 1.0},
        13.0,
        id="qede",
    ),
    pytest.param(
        "vmxnet3",
        {"  LRO pkts rx": 9.0, "  ucast pkts rx": 100.0, "  mcast pkts rx": 10.0, "  bcast pkts rx": 1.0},
        {},
        111.0,
        id="vmxnet3, which has no queues in its names",
    ),
]


@pytest.mark.parametrize(("driver", "found", "queues", "total"), APART)
def test_what_a_driver_counts_apart_is_part_of_the_whole(driver, found, queues, total):
    """The kernel's counter of mlx5 and mlx4 has no packet that a program took."""
    assert queue_rates(found, driver) == queues
    received = packets(found, {"rx_packets": 1000.0}, driver)
    assert (received.per_second, received.counted_by) == (total, "driver")


@pytest.mark.parametrize(("driver", "found", "queues", "total"), APART)
def test_all_that_is_added_up_is_shown(driver, found, queues, total):
    counters = packets(found, {}, driver).counters
    assert sum(found[name] for name in counters) == total
    assert [name for name in counters if not re.search(DEFAULT_PATTERN, name)] == []


@pytest.mark.parametrize(
    ("driver", "found", "kernel", "received"),
    [
        pytest.param(
            "ixgbe",
            {"rx_queue_0_packets": 1.0, "rx_queue_1_packets": 2.0, "rx_packets": 9.0},
            {"rx_packets": 8.0},
            Packets(3.0, "driver", ("rx_queue_0_packets", "rx_queue_1_packets")),
            id="queues of a driver that is known",
        ),
        pytest.param(
            "mystery",
            {"rx_queue_0_packets": 1.0, "rx_packets": 9.0},
            {"rx_packets": 8.0},
            Packets(8.0, "kernel"),
            id="counters that look like another driver's",
        ),
        pytest.param(
            "i40e",
            {"rx-0.rx_packets": 1.0},
            {"rx_packets": 8.0},
            Packets(8.0, "kernel"),
            id="a release of a driver that is not known",
        ),
        pytest.param(
            "igbvf", {"rx_packets": 9.0, "lbrx_packets": 1.0}, {"rx_packets": 8.0}, Packets(8.0, "kernel"), id="igbvf"
        ),
        pytest.param(
            "virtio_net", {"rx_drops": 0.0}, {"rx_packets": 8.0}, Packets(8.0, "kernel"), id="virtio_net of 6.12"
        ),
        pytest.param("veth", {}, {"rx_packets": 8.0}, Packets(8.0, "kernel"), id="no counters of its own"),
        pytest.param("mystery", {"rx_packets": 9.0}, {}, Packets(None, "nothing"), id="nobody"),
        pytest.param("mystery", {}, {"rx_packets": None}, Packets(None, "kernel"), id="the kernel's was reset"),
        pytest.param(
            "ixgbe",
            {"rx_queue_0_packets": 1.0, "rx_queue_1_packets": None},
            {"rx_packets": 8.0},
            Packets(None, "driver", ("rx_queue_0_packets", "rx_queue_1_packets")),
            id="a queue was reset",
        ),
    ],
)
def test_what_is_not_known_to_be_all_is_not_called_packets_per_second(driver, found, kernel, received):
    assert packets(found, kernel, driver) == received


CHOSEN = [
    *(
        "rx_packets",
        "rx_pkts_nic",
        "rx_queue_0_packets",
        "rx_missed_errors",
        "rx_no_dma_resources",
        "rx_no_buffer_count",
    ),
    *("fdir_match", "fdir_miss", "fdir_overflow", "port.fdir_sb_match", "fdir_sb_match.nic", "rx_unicast.nic"),
    *("rx-0.packets", "rx-0.rx_packets", "[0]: rx_ucast_packets", "rx0_xsk_packets", "queue_0_rx_cnt", "0: rcv_pkts"),
    *("rxq0: frames", "rx_discards_phy", "port_rx_nodesc_drops", "rx_overruns", "rx_drops"),
    # Losses, as drivers name them.
    *("rx_out_of_buffer", "rx0_wqe_err", "rx0_buff_alloc_err", "rx_oversize_pkts_sw_drop", "rx_prio0_buf_discard"),
    *("  pkts rx OOB", "  pkts rx err", "  drv dropped rx total", "  rx buf alloc fail", "alloc_rx_page_failed"),
    *("rx_noskb_drops", "rx_nodesc_trunc", "rx_no_bufs", "hc_rx_discards_no_wqe", "rx_no_memory", "no_buff_discards"),
    *("rx_queue_0_alloc_failed", "queue_0_rx_page_alloc_fail", "bw_in_allowance_exceeded", "pps_allowance_exceeded"),
    *("[0]: rx_buf_errors", "rx_total_oom_discards", "port.rx_discards", "rx_dropped.nic", "rxq0: rx_drops_no_skbs"),
]
LEFT = [
    *(
        "tx_packets",
        "tx_queue_0_packets",
        "rx_bytes",
        "rx_queue_0_bytes",
        "rx_vport_unicast_bytes",
        "[0]: rx_ucast_bytes",
    ),
    *("rx_flow_control_xon", "rx_size_64.nic", "rx_csum_unnecessary", "port.fdir_sb_status", "queue_0_tx_cnt"),
    *("rx0_xdp_tx_cqe", "rx_interrupts", "  ucast pkts tx", "  LRO byte rx", "tx_dropped", "rx0_cqe_compress_blks"),
]


@pytest.mark.parametrize(("name", "chosen"), [*((n, True) for n in CHOSEN), *((n, False) for n in LEFT)])
def test_the_default_pattern_chooses_what_is_received_or_lost(name, chosen):
    assert bool(re.search(DEFAULT_PATTERN, name)) == chosen
