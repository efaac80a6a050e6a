"""What a VM is asked to be, checked before anything is started."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from lab import nics
from lab.errors import LabError
from lab.recipe import DEFAULT_RELEASE, RECIPES, recipe_for

MANAGEMENT = ("virtio", "igb")
BOOTS = ("kernel", "grub")
MAX_MEMORY = 2048
MAX_NICS = 8
MAX_NUMA_NODES = 2
# QEMU sometimes aborts under TCG when more CPUs than this enumerate PCI together.
MAX_BOOT_CPUS = 2


@dataclass(frozen=True)
class VmSpec:
    """The parameters of ``up``. Two VMs with equal parameters are interchangeable.

    `nics` has the kinds of the cards: a card with two ports is two test NICs. With `icount` the guest's clock counts
    instructions, 2 ns each: what takes CPU time takes the same in every run, however busy this machine is. `boot`:
    QEMU starts the kernel with a fixed line, or the guest's own GRUB does with the line of its configuration. `numa` is
    the number of nodes that memory (MiB) and CPUs are split into.
    """

    name: str = "lab"
    release: str = DEFAULT_RELEASE
    nics: tuple[str, ...] = ("82599",)
    mgmt: str = "virtio"
    cpus: int = 2
    memory: int = 1536
    iommu: bool = True
    icount: bool = False
    boot: str = "kernel"
    numa: int = 1

    def check(self) -> None:
        """Raises `LabError` for what cannot work."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", self.name):
            raise LabError(f"VM name {self.name!r}: use up to 32 letters, digits, '-' and '_'.")
        recipe_for(self.release)
        if not 1 <= len(self.test_nics) <= MAX_NICS:
            raise LabError(f"{len(self.test_nics)} test NICs: a VM takes 1 to {MAX_NICS}.")
        if self.mgmt not in MANAGEMENT:
            raise LabError(f"Management NIC {self.mgmt!r}: choose one of {', '.join(MANAGEMENT)}.")
        if self.cpus < 1:
            raise LabError(f"{self.cpus} CPUs: a VM needs at least 1.")
        if self.late_cpus and self.mgmt == "igb":
            raise LabError(
                f"{self.cpus} CPUs with the management NIC igb: the test NICs' drivers are loaded anew once the CPUs "
                "are online, and SSH must not depend on one of them. Use the management NIC virtio."
            )
        if self.memory > MAX_MEMORY:
            raise LabError(
                f"{self.memory} MiB of memory: at most {MAX_MEMORY}. With more, the firmware places the VFs' BARs "
                "above 4 GiB, where QEMU 10.0 decodes them wrongly (it realises a VF before its BAR has a type): "
                "the VFs then do not answer: 'PF still in reset state', a random MAC, no link."
            )
        if self.memory < 512:
            raise LabError(f"{self.memory} MiB of memory: at least 512 are needed.")
        if not 1 <= self.numa <= MAX_NUMA_NODES or self.cpus % self.numa or self.memory % self.numa:
            raise LabError(
                f"{self.numa} NUMA nodes for {self.cpus} CPUs and {self.memory} MiB: there may be up to "
                f"{MAX_NUMA_NODES}, which get equal parts of both."
            )
        self._check_boot()

    def _check_boot(self) -> None:
        if self.boot not in BOOTS:
            raise LabError(f"Boot by {self.boot!r}: choose one of {', '.join(BOOTS)}.")
        if self.boot != "grub":
            return
        if not recipe_for(self.release).has_grub:
            fit = ", ".join(name for name, recipe in RECIPES.items() if recipe.has_grub)
            raise LabError(f"The image {self.release} has no GRUB: use the release {fit}.")
        for given, what in ((not self.iommu, "no IOMMU"), (self.late_cpus, f"{self.cpus} CPUs")):
            if given:
                raise LabError(
                    f"{what} with GRUB: that needs an argument of the kernel, and GRUB gives those of the guest's own "
                    "/etc/default/grub. Write it there once the guest is up, and reboot; or boot the kernel directly."
                )

    @property
    def test_nics(self) -> list[nics.Nic]:
        """`LabError` where there is no such kind."""
        return nics.of_cards(self.nics)

    @property
    def late_cpus(self) -> bool:
        """Whether the guest boots with one CPU and brings the others online afterwards (see `lab.checks`)."""
        return self.cpus > MAX_BOOT_CPUS

    def differences(self, other: VmSpec) -> list[str]:
        """``name: mine, not theirs`` for each parameter that differs."""
        mine, theirs = asdict(self), asdict(other)
        return [f"{key}: {mine[key]}, not {theirs[key]}" for key in mine if mine[key] != theirs[key]]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> VmSpec:
        return cls(**{**data, "nics": tuple(data["nics"])})
