// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pciefn: a PCI Express function with SR-IOV whose registers live in another process.
 *
 * Loaded into an unmodified qemu-system-x86_64 with LD_PRELOAD.  PCIEFN_SOCKET lists the models' sockets
 * (SOCK_SEQPACKET, separated by ':'); the n-th gives QEMU the device type "pciefn<n>".  What the function is -
 * identity, BAR size, vectors, number of VFs - comes from the model in its first packet (struct hello); nothing
 * here knows which device that is.
 *
 * No QEMU header is used: every function below is exported by the QEMU binary, looked up by name at start.  Only
 * four structures are touched.  Three have been stable for years and are declared by hand; where the fourth
 * (PCIDeviceClass) keeps its fields is measured in the classes of igb and e1000e, which must agree.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pciefn.h"

static struct remote remotes[MAX_REMOTES];
static int num_remotes;
static struct function *functions;
/* Gone in 10.0.13, where pci_register_bar() serves VFs too. */
static void (*vf_register_bar)(void *, int, void *);

/* ---- what the guest does: registers, configuration space, reset --------------------------------------- */

static uint64_t mmio_read(void *opaque, uint64_t addr, unsigned size)
{
    struct function *f = opaque;
    struct remote *r = f->remote;
    struct packet p = { .op = OP_READ, .fn = f->index, .size = size, .addr = addr };

    r->replied = false;
    transmit(r, &p, sizeof(p));
    for (int i = 0; !r->replied && !r->dead; i++)
        serve(r, i < r->spin ? MSG_DONTWAIT : 0);
    return r->dead ? ~0ULL >> (64 - 8 * size) : r->reply;
}

static void mmio_write(void *opaque, uint64_t addr, uint64_t val, unsigned size)
{
    struct function *f = opaque;
    struct packet p = { .op = OP_WRITE, .fn = f->index, .size = size, .addr = addr, .val = val };

    transmit(f->remote, &p, sizeof(p));
}

static const struct region_ops mmio_ops = {
    .read = mmio_read, .write = mmio_write, .endianness = 2, .impl = { .min = 4, .max = 4 },
};

static struct function *find(void *dev)
{
    struct function *f = functions;

    while (f && f->dev != dev)
        f = f->next;
    return f;
}

static void num_vfs_changed(struct function *f)
{
    int num_vfs = f->index ? 0 : q.pcie_sriov_num_vfs(f->dev);
    struct packet p = { .op = OP_CONFIG, .val = num_vfs };

    if (f->index || num_vfs == f->remote->num_vfs)
        return;
    f->remote->num_vfs = num_vfs;
    transmit(f->remote, &p, sizeof(p));
}

static void config_write(void *dev, uint32_t addr, uint32_t val, int len)
{
    struct function *f = find(dev);

    q.pci_default_write_config(dev, addr, val, len);
    q.pcie_cap_flr_write_config(dev, addr, val, len);
    if (f)
        num_vfs_changed(f);
}

static void reset(void *dev)
{
    struct function *f = find(dev);

    if (f) {
        struct packet p = { .op = OP_RESET, .fn = f->index };

        transmit(f->remote, &p, sizeof(p));
        num_vfs_changed(f);
    }
}

/* ---- the device types ------------------------------------------------------------------------------------ */

static void init_region(struct function *f, struct region *m, bool io, uint64_t size)
{
    memset(m->bytes, 0x5a, sizeof(m->bytes));
    memset(m->bytes, 0, sizeof(m->bytes) / 2);
    if (io)
        q.memory_region_init_io(m, f->dev, &mmio_ops, f, "pciefn", size);
    else
        q.memory_region_init(m, f->dev, "pciefn-msix", size);
    for (size_t i = sizeof(m->bytes) / 2; i < sizeof(m->bytes); i++)
        if (m->bytes[i] != 0x5a)
            fail("MemoryRegion is larger than %zu bytes", sizeof(m->bytes) / 2);
}

static struct function *add_function(struct remote *r, void *dev, int index)
{
    struct hello *h = &r->hello;
    struct function *f = aligned_alloc(16, (sizeof(*f) + 15) & ~15UL);

    *f = (struct function){ .remote = r, .dev = dev, .index = index, .next = functions };
    functions = r->by_index[index] = f;
    init_region(f, &f->mmio, true, index ? h->vf_bar_size : h->bar_size);
    init_region(f, &f->msix, false, 16384);
    return f;
}

