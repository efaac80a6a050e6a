# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module rx_rate through main(), on a simulated host whose driver counts by a clock that the test holds."""

from __future__ import annotations

import errno
import json
import resource
import struct
import time
import types

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module import run as _run
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import ethtool_abi as abi
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ethtool import Ethtool
from ansible_collections.kernel_bypass.sriov.plugins.modules import rx_rate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

from .test_returns import differing, returned, said_by

IFINDEX = 3  # of enp1s0
AMBIENT = ("invocation", "warnings")  # ansible-core keeps warnings for a whole process, other tests' too


class Clock:
    """It goes on only while somebody sleeps, and by a tenth more than asked."""

    def __init__(self):
        self.now = 5000.0
        self.slept = []

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds * 1.1


class Driver(Ethtool):
    """Statistics as a function of the seconds since the test began.

    :param counters: seconds -> the statistics of enp1s0.
    """

    def __init__(self, clock, counters):
        self._clock = clock
        self._began = clock.now
        self._counters = counters

    def statistics(self, name):
        return self._counters(self._clock.now - self._began) if name == "enp1s0" else {}


def steady(seconds):
    """ixgbe at 1500 packets a second on two queues of four, two of which are in use."""
    packets = [1000 * seconds, 500 * seconds, 0, 0]
    return {
        "rx_packets": 10**12 + int(sum(packets)),
        "tx_packets": int(7 * seconds),
        "rx_missed_errors": 3,
        "rx_bytes": int(64 * sum(packets)),
        "fdir_match": int(250 * seconds),
        **{f"rx_queue_{queue}_packets": 10**9 + int(count) for queue, count in enumerate(packets)},
    }


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kernel(tmp_path, clock):
    files = {**hosts.host(hosts.IXGBE), "sys/class/net/enp1s0/queues/rx-1": DIRECTORY}
    kernel = simulate(tmp_path, files)
    kernel.ethtool = Driver(clock, steady)
    return kernel


@pytest.fixture
def for_real(kernel, monkeypatch):
    """Runs the module as on a host, in a process of its own."""
    monkeypatch.setattr(_run, "Kernel", lambda: kernel)
    module = types.SimpleNamespace(main=lambda _kernel: rx_rate.main())

    def run_for_real(**options):
        begun = time.monotonic()
        result = run_module(module, None, **{"pf": "enp1s0", "seconds": 0.1, **options})
        return result, time.monotonic() - begun

    return run_for_real


