# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proof is the port's MAC address, and no exit status; the program has no privileges, and leaves nothing behind."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import dpdk_proof, host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

from .test_returns import differing, returned, said_by

MAC = "02:00:00:00:01:99"
VF = hosts.IXGBE.vf(0)
UP = f"Configuring Port 0 (socket 0)\nPort 0: {MAC.upper()}\nDone\n"
COUNT = "  RX-packets: {}  RX-missed: 0\n"
NO_PORT = (
    "EAL: Cannot set up DMA remapping, error 12 (Cannot allocate memory)\n"
    "EAL: Requested device 0000:01:10.0 cannot be used\ntestpmd: No probed ethernet devices\n" + COUNT.format(0)
)
WISH = {"pf": "enp1s0", "vf": 0, "user": "capture"}
WHAT = f"dpdk-testpmd as user capture has no port on {VF}"


class Started:
    """A kernel's commands, except for the program of the proof and its unit.

    :param prints: what the program does.
    :param stays: its unit runs when it should be gone.
    """

    def __init__(self, run, prints, code=0, stays=False):
        self.run, self.prints, self.code, self.stays = run, prints, code, stays
        self.started, self.stopped, self.calls = [], [], run.calls

    def __call__(self, argv, stdin=""):
        if argv[0] == "systemd-run":
            self.started.append(argv)
            return self.code, self.prints, ""
        if argv[0] == "systemctl" and argv[1] == "show":
            return 0, f"ActiveState={'active' if self.stays else 'inactive'}\nResult=success\n", ""
        if argv[0] == "systemctl":
            self.stopped.append(argv[-1])
            return 0, "", ""
        return self.run(argv, stdin)


@pytest.fixture
def kernel(tmp_path):
    """VF 0 is for user space, with an address; VF 1 is the kernel's."""
    vfs = [{"vf": 0, "mac": MAC, "driver": "vfio-pci"}, {"vf": 1, "driver": "default"}]
    found = simulate(tmp_path, hosts.host(hosts.IXGBE))
    assert not run_module(host, found, pfs=[{"pf": "enp1s0", "num_vfs": 2, "vfs": vfs}])["failed"]
    return found


def prove(kernel, prints, check=False, code=0, stays=False, **options):
    kernel.run = kernel.units._run = Started(kernel.run, prints, code, stays)
    return run_module(dpdk_proof, kernel, check=check, **{**WISH, **options})


def test_a_port_with_the_address_of_the_vf_is_a_proof(kernel):
    before = written(kernel)
    result = prove(kernel, UP, code=1)  # whatever it ends with
    assert (result["failed"], result["changed"]) == (False, False)
    assert (result["pci_address"], result["mac"], result["frames"]) == (VF, MAC, 0)
    assert written(kernel) == before


def test_the_program_has_no_privilege_and_ends_by_itself(kernel):
    prove(kernel, UP)
    (argv,) = kernel.run.started
    assert argv[: argv.index("--")] == [
        *("systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--unit=kernel-bypass-sriov-proof"),
        *("--uid=capture", "-p", "NoNewPrivileges=yes", "-p", "CapabilityBoundingSet=", "-p", "LimitMEMLOCK=infinity"),
        *("-p", "RuntimeMaxSec=60", "-p", "CPUAffinity=0-7"),
        *("-p", "RuntimeDirectory=kernel-bypass-sriov-proof"),
        *("-p", "Environment=XDG_RUNTIME_DIR=/run/kernel-bypass-sriov-proof", "-p", "TimeoutStopSec=15"),
    ]
    assert argv[argv.index("--") + 1 :] == [
        *("dpdk-testpmd", "-m", "128", "--in-memory", "--no-telemetry", "-a", VF, "--"),
        *("--total-num-mbufs=8192", "--no-mlockall", "--forward-mode=rxonly"),
    ]


def test_frames_are_counted_for_as_long_as_was_asked(kernel):
    result = prove(kernel, UP + COUNT.format(10) + COUNT.format(990), frames=990, seconds=7)
    assert (result["failed"], result["frames"]) == (False, 990)
    (argv,) = kernel.run.started
    assert "RuntimeMaxSec=7" in argv and argv[-1] == "--stats-period=1"


