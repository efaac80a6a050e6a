from __future__ import annotations

from pathlib import Path

import pytest
from lab import qemu
from lab.errors import LabError
from lab.image import Image
from lab.recipe import recipe_for
from lab.spec import VmSpec

FILES = qemu.VmFiles(Path("/state/a"), Path("/sockets/a"))
IMAGE = Image(Path("/images/x"))


def argv(accelerator="tcg", **parameters):
    return qemu.launch(VmSpec(**parameters), IMAGE, FILES, accelerator).argv


def devices(words):
    """Values of -device, driver name -> list of their properties."""
    found = {}
    for flag, value in zip(words, words[1:]):
        if flag == "-device":
            driver, dummy, rest = value.partition(",")
            found.setdefault(driver, []).append(dict(item.split("=", 1) for item in rest.split(",") if item))
    return found


def values(words, option):
    return [value for flag, value in zip(words, words[1:]) if flag == option]


@pytest.mark.parametrize("mgmt", ["virtio", "igb"])
def test_first_nic_sits_behind_the_lowest_root_port(mgmt):
    found = devices(argv(mgmt=mgmt, nics=("82576", "82576")))
    lowest = min(found["pcie-root-port"], key=lambda port: int(port["addr"], 16))
    first = next(nic for nic in found["igb"] if nic["netdev"] == "wire0")
    assert first["bus"] == lowest["id"]
    assert first["mac"] == "02:00:00:00:01:00"


def test_management_igb_comes_behind_the_test_nics():
    found = devices(argv(mgmt="igb", nics=("82576",) * 8))
    highest = max(found["pcie-root-port"], key=lambda port: int(port["addr"], 16))
    management = next(nic for nic in found["igb"] if nic["netdev"] == "mgmt")
    assert management["bus"] == highest["id"]
    assert management["mac"] == qemu.MANAGEMENT_MAC
    assert "virtio-net-pci" not in found


def test_every_slot_and_chassis_is_used_once():
    found = devices(argv(mgmt="igb", nics=("82576",) * 8))
    slots = [device["addr"] for group in found.values() for device in group if "addr" in device]
    assert len(slots) == len(set(slots))
    chassis = [port["chassis"] for port in found["pcie-root-port"]]
    assert len(chassis) == len(set(chassis))


@pytest.mark.parametrize("mgmt", ["virtio", "igb"])
def test_no_nic_has_a_boot_rom(mgmt):
    found = devices(argv(mgmt=mgmt, nics=("82576",)))
    assert [nic["romfile"] for driver in ("igb", "virtio-net-pci") for nic in found.get(driver, [])] == ["", ""]


def test_each_nic_has_a_wire_socket_of_its_own():
    netdevs = values(argv(nics=("82576", "82576")), "-netdev")
    for index in (0, 1):
        wire = f"stream,id=wire{index},server=on,addr.type=unix,addr.path=/sockets/a/wire{index}.sock"
        assert wire in netdevs


def test_ssh_is_reachable_from_the_loopback_only_and_the_guest_cannot_go_out():
    [management] = [value for value in values(argv(), "-netdev") if value.startswith("user,")]
    assert "restrict=on" in management
    assert "hostfwd=tcp:127.0.0.1:0-" in management


def test_iommu_comes_before_the_devices_it_serves():
    words = argv()
    assert values(words, "-device")[0] == "intel-iommu,intremap=on"
    assert {"intel_iommu=on", "iommu=pt"} <= set(values(words, "-append")[0].split())


@pytest.mark.parametrize(
    ("accelerator", "expected"),
    [
        ("kvm", ["-accel", "kvm", "-cpu", "host"]),
        ("tcg", ["-accel", "tcg,thread=multi"]),
        ("icount", ["-accel", "tcg,thread=single", "-icount", "shift=1,sleep=on,align=off"]),
    ],
)
def test_accelerator(accelerator, expected):
    words = argv(accelerator)
    start = words.index("-accel")
    assert words[start : start + len(expected)] == expected


