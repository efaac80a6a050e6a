"""Counters of queues for the kernel's selftests, where a driver has none by netlink: those of `ethtool -S`.

ixgbe and ixgbevf are such drivers. In the guest this file is `net/lib/py/lab_qstats.py`.
"""

import json
import os
import re
import subprocess


def with_ethtool(family):
    """A NetdevFamily whose `qstats_get` answers in any case, for a scope of queues."""

    class WithEthtool(family):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            by_netlink = self.qstats_get

            def qstats_get(attrs, dump=False, **more):
                try:
                    found = by_netlink(attrs, dump=dump, **more)
                except Exception:  # the kernel's ENOENT or EOPNOTSUPP, of a class that depends on the version
                    found = None
                return found or by_ethtool(attrs["ifindex"])

            self.qstats_get = qstats_get

    return WithEthtool


def by_ethtool(ifindex):
    links = json.loads(subprocess.check_output(["ip", "-j", "link"]))
    name = next(link["ifname"] for link in links if link["ifindex"] == ifindex)
    text = subprocess.check_output(["ethtool", "-S", name], text=True)
    there = set(os.listdir(f"/sys/class/net/{name}/queues"))  # ethtool shows those that are not used as well
    return [
        {"ifindex": ifindex, "queue-type": kind, "queue-id": int(number), f"{kind}-packets": int(count)}
        for kind, number, count in re.findall(r"\b(rx|tx)_queue_(\d+)_packets: (\d+)", text)
        if f"{kind}-{number}" in there
    ]
