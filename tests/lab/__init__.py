"""Throw-away VMs with an emulated SR-IOV NIC: the judges of the collection are real kernels and unmodified drivers.

The command line is ``scripts/lab --help``. From Python (with ``tests`` on the path)::

    from lab import frames
    from lab.spec import VmSpec
    from lab.vm import Vm

    vm = Vm.up(VmSpec(name="demo", nics=("82576", "82576")), owner=os.getpid())   # or Vm.attach("demo")
    vm.ssh(["ip", "link", "set", "enp1s0", "up"])         # a list is quoted for the guest's shell
    text = vm.ssh("cat /proc/interrupts | head").stdout   # a string goes to it as it is; check=True, timeout=60
    hosts = vm.inventory()                                # an Ansible inventory, YAML text
    with vm.wire(0, pcap="frames.pcap") as wire:          # the far end of the cable of test NIC 0
        wire.send_many((frames.numbered(n, dst_mac="02:00:00:00:01:00") for n in range(1000)), interval=0.002)
        answer = wire.receive(timeout=5)                  # bytes, or None
        seen = [frames.Frame.parse(data) for data in wire.collect(seconds=3)]
    vm.control(0, {"cmd": "link", "up": False})           # what the emulated 82599 can be told
    vm.reboot()                                           # returns when systemd has started everything
    vm.down()                                             # now=True: without a shutdown of the guest

What can go wrong is a `lab.errors.LabError` whose text is for the user. Test NIC N is at PCI address 0000:0(N+1):00.0,
its netdev is enp(N+1)s0 and its MAC 02:00:00:00:0(N+1):00; SSH goes through another NIC, with MAC 52:54:00:00:00:01.
A card with two ports ("82599-dual") is two test NICs at one bus number (docs/lab.md).

Layers, arrows point down only: cli -> commands -> vm -> starter, rebooting -> boot, checks, keeper -> qemu, image,
accel, state -> spec, recipe, nics, apt, paths; joining -> wire; control, frames and pcap stand alone.
"""
