# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test can break, on command (control.py)."""

import time
from dataclasses import asdict, dataclass, field

VfNumbers = set[int]


@dataclass
class Faults:
    link: bool = True  # False: no light on the fibre
    silent_vfs: VfNumbers = field(default_factory=VfNumbers)  # these VFs' mailbox signals never reach the PF
    mailbox_timeout: bool = False  # the PF's answers never reach any VF
    stall_ms: int = 0  # every register read takes that long
    stall_reads: int = -1  # ... for so many reads (-1: until told otherwise)
    drop: int = 0  # lose the next n frames from the wire (-1: all)
    removed: bool = False  # fallen off the bus: reads are all ones, writes are lost
    fdir_l2_strict: bool = False  # a rule cannot move a frame out of the pools of its MAC address
    strict_drop: bool = False  # a frame without a descriptor is lost at once, as silicon with DROP_EN does

    def stop_read(self) -> bool:
        """Called for each register read; True: the device does not answer."""
        if self.stall_ms and self.stall_reads:
            self.stall_reads -= self.stall_reads > 0
            time.sleep(self.stall_ms / 1000)
        return self.removed

    def lose_frame(self) -> bool:
        if not self.drop:
            return False
        self.drop -= self.drop > 0
        return True

    def set(self, **values: object) -> None:
        """Change some; a name or a type that does not exist is an error, so that no test breaks nothing."""
        for name, value in values.items():
            current = getattr(self, name, None)
            if name not in self.__dataclass_fields__:
                raise ValueError(f"no fault named {name!r}: {', '.join(self.__dataclass_fields__)}")
            if isinstance(current, set) and isinstance(value, list):
                value = set(value)
            if type(value) is not type(current):
                raise ValueError(f"{name}: {type(current).__name__} expected, not {value!r}")
            setattr(self, name, value)

    def as_dict(self) -> dict:
        return asdict(self) | {"silent_vfs": sorted(self.silent_vfs)}
