from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab import boot, checks, inventory, qmp
from lab.cli import build_parser, main
from lab.commands import asked_for
from lab.progress import Progress
from lab.spec import VmSpec
from lab.ssh import Ssh

PF = "0000:01:00.0"
GOOD = f"""\
{PF} driver igb
{PF} iommu 5
{PF} bar 0x00000000fe200000 0x00000000fe21ffff 0x0000000000040200
{PF} bar 0x0000000000000000 0x0000000000000000 0x0000000000000000
{PF} bar 0x0000000000000000 0x0000000000000000 0x0000000000000000
{PF} bar 0x0000000000000000 0x0000000000000000 0x0000000000000000
{PF} bar 0x0000000000000000 0x0000000000000000 0x0000000000000000
{PF} bar 0x0000000000000000 0x0000000000000000 0x0000000000000000
{PF} bar 0x0000000000000000 0x0000000000000000 0x0000000000000000
{PF} bar 0x00000000fe000000 0x00000000fe01bfff 0x0000000000140204
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, []),
        ("", [f"{PF} is not on the PCI bus"]),
        (f"{PF} missing\n", [f"{PF} is not on the PCI bus"]),
        (GOOD.replace("driver igb", "driver "), [f"{PF} is bound to no driver, not to igb"]),
        (GOOD.replace("driver igb", "driver vfio-pci"), [f"{PF} is bound to vfio-pci, not to igb"]),
    ],
)
def test_guest_checks(text, expected):
    assert checks.problems_of(PF, "igb", text) == expected


def test_vf_bars_above_4_gib_are_named():
    [problem] = checks.problems_of(PF, "igb", GOOD.replace("0x00000000fe000000", "0x0000000800000000"))
    assert "above 4 GiB" in problem and "use less memory" in problem


def test_an_iommu_that_was_not_wanted_is_named():
    [problem] = checks.problems_of(PF, "igb", GOOD, iommu=False)
    assert "has an IOMMU group" in problem
    assert checks.problems_of(PF, "igb", GOOD.replace("iommu 5", "iommu "), iommu=False) == []


def test_missing_iommu_is_named():
    [problem] = checks.problems_of(PF, "igb", GOOD.replace("iommu 5", "iommu "))
    assert "no IOMMU group" in problem


@pytest.mark.parametrize(
    ("serial", "alive", "expected"),
    [
        ("[    0.0] Linux version 6.12\n", False, "QEMU ended"),
        ("[    1.0] Kernel panic - not syncing: VFS\n", True, "the guest says 'Kernel panic'"),
    ],
)
def test_a_boot_that_cannot_end_well_is_given_up(tmp_path, serial, alive, expected):
    path = tmp_path / "serial.log"
    path.write_text(serial, encoding="utf-8")
    watcher = boot.BootWatcher(path, 1, lambda: alive, Progress(io.StringIO()))
    assert watcher.wait() == boot.Stuck(expected)


def test_a_silent_boot_is_given_up(tmp_path):
    limits = boot.Limits(silence=0.3, total=60)
    watcher = boot.BootWatcher(tmp_path / "serial.log", 1, lambda: True, Progress(io.StringIO()), limits)
    stuck = watcher.wait()
    assert stuck is not None and stuck.reason.startswith("nothing on the serial port for 0.3 s")


@pytest.mark.parametrize(("times", "lost"), [(1, False), (2, True)])
def test_a_timer_that_does_not_come_ends_a_boot(tmp_path, times, lost):
    path = tmp_path / "serial.log"
    path.write_text("[   27.9] rcu: \tPossible timer handling issue on cpu=0 timer-softirq=21\n" * times, "utf-8")
    limits = boot.Limits(silence=0.3, total=60)
    stuck = boot.BootWatcher(path, 1, lambda: True, Progress(io.StringIO()), limits).wait()
    assert stuck is not None and stuck.lost_timer == lost


def test_what_earlier_boots_have_said_is_not_this_one_s(tmp_path):
    path = tmp_path / "serial.log"
    earlier = "lab: sshd listens\n[    1.0] Kernel panic - not syncing: VFS\n"
    path.write_text(earlier, encoding="utf-8")
    limits = boot.Limits(silence=0.3, total=60)
    skip = len(earlier.encode())
    watcher = boot.BootWatcher(path, 1, lambda: True, Progress(io.StringIO()), limits, skip)
    stuck = watcher.wait()
    assert stuck is not None and stuck.reason.startswith("nothing on the serial port")


def test_forwarded_port_is_read_from_the_monitor():
    text = (
        "Hub -1 (mgmt):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n"
        "  TCP[HOST_FORWARD]  13       127.0.0.1 34715       10.0.2.15    22     0     0\r\n"
    )
    assert qmp.parse_forwarded_port(text) == 34715
    assert qmp.parse_forwarded_port("nothing") is None


def test_remote_words_are_quoted_and_a_string_is_not():
    ssh = Ssh(2222, Path("/k"), Path("/s/ssh.sock"))
    assert ssh.command(["echo", "a b", "$X"])[-1] == "echo 'a b' '$X'"
    assert ssh.command("echo $X | cat")[-1] == "echo $X | cat"
    assert ssh.command([])[-1] == "root@127.0.0.1"


def test_inventory_is_yaml_for_ansible():
    text = inventory.render([inventory.Host("lab-a", Ssh(2222, Path("/k y"), Path("/s/ssh.sock")))])
    lines = text.splitlines()
    assert lines[:4] == ["---", "all:", "  hosts:", "    lab-a:"]
    variables = {name: json.loads(value) for name, value in (line.strip().split(": ", 1) for line in lines[4:])}
    assert variables["ansible_port"] == 2222
    assert variables["ansible_ssh_private_key_file"] == "/k y"
    assert variables["ansible_python_interpreter"] == "/usr/bin/python3"
    assert "ControlPersist" in variables["ansible_ssh_args"]
    assert "ControlPath=/s/ssh.sock" in variables["ansible_ssh_args"]


def test_parser_knows_all_commands():
    options = build_parser().parse_args(["up", "--nic", "82576", "--nic", "82576", "--owner", "1"])
    assert (options.nic, options.owner, options.boot, options.numa) == (["82576", "82576"], 1, "kernel", 1)
    assert build_parser().parse_args(["reboot", "--hard"]).hard
    assert build_parser().parse_args(["ssh", "--", "ip", "-br", "link"]).remote == ["ip", "-br", "link"]
    assert build_parser().parse_args(["ssh", "--name", "x", "uname -a"]).remote == ["uname -a"]


@pytest.mark.parametrize(
    ("words", "spec"),
    [
        ([], VmSpec()),
        (["--icount", "--cpus", "4", "--name", "a"], VmSpec(name="a", cpus=4, icount=True)),
        (["--boot", "grub"], VmSpec(release="trixie-boot", boot="grub")),
        (["--no-iommu", "--mgmt", "igb", "--numa", "2"], VmSpec(iommu=False, mgmt="igb", numa=2)),
    ],
)
def test_a_vm_is_what_it_is_asked_to_be(words, spec):
    assert asked_for(build_parser().parse_args(["up", *words])) == spec


@pytest.mark.parametrize("command", [["ssh", "true"], ["send", "--dst", "02:00:00:00:01:00"], ["inventory"], ["log"]])
def test_no_vm_is_one_clear_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(command) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "'lab'" in line


def test_too_much_memory_is_one_clear_line(capsys):
    assert main(["up", "--memory", "4096"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "above 4 GiB" in line


KEEPER_HOME = "home"


@pytest.fixture
def keeper(tmp_path):
    """Starts a keeper whose "QEMU" is a sleep; returns the process and the pid of the sleep."""
    started = []

    def start(owner=None, argv=("sleep", "60")):
        directory = tmp_path / KEEPER_HOME / "a"
        directory.mkdir(parents=True)
        (directory / "serial.log").touch()
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.keeper", "a", str(tmp_path / KEEPER_HOME)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(checks.__file__).parents[1])},
        )
        started.append(process)
        order = {"argv": list(argv), "environment": {}, "processes": [], "owner": owner}
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        return process, json.loads(process.stdout.readline())["qemu"]["pid"], directory

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def exists(pid):
    return Path(f"/proc/{pid}").exists()


def test_keeper_ends_the_vm_when_up_ends_while_it_boots(keeper):
    process, pid, directory = keeper()
    process.stdin.close()
    assert process.wait(10) == 0
    assert not exists(pid) and not directory.exists()


def test_keeper_keeps_a_ready_vm_until_it_is_asked_to_stop(keeper):
    process, pid, directory = keeper()
    process.stdin.write(b"ready\n")
    process.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert exists(pid)
    process.terminate()
    assert process.wait(10) == 0
    assert not exists(pid) and not directory.exists()


def test_keeper_leaves_the_logs_of_a_failed_boot(keeper):
    process, pid, directory = keeper()
    process.stdin.write(b"failed\n")
    process.stdin.close()
    process.wait(10)
    assert not exists(pid)
    assert (directory / "serial.log").exists()


def test_keeper_ends_the_vm_with_its_killed_owner(keeper):
    owner = subprocess.Popen(["sleep", "60"])
    process, pid, directory = keeper(owner=owner.pid)
    process.stdin.write(b"ready\n")
    process.stdin.close()
    owner.kill()
    owner.wait()
    assert process.wait(10) == 0
    assert not exists(pid) and not directory.exists()


def test_a_killed_keeper_takes_the_vm_along(keeper):
    process, pid, _directory = keeper()
    process.kill()
    process.wait()
    for _attempt in range(100):
        if not exists(pid):
            return
        os.sched_yield()
        subprocess.run(["sleep", "0.02"], check=True)
    raise AssertionError("the VM lives on")


def test_keeper_tells_a_crashed_vm_from_one_that_was_shut_down(keeper):
    process, _pid, directory = keeper(argv=("false",))
    process.stdin.close()
    assert process.wait(10) in (0, 1)
    assert not (directory / "vm.json").exists()
