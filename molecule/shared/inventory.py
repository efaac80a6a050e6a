#!/usr/bin/env python
"""Ansible's dynamic inventory: the VM of the molecule scenario, in group sriov, once it is up."""

import json
import os

from lab.errors import LabError
from lab.vm import Vm

try:
    host = Vm.attach(os.environ["MOLECULE_SCENARIO_NAME"]).inventory_host()
    variables = {host.name: host.variables()}
except LabError:  # before create and after destroy
    variables = {}
print(json.dumps({"sriov": {"hosts": list(variables)}, "_meta": {"hostvars": variables}}))
