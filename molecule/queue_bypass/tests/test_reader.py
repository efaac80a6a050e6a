"""Programs without root get the frames of the steered flow and no others; rule and table stay as they come and go."""

import threading
import time
from pathlib import Path

import pytest
from lab import frames, traffic

READER = Path(__file__).parents[3] / "plugins" / "module_utils" / "_sriov" / "kernel" / "xsk_reader.py"
FLOW = {"flow_type": "udp4", "dst_ip": "10.0.0.2", "dst_port": frames.TEST_PORT, "queue": 1}
PF = {"pf": "enp1s0", "up": True, "xsk": {"queues": [1], "group": "dpdk"}, "rules": [FLOW]}
MAP = "/run/kernel-bypass-sriov/bpf/enp1s0/xsks_map"
BPF = 321  # bpf(2) on x86_64
STEERED, OTHERS = 2000, 500
# Not by `ss --xdp`: Debian 12's kernel does not tell which sockets there are (CONFIG_XDP_SOCKETS_DIAG).
COUNT = """awk '$1 == "XDP" {print $3}' /proc/net/protocols"""
BOUND = f'for try in $(seq 300); do [ "$({COUNT})" = 1 ] && exit; sleep 0.1; done; exit 1'
NOBODY_READS = f'for try in $(seq 300); do [ "$({COUNT})" = 0 ] && exit; sleep 0.1; done; exit 1'
SERVICE = "/etc/systemd/system/lab-capture.service"
UNIT = f"""\
[Service]
User=capture
ExecStart=/usr/bin/python3 -I /opt/xsk_reader.py enp1s0 1 {MAP} 3600 -1 any {BPF}
"""


@pytest.fixture(scope="module")
def user(modules):
    """Capture is in group dpdk."""
    made = modules.run("dpdk", users=["capture"], create_users=True, memlock=False, mask_service=False)
    assert not made["failed"], made["msg"]
    return "capture"


@pytest.fixture
def given(modules, user, nic):
    """Queue 1 is for AF_XDP, whatever a test before has left."""
    result = modules.run("host", pfs=[PF])
    assert not result["failed"], result["msg"]
    nic.wait_for_carrier(["enp1s0"])


def look(guest, nic):
    """What must not change: the rules, the table, and what is attached."""
    return guest.check_output("ethtool -n enp1s0; ip -o -d link show enp1s0 | grep -o 'prog/xdp id [0-9]*'"), nic.rss()


class Sender(threading.Thread):
    """Sends the flow with others between its frames, once somebody has the queue."""

    def __init__(self, vm, mac):
        super().__init__()
        self.vm, self.mac, self.failed = vm, mac, None

    def run(self):
        try:
            self.vm.ssh(BOUND)
            time.sleep(1.5)  # it is bound, and gets into the map, behind socket(2)
            with self.vm.wire(0) as wire:
                wire.send_many(self._mixed(), 0.001)
        except Exception as error:  # noqa: BLE001 - told by the test
            self.failed = error

    def _mixed(self):
        for number in range(STEERED):
            yield frames.numbered(number, dst_mac=self.mac)
            if number % (STEERED // OTHERS) == 0:
                yield frames.numbered(number, dst_mac=self.mac, dport=traffic.OTHER_PORT)


def read(vm, modules, nic, **options):
    """What the module returns, and how much the queues' counters rose; below 0 where one began again."""
    before = nic.counters()
    sender = Sender(vm, nic.mac("enp1s0"))
    sender.start()
    result = modules.run("xsk_proof", pf="enp1s0", queue=1, user="capture", **options)
    sender.join()
    assert not result["failed"] and sender.failed is None, (result, sender.failed)
    now = nic.counters()
    return result, {name: now[name] - before[name] for name in ("fdir_match", "rx_queue_0_packets")}


@pytest.mark.parametrize("mode", ["zerocopy", "copy"])
def test_a_reader_without_privileges_gets_the_flow_and_the_kernel_the_others(vm, guest, modules, nic, given, mode):
    before = look(guest, nic)
    with traffic.Reader(vm, ["enp1s0"]) as kernel:
        result, rose = read(vm, modules, nic, mode=mode, seconds=15)
        stayed = [seen.dport for seen in kernel.stop()["enp1s0"]]
    assert (result["frames"], result["mode"]) == (STEERED, mode)
    assert set(result["statistics"].values()) == {0}
    assert rose == {"fdir_match": STEERED, "rx_queue_0_packets": OTHERS}
    assert stayed == [traffic.OTHER_PORT] * OTHERS
    assert look(guest, nic) == before


def test_a_reader_that_comes_again_finds_all_as_it_was(vm, guest, modules, nic, given):
    before = look(guest, nic)
    for _time in range(2):
        result, rose = read(vm, modules, nic, frames=STEERED, seconds=60)
        assert (result["frames"], rose["fdir_match"]) == (STEERED, STEERED)
        guest.check_output(NOBODY_READS)
        assert look(guest, nic) == before


@pytest.fixture
def pages(guest):
    guest.check_output("echo 192 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
    yield
    guest.check_output("echo 0 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")


def test_dpdk_reads_by_the_map_as_the_same_user(vm, guest, modules, nic, given, pages):
    before = look(guest, nic)
    if guest.system_info.codename == "bookworm":
        refused = modules.run("xsk_proof", pf="enp1s0", queue=1, user="capture", by="dpdk")
        assert refused["failure"]["why"].startswith("DPDK 22.11 cannot use a map that is pinned")
    else:
        result, rose = read(vm, modules, nic, by="dpdk", frames=STEERED, seconds=30)
        assert result["frames"] == STEERED
        assert rose == {"fdir_match": STEERED, "rx_queue_0_packets": OTHERS}
        assert "PROMISC" not in guest.check_output("ip link show enp1s0")
    assert look(guest, nic) == before


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"user": "nobody"}, "its user may not open the map"),
        ({"user": "capture", "queue": 7}, "its queues are 0 to 1"),
    ],
)
def test_who_cannot_read_is_told_why(modules, given, options, why):
    result = modules.run("xsk_proof", {"pf": "enp1s0", "queue": 1, **options})
    assert result["failed"] and result["failure"]["why"] == why