@pytest.mark.parametrize("pattern", [r"^((\w|\w)|(\w|\w))*!", r"(.*)*(.*)*(.*)*!", r"(_?(r|x|.|\w)+)+!"])
def test_a_pattern_that_would_take_hours_is_refused_once_it_has_had_its_share(for_real, pattern):
    """A regular expression that tries each way to divide a name: nobody gets Python out of it but by ending it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result, _seconds = for_real(pattern=pattern, timeout=100)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (result["failed"], result["failure"]["kind"]) == (True, "invalid")
    assert result["failure"]["what"] == f"pattern: {pattern!r} takes more than 2 s to search"
    assert after.ru_utime - before.ru_utime < 5, "of a processor"


@pytest.mark.parametrize("given", ["inf", "nan", "1e300", "-inf"])
def test_a_time_that_is_none_is_refused_before_anybody_waits_for_it(for_real, given):
    result, _seconds = for_real(seconds=given)
    assert result["msg"] == f"seconds: {given!r} is no number. Remedy: write it in digits, as in 0.5."


def run(kernel, clock, check=False, **options):
    module = types.SimpleNamespace(main=lambda outside: rx_rate.main(outside, clock.time, clock.sleep))
    return run_module(module, kernel, check, **{"pf": "enp1s0", **options})


def test_rates_of_a_steady_stream(kernel, clock):
    result = run(kernel, clock, seconds=10)
    assert clock.slept == [10]
    assert {name: value for name, value in result.items() if name not in AMBIENT} == {
        "failed": False,
        "changed": False,
        "steps": [],
        "diff": {"before": {}, "after": {}},
        "interface": "enp1s0",
        "seconds": 11.0,
        "packets_per_second": 1500.0,
        "counted_by": "driver",
        "queues": [{"queue": 0, "packets_per_second": 1000.0}, {"queue": 1, "packets_per_second": 500.0}],
        "rates": {
            "rx_packets": 1500.0,
            "rx_missed_errors": 0.0,
            "fdir_match": 250.0,
            "rx_queue_0_packets": 1000.0,
            "rx_queue_1_packets": 500.0,
        },
        "kernel": {},
        "reset": [],
        "since_reset": [],
        "not_seen": [],
    }


def test_what_the_ioctl_gives_is_what_is_rated(tmp_path):
    """The real Ethtool on a simulated ixgbe, which names 64 queues and has 8 in use."""
    queues = {f"sys/class/net/enp1s0/queues/rx-{queue}": DIRECTORY for queue in range(8)}
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **queues, "sim/statistics/enp1s0": "{}"})
    clock = Clock()

    def sleep(seconds):
        clock.sleep(seconds)
        moved = {"rx_packets": 33, "fdir_match": 11, "rx_queue_0_packets": 22, "rx_queue_7_packets": 11}
        (tmp_path / "sim/statistics/enp1s0").write_text(json.dumps(moved), encoding="utf-8")

    module = types.SimpleNamespace(main=lambda outside: rx_rate.main(outside, clock.time, sleep))
    result = run_module(module, kernel, pf="enp1s0")
    moved = {name: rate for name, rate in result["rates"].items() if rate}
    assert moved == {"rx_packets": 30.0, "fdir_match": 10.0, "rx_queue_0_packets": 20.0, "rx_queue_7_packets": 10.0}
    assert result["queues"] == [{"queue": 0, "packets_per_second": 20.0}, {"queue": 7, "packets_per_second": 10.0}]
    assert (result["packets_per_second"], result["counted_by"]) == (30.0, "driver")
    assert len(result["rates"]) < 20


def test_idle_queues_when_they_are_asked_for(kernel, clock):
    """Two queues of four are in use."""
    kernel.ethtool = Driver(clock, lambda seconds: {**steady(seconds), "rx_queue_1_packets": 7})
    queues = run(kernel, clock, seconds=10, idle=True)["queues"]
    assert queues == [{"queue": 0, "packets_per_second": 1000.0}, {"queue": 1, "packets_per_second": 0.0}]
    assert [queue["queue"] for queue in run(kernel, clock, seconds=10)["queues"]] == [0]


def test_counters_of_one_name_are_added_up(tmp_path):
    """As vmxnet3 names those of its queues (vmxnet3_ethtool.c vmxnet3_get_strings)."""
    names = ["Rx Queue#", "  ucast pkts rx", "  mcast pkts rx", "  bcast pkts rx", "  pkts rx OOB"]
    kernel = simulate(tmp_path, hosts.host(hosts.Nic("vmxnet3", "none", "15ad", "07b0", 0)))
    kernel.ethtool = Vmxnet3(names, [[0, 5_000_000, 3, 150, 7], [1, 6_000_000, 0, 3000, 1]])
    assert kernel.ethtool.statistics("enp1s0") == {
        "Rx Queue#": 1,
        "  ucast pkts rx": 11_000_000,
        "  mcast pkts rx": 3,
        "  bcast pkts rx": 3150,
        "  pkts rx OOB": 8,
    }


class Vmxnet3(Ethtool):
    """Answers for its counters, each queue under the same names, in the kernel's own structures."""

    def __init__(self, names, queues):
        self._names = names * len(queues)
        self._values = [value for queue in queues for value in queue]

    def _ioctl(self, name, buffer):
        count = len(self._names)
        command = int.from_bytes(buffer[:4], "little")
        if command == abi.GSSET_INFO:
            struct.pack_into("=QI", buffer, 8, 1 << abi.SS_STATS, count)
        elif command == abi.GSTRINGS:
            buffer[12:] = b"".join(each.encode().ljust(32, b"\0") for each in self._names)
        elif command == abi.GSTATS:
            struct.pack_into(f"={count}Q", buffer, 8, *self._values)


