# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drivers of Linux 6.12 as rows of data, written from their source and not from knowledge/: a second opinion.

row.py has the columns, one file a family the rows, index.py all of them; vfs.py, nic.py and numvfs.py make the
simulated kernel behave as the row says that sim/atlas/ADDRESS names.
"""
