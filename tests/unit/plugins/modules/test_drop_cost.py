# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module drop_cost through main(), on a simulated host: what is measured and refused, and that all is as before."""

from __future__ import annotations

import json
import types

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.drop_cost import DropCost
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.conversation import Ended
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.dropping import TABLE
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.drop_cost import Before
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import DROP_COST
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.others import others
from ansible_collections.kernel_bypass.sriov.plugins.modules import drop_cost, host, rss, xsk_queue
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.filters import Filters
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

from .test_returns import differing, returned, said_by

LABEL = "enp1s0 (0000:01:00.0)"
VF = hosts.IXGBE.vf(0)
WISH = {"pf": "enp1s0", "contender": "raw", "seconds": 5, "allow": ["drop_traffic"]}
THREADED, STATISTICS = "sys/class/net/enp1s0/threaded", "sim/statistics/enp1s0"
COST, RATE = 208, 10_000


class Killed(BaseException):
    """The process is gone, with nobody to bring anything back."""


class Traffic:
    """Packets that come while somebody sleeps; the threads of NAPI and the rules see them."""

    def __init__(self, kernel, root):
        self.kernel, self.root, self.now = kernel, root, 1000.0
        self.packets, self.to_port, self.missed, self.killed = 0, 1.0, 0, False
        self.seen = []  # what the host was like meanwhile

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        if self.killed:
            raise Killed
        self.packets += int(RATE * seconds)
        self.seen.append((self.table(), self.threaded(), self.dropping()))
        queues = sorted(set(self.table()))
        counters = {f"rx_queue_{queue}_packets": self.packets // len(queues) for queue in queues}
        files = {
            STATISTICS: json.dumps({**counters, "rx_no_dma_resources": self.missed}),
            "proc/4001/schedstat": f"{self.packets * COST} 5 7",
        }
        build(self.root, files)
        dropped, run = int(self.packets * self.to_port), self.kernel.run
        run.lists["iptables-legacy"] = f"{dropped} 9 DROP udp -- enp1s0 * 0.0.0.0/0 0.0.0.0/0 udp dpt:4321\n"
        if run.table:
            run.lists["nft"] = f"counter packets {dropped} bytes 9 drop"

    def table(self):
        return self.kernel.ethtool.rss("enp1s0").table

    def threaded(self):
        return (self.root / THREADED).read_text().strip()

    def dropping(self):
        run = self.kernel.run
        return "iptables" if run.rules else "nft" if run.table else "XDP" if run.attached else ""

    def state(self):
        return self.table(), self.threaded(), self.dropping(), (self.root / DROP_COST.lstrip("/")).exists()


def simulated(root):
    files = {
        **hosts.host(hosts.IXGBE),
        THREADED: "0",
        "sys/class/net/enp1s0/carrier": "1",
        "sys/class/net/enp1s0/statistics/rx_missed_errors": "0",
        **hosts.process(4001, "-"),
        "proc/4001/comm": "napi/enp1s0-8193",
        "proc/4001/schedstat": "0 0 0",
        **hosts.process(4002, "-"),
        "proc/4002/comm": "napi/enp2s0-8194",
        "proc/4002/schedstat": "999999999 0 0",
    }
    queues = {f"sys/class/net/enp1s0/queues/rx-{queue}": DIRECTORY for queue in range(8)}
    return simulate(root, {**files, **queues})


@pytest.fixture
def traffic(tmp_path):
    return Traffic(Filters.on(simulated(tmp_path)), tmp_path)


def measure(traffic, check=False, **options):
    module = types.SimpleNamespace(main=lambda kernel: drop_cost.main(kernel, traffic.clock, traffic.sleep))
    result = run_module(module, traffic.kernel, check=check, **{**WISH, **options})
    traffic.kernel.run.lists.clear()
    return result


@pytest.mark.parametrize(
    ("options", "by", "meanwhile", "queues"),
    [
        ({"queues": 1}, "iptables-legacy", "iptables", [0]),
        ({"queues": 4}, "iptables-legacy", "iptables", [0, 1, 2, 3]),
        ({}, "iptables-legacy", "iptables", list(range(8))),
        ({"contender": "nft", "queues": 2}, "nft", "nft", [0, 1]),
        ({"contender": "xdp", "queues": 1}, "XDP", "XDP", [0]),
    ],
    ids=lambda value: str(value),
)
def test_the_cost_is_measured_and_the_host_is_as_it_was(traffic, options, by, meanwhile, queues):
    before = traffic.state()
    result = measure(traffic, **options)
    assert not result["failed"], result["msg"]
    assert (result["changed"], result["steps"], result["dropped_by"]) == (False, [], by)
    assert (result["ns_per_packet"], result["packets_per_core_second"]) == (COST, 4808000.0)
    assert (result["packets"], result["seconds"], result["received_per_second"]) == (50_000, 5.0, RATE)
    assert [each["queue"] for each in result["queues"]] == queues
    assert {(tuple(sorted(set(table))), threaded, dropping) for table, threaded, dropping in traffic.seen} == {
        (tuple(queues), "1", meanwhile)
    }
    assert traffic.state() == before == (before[0], "0", "", False)


def test_without_iptables_legacy_it_is_nft_and_says_so(traffic):
    traffic.kernel.run.without.add("iptables-legacy")
    result = measure(traffic)
    assert (result["dropped_by"], traffic.seen[0][2]) == ("nft", "nft")


def test_a_table_that_was_set_by_hand_comes_back(traffic):
    assert not run_module(rss, traffic.kernel, pf="enp1s0", weights=[3, 1])["failed"]
    before = traffic.state()
    for options in ({"queues": 1}, {"contender": "xdp"}):
        assert not measure(traffic, **options)["failed"]
        assert traffic.state() == before


def test_lost_packets_are_told(traffic):
    sleep = traffic.sleep

    def loses(seconds):
        traffic.missed += 1000
        sleep(seconds)

    traffic.sleep = loses
    result = measure(traffic)
    assert (result["lost_per_second"], result["offered_per_second"]) == (2000.0, 12000.0)


@pytest.mark.parametrize(("virtual", "real"), [("none", True), ("kvm", True), ("qemu", False)])
def test_it_says_whose_time_it_was(traffic, virtual, real):
    traffic.kernel.run.virtual = virtual
    assert measure(traffic)["clock"] == {"real": real, "virtualization": virtual, "clock_source": ""}


# --- What goes wrong ---


def test_what_cost_something_else_is_told_and_all_is_as_before(traffic):
    traffic.to_port, before = 0.5, traffic.state()
    result = measure(traffic)
    assert result["msg"] == (
        f"contender: iptables-legacy did not drop what came on {LABEL}: of 50000 packets 25000 were to UDP port 4321, "
        "and others cost something else. Remedy: have the generator send to that port, or name another (port)."
    )
    assert traffic.state() == before


def test_where_nothing_comes_there_is_no_cost(traffic):
    traffic.sleep, before = lambda seconds: None, traffic.state()
    result = measure(traffic)
    assert "too little was received to be measured" in result["msg"] and traffic.state() == before


@pytest.mark.parametrize("options", [{"queues": 1}, {"contender": "nft"}, {"contender": "xdp"}], ids=str)
def test_the_next_run_brings_back_what_a_killed_one_left(traffic, options):
    run_module(rss, traffic.kernel, pf="enp1s0", weights=[3, 1])
    before = traffic.state()
    traffic.killed = True
    back, drop_cost_setting = [], drop_cost.measure.__globals__["setting"]
    kept, drop_cost_setting.back = drop_cost_setting.back, lambda *given: back.append(given)
    try:
        with pytest.raises(Killed):
            drop_cost.measure(traffic.kernel, drop_cost.wanted(whole(options)), False, means(traffic))
    finally:
        drop_cost_setting.back = kept
    assert traffic.state() != before
    traffic.killed = False
    assert f"{LABEL} may drop what it receives ({back[0][1].by})" in others(traffic.kernel)[0]
    looked = measure(traffic, check=True)
    assert looked["steps"] == [f"bring {LABEL} back to what it was before a run that was killed"]
    result = measure(traffic, queues=2)
    assert not result["failed"], result["msg"]
    assert others(traffic.kernel) == []
    assert result["changed"] and f"have {back[0][1].by} drop nothing on enp1s0 any more" in result["steps"]
    assert traffic.state() == before


def whole(options):
    defaults = {name: option.get("default") for name, option in drop_cost.ARGUMENT_SPEC.items()}
    return {**defaults, **WISH, **options}


def means(traffic):
    return drop_cost.Means(10, traffic.clock, traffic.sleep, lambda _told: None)


def test_what_cannot_be_put_back_is_told_and_kept_for_the_next_run(traffic):
    traffic.kernel.run.refuses = "nft delete"
    result = measure(traffic, contender="nft")
    assert result["failed"] and "nft delete table ip" in result["failure"]["why"]
    assert traffic.state()[1:] == ("0", "nft", True), "the others are put back"
    traffic.kernel.run.refuses = ""
    assert measure(traffic)["steps"] == ["have nft drop nothing on enp1s0 any more"]


# --- What is refused, before anything is changed ---


def with_address(traffic):
    entry = json.loads((traffic.root / "sim/interfaces/enp1s0").read_text())
    entry["addr_info"] = [{"family": "inet", "local": "10.0.0.2", "prefixlen": 24, "scope": "global"}]
    build(traffic.root, {"sim/interfaces/enp1s0": json.dumps(entry)})


def with_rule(traffic):
    run_module(
        host, traffic.kernel, pfs=[{"pf": "enp1s0", "rules": [{"flow_type": "udp4", "dst_port": 7, "queue": 1}]}]
    )


def with_vfs(traffic):
    run_module(host, traffic.kernel, pfs=[{"pf": "enp1s0", "num_vfs": 2}])


def with_xdp(traffic):
    entry = json.loads((traffic.root / "sim/interfaces/enp1s0").read_text())
    build(traffic.root, {"sim/interfaces/enp1s0": json.dumps({**entry, "xdp": {"mode": 1}})})


def with_table_of_that_name(traffic):
    traffic.kernel.run.table = f"table ip {TABLE} {{}}"


REFUSED = {
    "without consent": (
        None,
        {"allow": []},
        f"contender: packets would be dropped on {LABEL}: what comes to UDP port 4321 is dropped for 5 s. "
        "Remedy: if that is what you want: allow: [drop_traffic].",
    ),
    "all of them, without consent": (None, {"allow": [], "contender": "xdp"}, "everything is dropped for 5 s"),
    "queues that are not there": (
        None,
        {"queues": 17},
        f"queues: 17 on {LABEL}: the RSS group has 8 queues. Remedy: give 1 to 8, or leave it out.",
    ),
    "another program": (with_xdp, {}, "enp1s0 has an XDP program attached"),
    "flow rules that the driver drops": (
        with_rule,
        {"contender": "xdp"},
        "ixgbe drops flow rules when a program is attached, and there are some",
    ),
    "VFs": (with_vfs, {"contender": "xdp"}, "ixgbe has XDP or VFs, not both, and there are 2 VFs"),
    "who uses it": (with_address, {"contender": "xdp"}, "allow: [in_use]"),
    "a table of that name": (with_table_of_that_name, {"contender": "nft"}, "nft has the same rule already"),
}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("first", "options", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_refused_before_anything_is_changed(traffic, first, options, told, check):
    if first:
        first(traffic)
    before = traffic.state()
    result = measure(traffic, check=check, **options)
    assert result["failed"] and told in result["msg"]
    assert (traffic.state(), traffic.seen) == (before, [])


def test_what_is_refused_without_the_way_to_measure(tmp_path, traffic):
    (tmp_path / THREADED).unlink()
    traffic.kernel.run.without |= {"nft", "iptables-legacy"}
    result = measure(traffic)
    told = "\n".join(each["why"] for each in result["failures"])
    assert told.splitlines() == [
        "its NAPI cannot run in threads, by which CPU time is measured",
        "there is no program nft",
    ]


def test_who_uses_it_is_accepted_with_consent(traffic):
    with_address(traffic)
    assert not measure(traffic, contender="xdp", allow=["drop_traffic", "in_use"])["failed"]


def test_in_check_mode_nothing_is_measured(traffic):
    before = traffic.state()
    result = measure(traffic, check=True, queues=1)
    assert (result["failed"], result["dropped_by"], traffic.seen) == (False, "iptables-legacy", [])
    assert traffic.state() == before and "ns_per_packet" not in result


def test_all_that_is_wrong_is_told_at_once(traffic):
    result = measure(traffic, seconds=290, port=0, queues=0, user="-x", program="-a")
    assert [each["what"].partition(":")[0] for each in result["failures"]] == [
        *("queues", "port", "seconds", "user", "program")
    ]


# --- DPDK ---


class Program:
    """Answers as dpdk-testpmd does: each time it is asked, what it has seen since it last forgot."""

    def __init__(self, prints, costs):
        self.prints, self.costs, self.said, self.argv, self.closed = prints, iter(costs), [], None, False

    def __call__(self, argv):
        self.argv = argv
        return self

    def say(self, line):
        self.said.append(line)

    def until(self, *words, seconds):
        if not self.said:
            return self._start()
        if self.said[-1] == "start":
            return "rxonly packet forwarding packets/burst=32\ntestpmd> "
        packets, cost = next(self.costs)
        busy = f"(busy cycles={packets * cost} / total rxonly packets={packets}) at 2000 MHz Clock"
        told = f"CPU cycles/packet={cost}.00 {busy}\n" if packets else ""
        return (
            f"RX-packets: {packets} RX-dropped: 3 RX-total: {packets}\n Accumulated forward statistics\n{told}testpmd> "
        )

    def _start(self):
        if "Port 0" not in self.prints:
            raise Ended(self.prints)
        return self.prints

    def close(self):
        self.closed = True


UP = "Configuring Port 0 (socket 0)\nPort 0: 02:00:00:00:01:99\nDone\ntestpmd> "
SEEN = [(0, 0), (1000, 9000), (1000, 400), (100, 1), *[(1000, 420)] * 4, *[(1000, 460)] * 12]


@pytest.fixture
def with_vf(traffic):
    vfs = [{"vf": 0, "mac": "02:00:00:00:01:99", "driver": "vfio-pci"}]
    assert not run_module(host, traffic.kernel, pfs=[{"pf": "enp1s0", "num_vfs": 1, "vfs": vfs}])["failed"]
    return traffic


def test_what_dpdk_spends_is_by_its_own_count(with_vf):
    program = with_vf.kernel.converse = Program(UP, SEEN)
    before = with_vf.state()
    result = measure(with_vf, contender="vf")
    assert not result["failed"], result["msg"]
    assert (result["ns_per_packet"], result["ns_per_packet_median"]) == (210.0, 230.0)  # 2 cycles a nanosecond
    assert (result["packets"], result["pci_address"], result["dropped_by"]) == (18100, VF, "DPDK")
    assert result["lost_per_second"] == 12.0 and result["interface"] == "enp1s0"
    assert program.said[:3] == ["start", "clear fwd stats all", "show fwd stats all"] and program.said[-1] == "quit"
    assert program.closed and with_vf.state() == before
    assert (
        program.argv[-2:] == ["-i", "--record-core-cycles"] and "--unit=kernel-bypass-sriov-drop-cost" in program.argv
    )


def test_a_program_without_a_port_is_told_with_its_reason(with_vf):
    said = "EAL: Cannot set up DMA remapping, error 12 (Cannot allocate memory)\ntestpmd: No probed ethernet devices\n"
    program = with_vf.kernel.converse = Program(said, [])
    result = measure(with_vf, contender="vf")
    assert "it may not lock its memory" in result["msg"] and program.closed


@pytest.mark.parametrize(
    ("options", "told"),
    [({"allow": []}, "what VF 0 receives is dropped for 5 s"), ({"vf": 1}, "there is no VF 1")],
)
def test_a_vf_that_cannot_be_measured_is_refused(with_vf, options, told):
    program = with_vf.kernel.converse = Program(UP, SEEN)
    assert told in measure(with_vf, contender="vf", **options)["msg"] and program.argv is None


@pytest.mark.parametrize("options", [{}, {"contender": "vf"}, {"allow": []}], ids=str)
def test_all_that_is_returned_is_documented_as_it_is(with_vf, options):
    with_vf.kernel.converse = Program(UP, SEEN)
    assert differing(said_by(drop_cost), returned(measure(with_vf, **options)), "", set()) == []


# --- AF_XDP: NAPI fills the queue, DPDK empties it ---

MAC = "02:00:00:00:01:00"
QUEUE_UP = f"EAL: RTE Version: 'DPDK 24.11.2'\nPort 0: {MAC}\nDone\ntestpmd> "
IFINDEX = 3


@pytest.fixture
def with_queue(tmp_path):
    """Queue 1 is given, all that comes is led to it, and testpmd has its socket there as soon as it is asked."""
    kernel = simulated(tmp_path)
    given = run_module(xsk_queue, kernel, pf="enp1s0", queues=[1])
    assert not given["failed"], given["msg"]
    traffic = Traffic(Filters.on(kernel), tmp_path)
    sleep = traffic.sleep

    def sleeping(seconds):
        sleep(seconds)
        build(traffic.root, {STATISTICS: json.dumps({"rx_queue_1_packets": traffic.packets})})
        assert traffic.threaded() == "1"

    traffic.sleep = sleeping
    traffic.program = traffic.kernel.converse = Reading(traffic)
    return traffic


class Reading(Program):
    """Reads what comes to its queue; the share that does may be less than all."""

    def __init__(self, traffic, prints=QUEUE_UP):
        super().__init__(prints, ())
        self.traffic, self.share, self.zero_copy = traffic, 1.0, 1

    def __call__(self, argv):
        socket = {**hosts.xdp_socket(31, IFINDEX, 1), "zero_copy": self.zero_copy}
        build(self.traffic.root, hosts.sockets(socket))
        self.threaded_at_start = self.traffic.threaded()
        return super().__call__(argv)

    def say(self, line):
        super().say(line)
        if line == "clear fwd stats all":
            self.forgotten = self.traffic.packets
        elif line == "show fwd stats all":
            self.costs = iter([(int((self.traffic.packets - self.forgotten) * self.share), 100)])


def test_a_queue_costs_what_kernel_and_program_spend_together(with_queue):
    before = with_queue.state()
    result = measure(with_queue, contender="xsk")
    assert not result["failed"], result["msg"]
    assert (result["kernel_ns_per_packet"], result["user_ns_per_packet"]) == (COST, 50.0)  # 2 cycles a nanosecond
    assert (result["ns_per_packet"], result["packets"]) == (COST + 50.0, 50_000)
    assert (result["dropped_by"], result["mode"], result["interface"]) == ("AF_XDP", "zerocopy", "enp1s0")
    assert [each["queue"] for each in result["queues"]] == [1]
    assert with_queue.state() == before and with_queue.program.closed


def test_its_polls_do_not_do_the_kernel_s_work_and_nothing_is_changed_before_it_has_its_port(with_queue):
    assert not measure(with_queue, contender="xsk", user="capture")["failed"]
    argv = with_queue.program.argv
    assert argv[-2:] == ["-i", "--record-core-cycles"] and "--uid=capture" in argv
    (device,) = [word for word in argv if word.startswith("--vdev=")]
    assert device == (
        "--vdev=net_af_xdp0,iface=enp1s0,start_queue=1,use_pinned_map=1,"
        "dp_path=/run/kernel-bypass-sriov/bpf/enp1s0/xsks_map,busy_budget=0"
    )
    assert "RuntimeMaxSec=95" in argv and with_queue.program.threaded_at_start == "0"


@pytest.mark.parametrize(("zero_copy", "mode"), [(1, "zerocopy"), (0, "copy")])
def test_whether_frames_are_copied_is_told(with_queue, zero_copy, mode):
    with_queue.program.zero_copy = zero_copy
    assert measure(with_queue, contender="xsk")["mode"] == mode


def test_what_came_to_other_queues_cost_something_else(with_queue):
    with_queue.program.share, before = 0.5, with_queue.state()
    assert measure(with_queue, contender="xsk")["failure"]["why"] == (
        "of 50000 packets that the PF received 25000 came to the queue, and others cost something else"
    )
    assert with_queue.state() == before and with_queue.program.closed


QUEUE_REFUSED = {
    "no consent": ({"allow": []}, "what comes to queue 1 is dropped for 5 s"),
    "no queue of programs": ({"queue": 99}, "queue: there is no queue 99"),
}


@pytest.mark.parametrize(("options", "told"), QUEUE_REFUSED.values(), ids=QUEUE_REFUSED)
def test_a_queue_that_cannot_be_measured_is_refused(with_queue, options, told):
    assert told in measure(with_queue, contender="xsk", **options)["msg"] and with_queue.program.argv is None


@pytest.mark.parametrize("check", [False, True])
def test_a_queue_that_was_not_given_is_refused_with_the_way_to_it(traffic, check):
    program = traffic.kernel.converse = Reading(traffic)
    result = measure(traffic, check=check, contender="xsk")
    assert result["msg"] == (
        "cannot read from queue 1 of enp1s0 by AF_XDP: /run/kernel-bypass-sriov/bpf/enp1s0/xsks_map is not there. "
        "Remedy: have the queue prepared first: module xsk_queue, or role queue_bypass."
    )
    assert program.argv is None


def test_an_older_dpdk_is_refused_before_anything_is_changed(with_queue):
    program = with_queue.program
    program.prints = "EAL: RTE Version: 'DPDK 22.11.6'\nPort 0 does not come\ntestpmd> "
    result = measure(with_queue, contender="xsk")
    assert result["failure"]["why"].startswith("DPDK 22.11 cannot use a map that is pinned")
    assert with_queue.seen == [] and program.closed and with_queue.threaded() == "0"


def test_the_next_run_brings_back_the_napi_of_a_queue_whose_run_was_killed(with_queue):
    kept = Before("enp1s0", hosts.IXGBE.address, LABEL, "AF_XDP", 4321, threaded=0)
    DropCost(Files(with_queue.kernel.root)).write(kept)
    build(with_queue.root, {THREADED: "1"})
    result = measure(with_queue, contender="xsk")
    assert (result["changed"], result["steps"]) == (True, ["have the NAPI of enp1s0 as it was (threaded: 0)"])
    assert with_queue.program.threaded_at_start == with_queue.threaded() == "0"
    assert not (with_queue.root / DROP_COST.lstrip("/")).exists()


def test_what_a_queue_returns_is_documented_as_it_is(with_queue):
    for check in (False, True):
        found = measure(with_queue, check=check, contender="xsk")
        assert differing(said_by(drop_cost), returned(found), "", set()) == []
        (with_queue.root / "sim/sockets").unlink(missing_ok=True)


@pytest.mark.parametrize("loaded", [False, True])
def test_the_module_of_table_raw_goes_where_it_was_not_there(traffic, tmp_path, loaded):
    """Its hook would cost those that are measured behind it."""
    module = tmp_path / "sys/module/iptable_raw"
    if loaded:
        module.mkdir(parents=True)
    run = traffic.kernel.run
    insert = run._iptables

    def inserting(words, stdin):
        if words[4:5] == ["-I"] or words[4:5] == ["-C"]:
            module.mkdir(parents=True, exist_ok=True)
        return insert(words, stdin)

    run._iptables = inserting
    assert not measure(traffic)["failed"]
    assert ("modprobe -r -- iptable_raw" in run.calls) is not loaded