def counting(tmp_path, clock, name, per_second):
    """A clock whose sleep lets the kernel's counters of an interface grow."""
    folder = tmp_path / f"sys/class/net/{name}/statistics"
    folder.mkdir(parents=True, exist_ok=True)

    def write():
        for counter, rate in per_second.items():
            (folder / counter).write_text(f"{int(10**6 + rate * (clock.now - 5000))}\n", encoding="utf-8")

    def sleep(seconds):
        clock.sleep(seconds)
        write()

    write()
    return types.SimpleNamespace(main=lambda outside: rx_rate.main(outside, clock.time, sleep))


@pytest.mark.parametrize("own", [{}, {"rx_packets": 5, "rx_queue_drops": 1}], ids=["silent", "knows no packets"])
def test_a_driver_that_does_not_count_all_gets_the_kernels_numbers(tmp_path, clock, own):
    kernel = simulate(tmp_path, hosts.host(hosts.Nic("mystery", "none", "9999", "999a", 0)))
    kernel.ethtool = Driver(clock, lambda _seconds: own)
    module = counting(tmp_path, clock, "enp1s0", {"rx_packets": 900, "rx_dropped": 20, "rx_bytes": 60000})
    result = run_module(module, kernel, pf="enp1s0", seconds=10, interval=5)
    assert (result["failed"], result["counted_by"]) == (False, "kernel")
    assert result["packets_per_second"] == pytest.approx(900.0, rel=1e-3)  # the clock is in tenths, packets are whole
    assert result["kernel"] == pytest.approx({"rx_dropped": 20.0, "rx_packets": 900.0}, rel=1e-2)
    assert result["queues"] == []
    assert [sample["packets_per_second"] for sample in result["samples"]] == pytest.approx([900.0, 900.0], rel=1e-3)
    assert repr(rx_rate.DEFAULT_PATTERN) not in str(result.get("warnings"))


def test_the_kernels_losses_are_shown_beside_the_drivers_packets(tmp_path, kernel, clock):
    module = counting(tmp_path, clock, "enp1s0", {"rx_packets": 1400, "rx_missed_errors": 100})
    result = run_module(module, kernel, pf="enp1s0", seconds=10)
    assert (result["packets_per_second"], result["counted_by"]) == (1500.0, "driver")
    assert result["kernel"] == {"rx_missed_errors": 100.0, "rx_packets": 1400.0}


def test_a_second_is_sampled_unless_told(kernel, clock):
    assert (run(kernel, clock)["seconds"], clock.slept) == (1.1, [1.0])


def test_the_pattern_chooses_counters_and_not_queues(kernel, clock):
    result = run(kernel, clock, pattern="^tx_|^fdir_match$", pf=hosts.IXGBE.address)
    assert result["rates"] == {"tx_packets": pytest.approx(7.0, abs=1), "fdir_match": 250.0}
    assert result["packets_per_second"] == pytest.approx(1500.0)


def test_a_pattern_that_finds_nothing_is_reported(kernel, clock):
    assert "no counter" not in str(run(kernel, clock))
    result = run(kernel, clock, pattern="no_such_counter")
    assert (result["failed"], result["rates"]) == (False, {})
    assert "no counter of enp1s0 is named so: 'no_such_counter'" in str(result["warnings"])


def test_samples_second_by_second(kernel, clock):
    kernel.ethtool = Driver(clock, lambda seconds: {"rx_queue_0_packets": 0 if seconds < 1.5 else 90, "rx_errors": 1})
    result = run(kernel, clock, seconds=3, interval=1)
    assert [sample["seconds"] for sample in result["samples"]] == [1.1, 2.09, 3.091]
    assert [sample["rates"] for sample in result["samples"]] == [{}, {"rx_queue_0_packets": 90.9091}, {}]
    assert [sample["packets_per_second"] for sample in result["samples"]] == [0.0, 90.9091, 0.0]
    assert "samples" not in run(kernel, clock)


