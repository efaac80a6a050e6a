"""Lets a run of a module kill itself at one of its writes to the kernel; runs in a guest, before the module.

Whoever kills a run does not choose the moment. This finds the moments that matter: before and after whatever changes
something. All processes of the run go at once, as with `pkill -KILL -s`; what they hold is left to the kernel.
"""

import os
import signal

WRITES = "/run/lab-writes"  # a line each; the writing processes are many
ETHTOOL_SETS = {0x11, 0x2A, 0x31, 0x32, 0x39, 0x3B, 0x3D, 0x47}  # <linux/ethtool.h>, what the collection sets


def begin(at, after):
    """Counts the writes of the module that runs next.

    :param at: the number of the write that is its last; None: it may go on.
    :param after: the write is done before the end.
    """
    from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import (
        commands,
        ethtool,
        kernel,
        sysfs,
    )

    run = os.getpid()
    open(WRITES, "w").close()

    def written(what, action):
        with open(WRITES, "r+") as file:
            number = len(file.readlines())
            file.write(f"{what}\n")
        if number == at and not after:
            end()
        try:
            return action()
        finally:
            if number == at:
                end()

    def end():
        os.kill(run, signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)

    write, ioctl, command = sysfs.Sysfs._write, ethtool.Ethtool._ioctl, commands.run
    outside = kernel.Kernel.__init__

    def counted_write(self, path, value):
        return written(f"{path} {value.strip()}", lambda: write(self, path, value))

    def counted_ioctl(self, name, buffer):
        code = int.from_bytes(buffer[:4], "little")
        if code not in ETHTOOL_SETS:
            return ioctl(self, name, buffer)
        return written(f"ethtool {name} {code:#x}", lambda: ioctl(self, name, buffer))

    def counted_command(argv, stdin=""):
        if not {"-batch", "set", "modprobe"} & set(argv) or "--resolve-alias" in argv:
            return command(argv, stdin)
        return written(" ".join([*argv, *stdin.split()]), lambda: command(argv, stdin))

    sysfs.Sysfs._write, ethtool.Ethtool._ioctl = counted_write, counted_ioctl
    kernel.Kernel.__init__ = lambda self, run=counted_command, *rest, **more: outside(self, run, *rest, **more)