FAILS = {
    "no port, and a count of zero with status 0": (
        NO_PORT,
        {},
        f"{WHAT}: it may not lock its memory (RLIMIT_MEMLOCK): EAL: Cannot set up DMA remapping, error 12 "
        "(Cannot allocate memory); EAL: Requested device 0000:01:10.0 cannot be used. Remedy: LimitMEMLOCK=infinity "
        "for the service, or a limit of its group for log-ins; role dpdk sets both.",
    ),
    "another port": (
        UP.replace("99", "98"),
        {},
        f"dpdk-testpmd as user capture has another port on {VF}: its port has MAC address 02:00:00:00:01:98, and VF 0 "
        f"has {MAC}. Remedy: look at who else gives addresses.",
    ),
    "too few frames": (
        UP + COUNT.format(989),
        {"frames": 990},
        f"dpdk-testpmd as user capture received too few frames on {VF}: 989 of 990 frames came in 20 s. "
        "Remedy: look at the flow rules, and at who sends; rx_rate tells what the PF receives.",
    ),
    "not installed": (
        "Failed to find executable dpdk-testpmd: No such file or directory\n",
        {},
        f"{WHAT}: it is not installed: Failed to find executable dpdk-testpmd: No such file or directory. "
        "Remedy: have role dpdk install it (dpdk_packages).",
    ),
    "nothing said": ("", {}, f"{WHAT}: it said nothing. Remedy: look at dmesg too."),
}


@pytest.mark.parametrize(("prints", "options", "told"), FAILS.values(), ids=FAILS)
def test_what_is_no_proof_fails_with_the_reason(kernel, prints, options, told):
    result = prove(kernel, prints, **options)
    assert (result["failed"], result["msg"]) == (True, told)


def test_what_runs_on_is_stopped_and_told(kernel):
    result = prove(kernel, UP, stays=True)
    assert result["msg"].startswith("kernel-bypass-sriov-proof.service did not end in its time.")
    assert kernel.run.stopped == ["kernel-bypass-sriov-proof.service"]


def test_in_check_mode_nothing_is_started(kernel):
    result = prove(kernel, UP, check=True)
    assert (result["failed"], result["mac"], kernel.run.started) == (False, MAC, [])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"vf": 2}, "vf: there is no VF 2 on enp1s0 (0000:01:00.0): it has 2 VFs."),
        (
            {"vf": 1},
            "vf: VF 1 is not for programs with DPDK on enp1s0 (0000:01:00.0): its driver is ixgbevf, not vfio-pci. "
            "Remedy: give it that (role provision, driver: vfio-pci).",
        ),
        ({"vf": -1}, "vf: -1 is not between 0 and 65535. Remedy: give 0 to 65535."),
    ],
)
def test_a_vf_that_cannot_be_used_so_is_refused_before_anything_starts(kernel, options, told):
    assert (prove(kernel, UP, **options)["msg"], kernel.run.started) == (told, [])


def test_a_vf_in_use_is_refused(tmp_path, kernel):
    group = kernel.pci.iommu_group(VF)
    for path, text in hosts.process(7, "/usr/bin/app", [f"/dev/vfio/{group}"]).items():
        hosts_file = tmp_path / path
        hosts_file.parent.mkdir(parents=True, exist_ok=True)
        if hasattr(text, "target"):
            hosts_file.symlink_to(text.target)
        elif text is not None:
            hosts_file.write_text(str(text))
    result = prove(kernel, UP)
    assert result["failure"]["kind"] == "in_use" and "process 7 (app)" in result["msg"]
    assert kernel.run.started == []


def test_all_that_is_wrong_is_told_at_once(kernel):
    result = prove(kernel, UP, user="-x", seconds=0, program="-a")
    assert [each["what"].partition(":")[0] for each in result["failures"]] == ["seconds", "user", "program"]


@pytest.mark.parametrize("prints", [UP, NO_PORT])
def test_all_that_is_returned_is_documented_as_it_is(kernel, prints):
    assert differing(said_by(dpdk_proof), returned(prove(kernel, prints)), "", set()) == []