def test_a_card_that_is_reset_on_the_way_has_no_rates(kernel, clock):
    kernel.ethtool = Driver(clock, lambda seconds: {"rx_queue_0_packets": 500 if seconds < 1 else 3, "rx_errors": 7})
    result = run(kernel, clock, seconds=2)
    assert (result["reset"], result["rates"]) == (["rx_queue_0_packets"], {"rx_errors": 0.0})
    assert result["packets_per_second"] is None


def test_a_queue_that_began_again_is_told_with_what_came_since_and_the_others_keep_their_rates(kernel, clock):
    """As when a zero-copy AF_XDP socket is bound to queue 1: never a negative rate."""

    def bound(seconds):
        counted = 500 * seconds if seconds < 2.5 else 500 * (seconds - 2.5)
        return {**steady(seconds), "rx_queue_1_packets": int(10**9 * (seconds < 2.5) + counted)}

    kernel.ethtool = Driver(clock, bound)
    result = run(kernel, clock, seconds=4, interval=1)
    assert result["packets_per_second"] is None
    assert result["queues"][0] == {"queue": 0, "packets_per_second": pytest.approx(1000, rel=1e-3)}
    assert result["queues"][1] == {"queue": 1, "packets_per_second": None}
    assert result["reset"] == ["rx_packets", "rx_queue_1_packets"]
    assert result["since_reset"] == [{"queue": 1, "packets": pytest.approx(500 * (result["seconds"] - 2.5), abs=2)}]
    assert [bool(sample["since_reset"]) for sample in result["samples"]] == [False, False, True, False]
    steady_ones = [sample["packets_per_second"] for sample in result["samples"] if not sample["since_reset"]]
    assert steady_ones == pytest.approx([1500.0] * 3, rel=0.01)
    assert "the counters of queue 1 of enp1s0 went back meanwhile" in str(result["warnings"])
    assert differing(said_by(rx_rate), returned(result), "", set()) == []


def losing(tmp_path, clock, listed, later):
    """A host whose sockets are others once somebody has slept."""
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **hosts.sockets(*listed)})
    kernel.ethtool = Driver(clock, steady)

    def sleep(seconds):
        clock.sleep(seconds)
        (tmp_path / "sim/sockets").write_text(json.dumps(later), encoding="utf-8")

    module = types.SimpleNamespace(main=lambda outside: rx_rate.main(outside, clock.time, sleep))
    return run_module(module, kernel, pf="enp1s0", seconds=10, sockets=True)


def test_what_af_xdp_sockets_of_the_interface_lose_is_told_when_asked(tmp_path, clock):
    other = hosts.xdp_socket(32, 77, 1)
    result = losing(
        tmp_path,
        clock,
        [hosts.xdp_socket(31, IFINDEX, 1, (0, 0, 11, 0)), other],
        [hosts.xdp_socket(31, IFINDEX, 1, (0, 0, 33, 0)), other],
    )
    (found,) = result["sockets"]
    assert (found["queue"], found["inode"]) == (1, 31)
    assert found["lost"] == {"rx_dropped": 0, "rx_invalid_descs": 0, "rx_ring_full": 33, "rx_fill_ring_empty_descs": 0}
    assert found["lost_per_second"]["rx_ring_full"] == 2.0
    assert differing(said_by(rx_rate), returned(result), "", set()) == []
    assert "sockets" not in run(simulate(tmp_path / "other", hosts.host(hosts.IXGBE)), clock)


def test_a_kernel_that_tells_nothing_of_sockets_is_told_of(tmp_path, clock):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE), Behaviour(netlink_errors={20: errno.ENOENT}))
    kernel.ethtool = Driver(clock, steady)
    result = run(kernel, clock, sockets=True)
    assert (result["failed"], result["sockets"]) == (False, [])
    (sentence,) = result["not_seen"]
    assert sentence.startswith("what AF_XDP sockets of enp1s0 lose: netlink refused a question [ENOENT")