def test_size():
    words = argv(cpus=4, memory=2048)
    assert values(words, "-smp") == ["4"]
    assert values(words, "-m") == ["2048M"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"memory": 2049}, "2049 MiB.*at most 2048.*above 4 GiB.*QEMU 10.0"),
        ({"memory": 100}, "at least 512"),
        ({"nics": ()}, "0 test NICs"),
        ({"nics": ("82576",) * 9}, "9 test NICs"),
        ({"nics": ("8259",)}, "No NIC kind '8259'.*82576"),
        ({"mgmt": "e1000"}, "virtio, igb"),
        ({"cpus": 0}, "at least 1"),
        ({"name": "../x"}, "letters"),
        ({"name": ""}, "letters"),
        ({"release": "buster"}, "trixie"),
        ({"boot": "pxe"}, "kernel, grub"),
        ({"boot": "grub"}, "image trixie has no GRUB: use the release trixie-boot"),
        ({"boot": "grub", "release": "trixie-boot", "iommu": False}, "no IOMMU with GRUB.*/etc/default/grub"),
        ({"boot": "grub", "release": "trixie-boot", "cpus": 4}, "4 CPUs with GRUB.*/etc/default/grub"),
        ({"numa": 0}, "0 NUMA nodes"),
        ({"numa": 3, "cpus": 4}, "3 NUMA nodes"),
        ({"numa": 2, "cpus": 3}, "2 NUMA nodes for 3 CPUs.*equal parts"),
        ({"numa": 2, "memory": 1537}, "2 NUMA nodes for 2 CPUs and 1537 MiB"),
    ],
)
def test_what_cannot_work_is_refused(parameters, message):
    with pytest.raises(LabError, match=message):
        argv(**parameters)


def test_trial_guest_runs_on_the_same_board():
    trial = qemu.trial_arguments(IMAGE, Path("/tmp/serial"), "kvm")
    assert values(trial, "-machine") == values(argv("kvm"), "-machine")
    assert "lab.trial" in values(trial, "-append")[0]


@pytest.mark.parametrize(("cpus", "late"), [(1, False), (2, False), (3, True), (16, True)])
def test_many_cpus_wait_until_pci_has_been_enumerated(cpus, late):
    words = argv(cpus=cpus)
    assert values(words, "-smp") == [str(cpus)]
    assert ("maxcpus=1" in values(words, "-append")[0].split()) == late


@pytest.mark.parametrize(("accelerator", "periodic"), [("tcg", True), ("kvm", False), ("icount", False)])
def test_a_timer_whose_interrupts_may_get_lost_is_periodic(accelerator, periodic):
    arguments = values(argv(accelerator), "-append")[0].split()
    assert ({"nohz=off", "highres=off"} <= set(arguments)) == periodic


@pytest.mark.parametrize(("cpus", "thread"), [(2, "multi"), (4, "single"), (16, "single")])
def test_many_cpus_take_turns_in_one_thread(cpus, thread):
    assert values(argv("tcg", cpus=cpus), "-accel") == [f"tcg,thread={thread}"]


def test_many_cpus_are_refused_where_the_reload_of_a_driver_would_cut_ssh():
    with pytest.raises(LabError, match="Use the management NIC virtio"):
        argv(cpus=16, mgmt="igb")


@pytest.mark.parametrize("nics", [("82576",), ("82599", "82576"), ("82599-dual", "82576")])
def test_grub_is_the_kernel_and_the_guest_says_the_rest(nics):
    by_kernel = argv(release="trixie-boot", nics=nics)
    by_grub = argv(release="trixie-boot", nics=nics, boot="grub")
    assert values(by_grub, "-kernel") == ["/images/x/grub.kernel"]
    assert "-initrd" not in by_grub and "-append" not in by_grub
    assert devices(by_grub) == devices(by_kernel)
    assert "-no-reboot" not in by_grub + by_kernel


def test_grub_s_kernel_has_the_arguments_of_every_lab_guest():
    [line] = values(argv(), "-append")
    assert recipe_for("trixie-boot").kernel_arguments in line


@pytest.mark.parametrize(
    ("parameters", "memory", "cpus"),
    [
        ({"numa": 2}, [768, 768], ["0-0", "1-1"]),
        ({"numa": 2, "memory": 2048, "cpus": 8}, [1024, 1024], ["0-3", "4-7"]),
        ({}, [], []),
    ],
)
def test_numa_nodes_share_memory_and_cpus(parameters, memory, cpus):
    words = argv(**parameters)
    assert ("sockets=2" in values(words, "-smp")[0]) == bool(cpus)
    assert values(words, "-object") == [
        f"memory-backend-ram,id=memory{node},size={size}M" for node, size in enumerate(memory)
    ]
    assert values(words, "-numa") == [
        f"node,nodeid={node},cpus={part},memdev=memory{node}" for node, part in enumerate(cpus)
    ]
