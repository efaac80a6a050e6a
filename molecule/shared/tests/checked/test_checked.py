"""After molecule's step `check`: playbook converge in check mode has changed nothing that the guest's programs show."""

from lab.looks import look_again


def test_the_host_is_as_before(vm):
    before = vm.ssh("cat /run/looked").stdout
    assert "sriov_numvfs" in before
    assert look_again(vm, before) == before
