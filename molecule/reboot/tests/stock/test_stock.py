"""Before the first run: what the guest's programs and module info say is left in the guest, for the end."""

import json

from lab import boots
from lab.modules import GuestModules


def test_what_there_is_before_the_first_run(vm):
    with GuestModules(vm) as modules:
        info = modules.run("info")
    assert not info["failed"]
    assert [pf["num_vfs"] for pf in info["pfs"]] == [0, 0, 0]
    vm.ssh(["tee", boots.BEFORE], stdin=json.dumps([boots.nics(vm), boots.of_info(info)]))
