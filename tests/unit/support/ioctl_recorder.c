// Copyright (c) 2026 the kernel_bypass.sriov maintainers
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ioctl_recorder: what the ethtool binary would send to a driver that takes everything.
 *
 * Loaded into an unmodified ethtool with LD_PRELOAD. Every SIOCETHTOOL request is appended to the file IOCTL_RECORD,
 * a 32-bit length before its bytes; only as much is answered as ethtool asks before it sets flow rules and tables:
 * a device without rules, with IOCTL_LOCATIONS places for them, and with IOCTL_RINGS RX rings and an indirection table
 * of IOCTL_TABLE entries and a hash key of IOCTL_KEY bytes. IOCTL_OLD: it knows the older requests for the table only. Netlink is refused, so that an
 * ethtool which prefers it falls back to the ioctl.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

static uint32_t setting(const char *name)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 0) : 0;
}

static uint32_t request_size(const void *data)
{
    const struct ethtool_rxfh *rxfh = data;
    const struct ethtool_rxfh_indir *indir = data;

    switch (*(const uint32_t *)data) {
    case ETHTOOL_GRXRINGS:
    case ETHTOOL_GRXCLSRLCNT:
    case ETHTOOL_GRXCLSRULE:
    case ETHTOOL_GRXCLSRLALL:
    case ETHTOOL_SRXCLSRLDEL:
    case ETHTOOL_SRXCLSRLINS:
        return sizeof(struct ethtool_rxnfc);
    case ETHTOOL_SRSSH:
        if (rxfh->indir_size == ETH_RXFH_INDIR_NO_CHANGE)
            return sizeof(*rxfh) + rxfh->key_size;
        return sizeof(*rxfh) + rxfh->indir_size * sizeof(rxfh->rss_config[0]) + rxfh->key_size;
    case ETHTOOL_SRXFH:
        return offsetof(struct ethtool_rxnfc, fs);
    case ETHTOOL_SRXFHINDIR:
        return sizeof(*indir) + indir->size * sizeof(indir->ring_index[0]);
    default:
        return sizeof(uint32_t);
    }
}

static void record(const void *data)
{
    FILE *file = fopen(getenv("IOCTL_RECORD"), "ab");
    uint32_t size = request_size(data);

    if (!file || fwrite(&size, sizeof(size), 1, file) != 1 || fwrite(data, size, 1, file) != 1 || fclose(file))
        abort();
}

static int answer(void *data)
{
    struct ethtool_rxnfc *rxnfc = data;
    struct ethtool_rxfh *rxfh = data;
    struct ethtool_rxfh_indir *indir = data;

    switch (rxnfc->cmd) {
    case ETHTOOL_GRXRINGS:
        rxnfc->data = setting("IOCTL_RINGS");
        return 0;
    case ETHTOOL_GRXCLSRLCNT:
        rxnfc->rule_cnt = 0;
        rxnfc->data = 0;
        return 0;
    case ETHTOOL_GRXCLSRLALL:
        rxnfc->rule_cnt = 0;
        rxnfc->data = setting("IOCTL_LOCATIONS");
        return 0;
    case ETHTOOL_GRSSH:
    case ETHTOOL_SRSSH:
        if (setting("IOCTL_OLD"))
            break;
        if (rxfh->cmd == ETHTOOL_GRSSH) {
            rxfh->indir_size = setting("IOCTL_TABLE");
            rxfh->key_size = setting("IOCTL_KEY");
        }
        return 0;
    case ETHTOOL_GRXFHINDIR:
        indir->size = setting("IOCTL_TABLE");
        return 0;
    case ETHTOOL_SRXCLSRLINS:
    case ETHTOOL_SRXCLSRLDEL:
    case ETHTOOL_SRXFHINDIR:
    case ETHTOOL_SRXFH:
        return 0;
    }
    errno = EOPNOTSUPP;
    return -1;
}

int socket(int domain, int type, int protocol)
{
    int (*next)(int, int, int) = dlsym(RTLD_NEXT, "socket");

    if (domain == AF_NETLINK) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return next(domain, type, protocol);
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
    va_list arguments;
    void *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if (request != SIOCETHTOOL)
        return next(fd, request, argument);
    record(((struct ifreq *)argument)->ifr_data);
    return answer(((struct ifreq *)argument)->ifr_data);
}