@pytest.fixture
def service(vm, guest, modules, given):
    """One of somebody's own, which reads as capture with what its drop-in gives it."""
    vm.ssh(["tee", "/opt/xsk_reader.py"], stdin=READER.read_text(encoding="utf-8"))
    vm.ssh(["tee", SERVICE], stdin=UNIT)
    options = {"users": ["capture"], "memlock": False, "mask_service": False}
    assert not modules.run("dpdk", queue_units=["lab-capture"], **options)["failed"]
    yield "lab-capture.service"
    vm.ssh(f"systemctl stop lab-capture; {NOBODY_READS}")
    gone = modules.run("dpdk", state="absent", queue_units=["lab-capture"])
    assert gone["steps"][0].startswith("remove /etc/systemd/system/lab-capture.service.d/")
    vm.ssh(f"rm {SERVICE} /opt/xsk_reader.py; systemctl daemon-reload")


def test_a_service_reads_with_its_drop_in_and_its_queue_is_not_taken(guest, modules, service):
    guest.check_output(f"systemctl start {service}; {BOUND}")
    time.sleep(1.5)
    process = guest.check_output(f"systemctl show --property=MainPID --value {service}")
    status = guest.check_output(f"grep -E '^(Uid|CapEff):' /proc/{process}/status")
    uid = guest.check_output("id -u capture")
    assert status.split() == ["Uid:", *[uid] * 4, "CapEff:", "0000000000002000"], "CAP_NET_RAW alone"
    taken = modules.run("xsk_proof", pf="enp1s0", queue=1, user="capture")
    told = modules.run("rx_rate", pf="enp1s0", seconds=0.5, sockets=True)
    if guest.system_info.codename == "bookworm":  # its kernel tells nobody whose sockets there are
        assert (taken["failure"]["errno"], taken["failure"]["why"]) == ("EBUSY", "another program has the queue")
        assert told["sockets"] == [] and told["not_seen"][0].startswith("what AF_XDP sockets of enp1s0 lose: ")
        return
    assert (taken["failure"]["kind"], taken["failure"]["holders"]) == (
        "in_use",
        [f"process {process} (python3) has an AF_XDP socket on it"],
    )
    (socket,) = told["sockets"]
    assert (socket["queue"], {*socket["lost"].values()}, {*socket["lost_per_second"].values()}) == (1, {0}, {0.0})


def test_rates_say_that_a_queue_began_again_when_a_zero_copy_socket_is_bound(vm, modules, nic, given):
    read(vm, modules, nic, mode="copy", frames=STEERED, seconds=60)
    assert nic.counters()["rx_queue_1_packets"] >= STEERED
    words = f"sleep 2; exec python3 -I - enp1s0 1 {MAP} 1 -1 zerocopy {BPF}"
    other = threading.Thread(target=vm.ssh, args=(words,), kwargs={"stdin": READER.read_text(encoding="utf-8")})
    other.start()
    result = modules.run("rx_rate", pf="enp1s0", seconds=8, interval=1)
    other.join()
    assert not result["failed"], result["msg"]
    assert result["since_reset"] == [{"queue": 1, "packets": 0}]
    assert {"rx_queue_1_packets", "rx_packets"} <= {*result["reset"]} and result["packets_per_second"] is None
    began = [bool(sample["since_reset"]) for sample in result["samples"]]
    assert began.count(True) == 1, "once: when it is closed the counter is 0 already"
    rates = [rate for sample in result["samples"] for rate in sample["rates"].values()]
    assert all(rate >= 0 for rate in rates)
    assert "went back meanwhile" in str(result["warnings"])
