// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The socket to the model.  Everything runs under QEMU's big lock, so there is one socket and no lock of its own.
 * While a register read waits for its answer, the model's DMA and interrupts are served.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pciefn.h"

struct qemu q;

void fail(const char *format, ...)
{
    char version[128] = "QEMU of unknown version";
    char command[64];
    va_list args;

    unsetenv("LD_PRELOAD");
    snprintf(command, sizeof(command), "/proc/%d/exe --version", getpid());
    FILE *p = popen(command, "r");
    if (p && fgets(version, sizeof(version), p))
        version[strcspn(version, "\n")] = 0;
    fprintf(stderr, "pciefn: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (%s)\n", version);
    _exit(1);
}

static void handle(struct remote *r, char *buf, size_t n);

static void lost(struct remote *r, const char *why)
{
    if (!r->dead)
        fprintf(stderr, "pciefn%d: the model is gone (%s): registers read as all ones\n", r->number, why);
    r->dead = true;
    q.qemu_set_fd_handler(r->fd, NULL, NULL, NULL);
}

/* One packet if there is one; false: none, or the model is gone. */
bool serve(struct remote *r, int flags)
{
    static char buf[MAX_PACKET];
    ssize_t n;

    do
        n = recv(r->fd, buf, sizeof(buf), flags);
    while (n < 0 && errno == EINTR);
    if (n >= (ssize_t)sizeof(struct packet)) {
        handle(r, buf, n);
        return true;
    }
    if (n < 0 && errno == EAGAIN)
        return false;
    lost(r, n < 0 ? strerror(errno) : "closed");
    return false;
}

/* Never blocks on output alone: with both buffers full, each side would wait for the other. */
void transmit(struct remote *r, const void *buf, size_t n)
{
    while (!r->dead && send(r->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        struct pollfd p = { .fd = r->fd, .events = POLLIN | POLLOUT };

        if (errno != EAGAIN && errno != EINTR)
            return lost(r, strerror(errno));
        poll(&p, 1, -1);
        if (p.revents & POLLIN)
            serve(r, MSG_DONTWAIT);
    }
}

/* ---- what the model asks for: DMA and interrupts --------------------------------------------------------- */

static bool dma(struct function *f, uint64_t addr, void *data, uint32_t len, bool write)
{
    /* A function whose bus master bit is off must not reach memory; QEMU checks it only in PCIDevice's own
     * address space, which cannot be had without looking into the structure. */
    if (!f || !(q.pci_default_read_config(f->dev, 4, 2) & 4))
        return false;
    return q.address_space_rw(q.pci_device_iommu_address_space(f->dev), addr, 0, data, len, write) == 0;
}

static void handle_dma(struct remote *r, struct packet *p, size_t n)
{
    static char out[sizeof(struct packet) + MAX_TRANSFER];
    struct packet *reply = (struct packet *)out;
    struct segment *s = (struct segment *)(p + 1);
    bool write = p->op == OP_DMA_WRITE;
    char *data = write ? (char *)(s + p->len) : out + sizeof(*reply);
    char *end = write ? (char *)p + n : out + sizeof(out);
    uint64_t failed = 0;

    if (p->len > (n - sizeof(*p)) / sizeof(*s))
        return lost(r, "bad DMA packet");
    for (uint32_t i = 0; i < p->len; data += s[i].len, i++) {
        if (s[i].len > end - data)
            return lost(r, "DMA packet too long");
        if (!dma(r->by_index[p->fn], s[i].addr, data, s[i].len, write)) {
            failed++;
            if (!write)
                memset(data, 0, s[i].len);
        }
    }
    if (write)
        return;
    *reply = (struct packet){ .op = OP_DMA_DATA, .fn = p->fn, .val = failed };
    transmit(r, out, data - out);
}

static void handle(struct remote *r, char *buf, size_t n)
{
    struct packet *p = (struct packet *)buf;

    switch (p->op) {
    case OP_READ_REPLY:
        r->reply = p->val;
        r->replied = true;
        break;
    case OP_DMA_READ:
    case OP_DMA_WRITE:
        handle_dma(r, p, n);
        break;
    case OP_MSIX:
        if (r->by_index[p->fn] && (q.pci_default_read_config(r->by_index[p->fn]->dev, 4, 2) & 4))
            q.msix_notify(r->by_index[p->fn]->dev, p->val);
        break;
    default:
        lost(r, "unknown packet");
    }
}

void readable(void *opaque)
{
    for (int i = 0; i < 64 && serve(opaque, MSG_DONTWAIT); i++)
        ;
}
