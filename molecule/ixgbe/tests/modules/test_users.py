"""Who uses a VF, on the real driver and the real kernel: each kind is seen, named, and keeps the VFs."""

import re
from pathlib import Path

import pytest
from lab import xdp_guest

HOLD = "systemd-run --quiet --unit=holder --property=Type=exec"
# How VF 2's interface comes to be used, how that ends, and what is told of it.
USERS = {
    "an AF_XDP socket": (
        "ip link set {name} up && "
        + HOLD
        + " --property=StandardOutput=file:/run/holder.out python3 /run/xdp_guest.py {name} 0 && "
        "timeout 60 sh -c 'until grep -q bound /run/holder.out; do sleep 0.3; done'",
        "systemctl stop holder",
        "process PID (python3) has an AF_XDP socket on queue 0 of {name}",
    ),
    "tcpdump": (
        "ip link set {name} up && " + HOLD + " tcpdump -ni {name} -w /dev/null && sleep 4",
        "systemctl stop holder",
        "process PID (tcpdump) captures on {name} (AF_PACKET)",
    ),
    "RDMA in software": (
        "modprobe rdma_rxe && modprobe ib_uverbs && rdma link add rxe0 type rxe netdev {name} && sleep 1 && "
        + HOLD
        + " sh -c 'exec sleep 600 9<>/dev/infiniband/uverbs0' && sleep 1",
        "systemctl stop holder; rdma link delete rxe0",
        "process PID (sleep) has /dev/infiniband/uverbs0 open (RDMA device rxe0 on {name})",
    ),
    "filters of tc": (
        "tc qdisc add dev {name} clsact && tc filter add dev {name} ingress protocol ip u32 match u32 0 0",
        "tc qdisc del dev {name} clsact",
        "{name} has filters of tc",
    ),
    "a macvlan in another namespace": (
        "ip netns add blue && ip link add mv0 link {name} netns blue type macvlan",
        "ip netns delete blue",
        "macvlan mv0 in network namespace blue is stacked on {name}",
    ),
}
WAITED_FOR = "RDMA in software"


@pytest.fixture(params=USERS)
def used(request, guest, vm, nic):
    """The kind of user, and its sentence."""
    vm.ssh(["tee", "/run/xdp_guest.py"], stdin=Path(xdp_guest.__file__).read_text(encoding="utf-8"))
    begin, end, text = (words.replace("{name}", nic.vf_interface(2)) for words in USERS[request.param])
    guest.check_output(begin)
    yield request.param, text
    guest.run(end)


def said(texts):
    return [re.sub(r"process \d+", "process PID", text) for text in texts]


def test_whoever_uses_a_vf_is_named_and_keeps_it(modules, guest, used):
    kind, text = used
    if kind == "an AF_XDP socket" and ":q0" not in guest.check_output("ss --xdp"):
        # The guest's own program does not see it either, as on bookworm: then it is told that it may be there.
        assert guest.check_output("uname -r").startswith("6.1.")
        assert [what for what in modules.run("info", pf="enp1s0")["not_seen"] if "AF_XDP" in what]
        return
    assert said(modules.run("info", pf="enp1s0")["pfs"][0]["vfs"][2]["holders"]) == [text]
    refused = modules.run("pf", {"pf": "enp1s0", "num_vfs": 0, "allow": ["destroy_vfs", "link_reset"]}, check=True)
    assert said(refused["failure"]["holders"]) == [f"VF 2: {text}"]
    allowed = modules.run("pf", {"pf": "enp1s0", "num_vfs": 0, "allow": ["in_use"]}, check=True)
    assert allowed["failed"] is (kind == WAITED_FOR)
