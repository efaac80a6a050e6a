"""Runs module host once in the guest and prints what it cost there; given to lab.modules.GuestModules.python.

Input: ``{"options": {...}, "profile": false}``. With `profile`, it prints the functions that took most time.
"""

from __future__ import annotations

import cProfile
import io
import json
import pstats
import resource
import sys
import time

from ansible_collections.kernel_bypass.sriov.plugins.modules import host


def cpu():
    """CPU seconds of this process and of those that it has started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def run(options):
    """The module's result."""
    arguments = {**options, "_ansible_check_mode": False, "_ansible_diff": False, "_ansible_module_name": "host"}
    text = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    sys.argv, sys.stdin, sys.stdout = ["host"], io.TextIOWrapper(io.BytesIO(text)), io.StringIO()
    try:
        host.main()
    except SystemExit:
        return json.loads(sys.stdout.getvalue())
    finally:
        sys.stdout = sys.__stdout__


def main():
    request = json.load(sys.stdin)
    if request["profile"]:
        profile = cProfile.Profile()
        profile.runcall(run, request["options"])
        pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(20)
        return
    start, before = time.monotonic(), cpu()
    result = run(request["options"])
    cost = {"seconds": time.monotonic() - start, "cpu": cpu() - before}
    print(json.dumps({**cost, "changed": result["changed"], "msg": result.get("msg", "")}))


main()