static bool add_capabilities(struct function *f, unsigned vectors, uint8_t msix_bar, void **errp)
{
    if (q.msix_init(f->dev, vectors, &f->msix, msix_bar, 0, &f->msix, msix_bar, 0x2000, 0x70, errp))
        return false;
    for (unsigned i = 0; i < vectors; i++)
        q.msix_vector_use(f->dev, i);
    if (q.pcie_endpoint_cap_init(f->dev, 0xa0) < 0)
        fail("no PCI Express capability: is the bus a root port?");
    q.pcie_cap_flr_init(f->dev);
    if (q.pcie_aer_init(f->dev, 1, 0x100, 0x40, errp) < 0)
        return false;
    q.pcie_ari_init(f->dev, 0x150);
    return true;
}

static void pf_realize(struct remote *r, void *dev, void **errp)
{
    struct hello *h = &r->hello;
    struct function *f = add_function(r, dev, 0);

    q.pci_register_bar(dev, 0, 0x0c, &f->mmio);         /* 64 bit, prefetchable, as the silicon */
    q.pci_register_bar(dev, h->msix_bar, 0x0c, &f->msix);
    if (!add_capabilities(f, h->vectors, h->msix_bar, errp))
        return;
    q.pcie_sriov_pf_init(dev, 0x160, r->vf_type, h->vf_device, h->total_vfs, h->total_vfs, h->vf_offset,
                         h->vf_stride, errp);
    /* 32 bit VF BARs: QEMU 10.0.2 mixes up vf_bar_type of 64 bit ones. */
    q.pcie_sriov_pf_init_vf_bar(dev, 0, 0, h->vf_bar_size);
    q.pcie_sriov_pf_init_vf_bar(dev, h->vf_msix_bar, 0, 16384);
    q.qemu_set_fd_handler(r->fd, readable, NULL, r);
}

static void vf_bar(void *dev, int number, void *region)
{
    if (vf_register_bar)
        vf_register_bar(dev, number, region);
    else
        q.pci_register_bar(dev, number, 0, region);
}

static void vf_realize(struct remote *r, void *dev, void **errp)
{
    if (!q.pcie_sriov_get_pf(dev))
        fail("%s is made by its PF, not by -device", r->vf_type);
    struct function *f = add_function(r, dev, 1 + q.pcie_sriov_vf_number(dev));

    vf_bar(dev, 0, &f->mmio);
    vf_bar(dev, r->hello.vf_msix_bar, &f->msix);
    add_capabilities(f, r->hello.vf_vectors, r->hello.vf_msix_bar, errp);
}

static void unrealize(void *dev)
{
    struct function *f = find(dev), **p = &functions;

    if (!f)
        return;
    if (!f->index) {
        q.qemu_set_fd_handler(f->remote->fd, NULL, NULL, NULL);
        q.pcie_sriov_pf_exit(dev);
    }
    q.pcie_aer_exit(dev);
    q.pcie_cap_exit(dev);
    q.msix_unuse_all_vectors(dev);
    q.msix_uninit(dev, &f->msix, &f->msix);
    while (*p != f)
        p = &(*p)->next;
    *p = f->next;               /* the memory stays: QEMU may still hold the regions for a moment */
    f->remote->by_index[f->index] = NULL;
}

/* One realize function a remote and kind: QEMU hands over the device alone, and the class cannot carry data. */
#define REALIZE(n) \
    static void pf_realize_##n(void *dev, void **errp) { pf_realize(&remotes[n], dev, errp); } \
    static void vf_realize_##n(void *dev, void **errp) { vf_realize(&remotes[n], dev, errp); }
REALIZE(0) REALIZE(1) REALIZE(2) REALIZE(3) REALIZE(4) REALIZE(5) REALIZE(6) REALIZE(7)
#define NAMES(kind) { kind##_0, kind##_1, kind##_2, kind##_3, kind##_4, kind##_5, kind##_6, kind##_7 }
static void (*const pf_realizers[MAX_REMOTES])(void *, void **) = NAMES(pf_realize);
static void (*const vf_realizers[MAX_REMOTES])(void *, void **) = NAMES(vf_realize);

/* Where a class keeps its identity: two adjacent words, with the fields around them as they must be. */
static size_t find_tail(const char *name, uint16_t device)
{
    const char *class = q.object_class_by_name(name);

    if (!class)
        fail("cannot measure the class layout: this QEMU has no %s", name);
    for (size_t at = 96; at < 512; at += 8) {
        const struct class_tail *t = (const void *)(class + at);

        if (t->vendor_id == 0x8086 && t->device_id == device && t->class_id == 0x0200 && t->realize && t->exit)
            return at;
    }
    fail("cannot measure the class layout: no 8086:%04x in the class of %s", device, name);
}

