# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs of boot loaders on a tree: they read and write the files that the real ones do, in the order they do it."""

from __future__ import annotations

import os
import subprocess

GRUB_CONFIG = """set default="0"
menuentry 'Debian GNU/Linux' --class debian {{
\tlinux\t/boot/vmlinuz-6.12.0 root=/dev/vda1 ro {line}
\tinitrd\t/boot/initrd.img-6.12.0
}}
menuentry 'Debian GNU/Linux, with Linux 6.12.0 (recovery mode)' --class debian {{
\tlinux\t/boot/vmlinuz-6.12.0 root=/dev/vda1 ro single {always}
}}"""
# grub-mkconfig 2.12: its defaults are sourced by a shell with -e.
SOURCED = """set -e
if [ -e "$0/etc/default/grub" ]; then . "$0/etc/default/grub"; fi
for file in "$0"/etc/default/grub.d/*.cfg; do if [ -e "$file" ]; then . "$file"; fi; done
printf '%s\\n%s\\n' "$GRUB_CMDLINE_LINUX" "$GRUB_CMDLINE_LINUX_DEFAULT"
"""


def update_grub(root, _words):
    ended = subprocess.run(["sh", "-c", SOURCED, root], capture_output=True, text=True, check=False)
    if ended.returncode:
        return ended.returncode, "", ended.stderr
    always, more = ended.stdout.splitlines()
    _write(f"{root}/boot/grub/grub.cfg", GRUB_CONFIG.format(line=f"{always} {more}", always=always))
    return 0, "Generating grub configuration file ...\ndone\n", ""


def grubby(root, words):
    """update_args() of grubby-bls: names to remove, then each name that is given, then all that is given, in order."""
    options = dict(word.split("=", 1) for word in words)
    if "--info" in options:
        paths = _entries(root)[::-1]
        shown = [_shown(number, path) for number, path in enumerate(paths) if options["--info"] == "ALL" or not number]
        return 0, "".join(shown), ""
    removed, added = options.get("--remove-args", "").split(), options.get("--args", "").split()
    names = [*removed, *(word.rpartition("=")[0] or word for word in added)]
    for path in _entries(root):
        left = [token for token in _options(path) if not any(token == n or token.startswith(f"{n}=") for n in names)]
        _set_options(path, [*left, *added])
    return 0, "", ""


def _shown(index, path):
    args = " ".join(token for token in _options(path) if not token.startswith("root="))
    return f'index={index}\nkernel="/boot/vmlinuz-{os.path.basename(path)[3:-5]}"\nargs="{args}"\nroot="/dev/vda1"\n'


def update_bootloader(root, words):
    """lib_add_option() of perl-bootloader: a value takes the place of every one that its name had."""
    path = f"{root}/etc/default/grub"
    if words == ["--config"]:
        line = _default_of(path)
        _write(f"{root}/boot/grub2/grub.cfg", GRUB_CONFIG.format(line=line, always=""))
        return 0, "", ""
    name = words[1].partition("=")[0]
    tokens = [token for token in _default_of(path).split() if token.partition("=")[0] != name]
    if words[0] == "--add-option":
        tokens.append(words[1])
    lines = [each for each in _read(path).splitlines() if not each.startswith("GRUB_CMDLINE_LINUX_DEFAULT=")]
    _write(path, "\n".join([*lines, f'GRUB_CMDLINE_LINUX_DEFAULT="{" ".join(tokens)}"', ""]))
    return 0, "", ""


def sdbootutil(root, words):
    """update-all-entries: each entry has a root of its own, and the rest from /etc/kernel/cmdline."""
    assert words == ["update-all-entries"]
    for path in _entries(root):
        own = [token for token in _options(path) if token.startswith("rootflags=")]
        _set_options(path, [*_cmdline(root), *own])
    return 0, "", ""


def kernel_install(root, words):
    """90-loaderentry.install: one entry, from /etc/kernel/cmdline."""
    assert words[0] == "add" and os.path.exists(f"{root}{words[2]}"), words
    for path in _entries(root):
        if f"version {words[1]}\n" in _read(path):
            _set_options(path, _cmdline(root))
    return 0, "", ""


def _cmdline(root):
    lines = _read(f"{root}/etc/kernel/cmdline").splitlines()
    return [token for line in lines if not line.startswith("#") for token in line.split()]


def _entries(root):
    found = (f"{root}/{place}/loader/entries" for place in ("boot", "efi", "boot/efi"))
    directory = next(path for path in found if os.path.isdir(path))
    return [f"{directory}/{name}" for name in sorted(os.listdir(directory))]


def _options(path):
    return next(line.split()[1:] for line in _read(path).splitlines() if line.startswith("options"))


def _set_options(path, tokens):
    lines = [each for each in _read(path).splitlines() if not each.startswith("options")]
    _write(path, "\n".join([*lines, f"options {' '.join(tokens)}", ""]))


def _default_of(path):
    lines = [line for line in _read(path).splitlines() if line.startswith("GRUB_CMDLINE_LINUX_DEFAULT=")]
    return lines[-1].partition("=")[2].strip('"') if lines else ""


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