def test_a_kernel_that_does_not_count_what_sockets_lose_shows_none(tmp_path, clock):
    """Before Linux 5.9: the attribute is not there."""
    silent = [hosts.xdp_socket(31, IFINDEX, 1, losses=None)]
    assert losing(tmp_path, clock, silent, silent)["sockets"] == []


def test_check_mode_samples_as_well_and_nothing_is_written(tmp_path, kernel, clock):
    before = snapshot(tmp_path)
    predicted, done = run(kernel, clock, check=True), run(kernel, clock)
    assert predicted["rates"].keys() == done["rates"].keys()
    assert predicted["packets_per_second"] == pytest.approx(done["packets_per_second"], rel=0.01)
    assert (snapshot(tmp_path), written(kernel)) == (before, [])


@pytest.mark.parametrize("check", [False, True], ids=["real run", "check mode"])
@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        pytest.param(
            {"seconds": 0},
            "invalid",
            "seconds: 0 is not between 0 and 3600. Remedy: give a time such as 1 or 2.5.",
            id="no time",
        ),
        pytest.param(
            {"seconds": "nan"},
            "invalid",
            "seconds: 'nan' is no number. Remedy: write it in digits, as in 0.5.",
            id="no number",
        ),
        pytest.param(
            {"interval": 2},
            "invalid",
            "interval: 2 does not divide 1 s into 1 to 3600 samples. Remedy: give 0.000277778 or more, and no more "
            "than seconds.",
            id="an interval longer than the whole",
        ),
        pytest.param(
            {"pattern": "rx_[packets"},
            "invalid",
            "pattern: 'rx_[packets' is no regular expression: unterminated character set at position 3. Remedy: "
            "correct it there, or write a backslash before a character that stands for itself.",
            id="no regular expression",
        ),
        pytest.param(
            {"timeout": 0}, "invalid", "timeout: 0 is less than a second. Remedy: give 1 or more.", id="no timeout"
        ),
        pytest.param(
            {"pf": "enp7s0"},
            "not_found",
            "pf: nothing on this host is called 'enp7s0': its network cards are enp1s0. Remedy: name a network "
            "card by interface name, altname, MAC or PCI address.",
            id="nobody",
        ),
    ],
)
def test_what_cannot_be_sampled_is_refused_before_a_moment_is_spent(kernel, clock, options, kind, message, check):
    result = run(kernel, clock, check, **options)
    assert (result["failed"], result["failure"]["kind"], result["msg"]) == (True, kind, message)
    assert clock.slept == []


def test_an_interface_without_statistics_is_not_waited_for(kernel, clock):
    kernel.ethtool = Driver(clock, lambda seconds: {})
    result = run(kernel, clock, seconds=60)
    assert (result["failure"]["kind"], clock.slept) == ("unsupported", [])
    assert result["msg"] == (
        "pf: enp1s0 has no statistics: its driver (ixgbe) gives nothing for `ethtool -S`, and the kernel has no "
        "counters of it. Remedy: name another interface."
    )


def test_an_interface_that_goes_away_meanwhile_is_reported(tmp_path, kernel, clock):
    def unplugged(seconds):
        if seconds:
            (tmp_path / "sys/class/net/enp1s0").rename(tmp_path / "sys/class/net/enp1s0np0")
        return {} if seconds else {"rx_packets": 1}

    kernel.ethtool = Driver(clock, unplugged)
    result = run(kernel, clock)
    assert (result["failure"]["kind"], result["failure"]["what"]) == (
        "not_found",
        "enp1s0 went away while it was sampled",
    )


def test_a_kernel_that_does_not_answer_does_not_hold_the_module(kernel, clock):
    def blocked(_seconds):
        time.sleep(3)
        return {"rx_packets": 1}

    kernel.ethtool = Driver(clock, blocked)
    began = time.monotonic()
    result = run(kernel, clock, timeout=1)
    assert time.monotonic() - began < 2.5
    assert (result["failure"]["kind"], result["failure"]["what"]) == (
        "timeout",
        "the statistics of enp1s0 could not be read in 1 s",
    )