static void class_init(void *class, void *data)
{
    struct remote *r = &remotes[(uintptr_t)data / 2];
    bool is_vf = (uintptr_t)data & 1;
    size_t at = find_tail("igb", 0x10c9);
    struct class_tail *t = (void *)((char *)class + at);

    if (find_tail("e1000e", 0x10d3) != at)
        fail("the class layouts of igb and e1000e differ");
    if (t->realize || t->vendor_id || t->device_id || t->class_id)
        fail("the class layout measured in igb (offset %zu) does not fit a new class", at);
    t->realize = is_vf ? vf_realizers[r->number] : pf_realizers[r->number];
    t->exit = unrealize;
    t->config_write = config_write;
    t->vendor_id = r->hello.vendor;
    t->device_id = is_vf ? r->hello.vf_device : r->hello.device;
    t->revision = r->hello.revision;
    t->class_id = r->hello.class_id;
    t->subsystem_vendor_id = r->hello.subvendor;
    t->subsystem_id = r->hello.subdevice;
    q.device_class_set_legacy_reset(class, reset);
}

/* ---- start --------------------------------------------------------------------------------------------------- */

static int reach(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(addr.sun_path))
        fail("socket path too long: %s", path);
    strcpy(addr.sun_path, path);
    for (int tries = 0; connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0; tries++) {
        if (tries == 100)
            fail("no model at %s: %s", path, strerror(errno));
        usleep(50000);          /* the model may have been started together with QEMU */
    }
    return fd;
}

static void add_remote(const char *path)
{
    struct remote *r = &remotes[num_remotes];
    struct { struct packet p; struct hello h; } __attribute__((packed)) first;
    const char *spin = getenv("PCIEFN_SPIN");

    r->number = num_remotes++;
    r->fd = reach(path);
    r->spin = spin ? atoi(spin) : 0;
    if (recv(r->fd, &first, sizeof(first), 0) != sizeof(first) || memcmp(first.h.magic, "PCIEFN1", 8))
        fail("the process at %s does not speak PCIEFN1", path);
    r->hello = first.h;
    if (r->hello.total_vfs > 254)
        fail("%d VFs are too many", r->hello.total_vfs);
    snprintf(r->type, sizeof(r->type), "pciefn%d", r->number);
    snprintf(r->vf_type, sizeof(r->vf_type), "pciefn%d-vf", r->number);
}

static void register_types(void)
{
    static const struct interface_info pcie[] = { { "pci-express-device" }, { NULL } };

    if (!q.object_class_by_name("pci-device"))
        fail("device types are registered too early: MODULE_INIT_MIGRATION is no longer %d", MODULE_INIT_MIGRATION);
    for (uintptr_t i = 0; i < 2UL * num_remotes; i++) {
        struct remote *r = &remotes[i / 2];
        struct type_info info = {
            .name = i & 1 ? r->vf_type : r->type, .parent = "pci-device", .class_init = class_init,
            .class_data = (void *)i, .interfaces = pcie,
        };
        q.type_register_static(&info);
    }
}

__attribute__((constructor)) static void start(void)
{
    const char *sockets = getenv("PCIEFN_SOCKET");
    char *copy, *path, *rest, missing[1024] = "";

    /* LD_PRELOAD reaches every program on the way to QEMU (nice, timeout, sh): they are none of ours. */
    if (!sockets || !dlsym(RTLD_DEFAULT, "type_register_static"))
        return;
#define LOOK_UP(ret, name, ...) \
    if (!(q.name = (ret (*)(__VA_ARGS__))dlsym(RTLD_DEFAULT, #name))) \
        strncat(strcat(missing, " "), #name, sizeof(missing) - strlen(missing) - 2);
    QEMU_FUNCTIONS(LOOK_UP)
    vf_register_bar = (void (*)(void *, int, void *))dlsym(RTLD_DEFAULT, "pcie_sriov_vf_register_bar");
    if (*missing)
        fail("this QEMU does not have%s", missing);
    copy = strdup(sockets);
    for (path = strtok_r(copy, ":", &rest); path; path = strtok_r(NULL, ":", &rest)) {
        if (num_remotes == MAX_REMOTES)
            fail("more than %d sockets in PCIEFN_SOCKET", MAX_REMOTES);
        add_remote(path);
    }
    free(copy);
    /* QEMU 11 has no table of types yet at this point, and wants to know "pci-device" before its children. */
    q.register_module_init(register_types, MODULE_INIT_MIGRATION);
}
