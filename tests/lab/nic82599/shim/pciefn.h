// SPDX-License-Identifier: GPL-2.0-or-later
/* What the shim knows of QEMU (declared by hand), and the protocol it speaks with the model. */
#ifndef PCIEFN_H
#define PCIEFN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_REMOTES 8
#define MAX_PACKET (256 * 1024)
#define MAX_TRANSFER (128 * 1024)

/* The functions of QEMU that are called, with the signatures of 10.0 (opaque pointers as void *). */
#define QEMU_FUNCTIONS(F) \
    F(void, register_module_init, void (*)(void), int) \
    F(void *, type_register_static, const struct type_info *) \
    F(void *, object_class_by_name, const char *) \
    F(void, device_class_set_legacy_reset, void *, void (*)(void *)) \
    F(void, memory_region_init, void *, void *, const char *, uint64_t) \
    F(void, memory_region_init_io, void *, void *, const struct region_ops *, void *, const char *, uint64_t) \
    F(void, pci_register_bar, void *, int, uint8_t, void *) \
    F(uint32_t, pci_default_read_config, void *, uint32_t, int) \
    F(void, pci_default_write_config, void *, uint32_t, uint32_t, int) \
    F(void *, pci_device_iommu_address_space, void *) \
    F(uint32_t, address_space_rw, void *, uint64_t, uint64_t, void *, uint64_t, bool) \
    F(int, msix_init, void *, unsigned short, void *, uint8_t, unsigned, void *, uint8_t, unsigned, uint8_t, void *) \
    F(void, msix_vector_use, void *, unsigned) \
    F(void, msix_unuse_all_vectors, void *) \
    F(void, msix_uninit, void *, void *, void *) \
    F(void, msix_notify, void *, unsigned) \
    F(int, pcie_endpoint_cap_init, void *, uint8_t) \
    F(void, pcie_cap_flr_init, void *) \
    F(void, pcie_cap_flr_write_config, void *, uint32_t, uint32_t, int) \
    F(void, pcie_cap_exit, void *) \
    F(int, pcie_aer_init, void *, uint8_t, uint16_t, uint16_t, void *) \
    F(void, pcie_aer_exit, void *) \
    F(void, pcie_ari_init, void *, uint16_t) \
    F(bool, pcie_sriov_pf_init, void *, uint16_t, const char *, uint16_t, uint16_t, uint16_t, uint16_t, uint16_t, \
      void *) \
    F(void, pcie_sriov_pf_init_vf_bar, void *, int, uint8_t, uint64_t) \
    F(void, pcie_sriov_pf_exit, void *) \
    F(void *, pcie_sriov_get_pf, void *) \
    F(uint16_t, pcie_sriov_vf_number, void *) \
    F(uint16_t, pcie_sriov_num_vfs, void *) \
    F(void, qemu_set_fd_handler, int, void (*)(void *), void (*)(void *), void *)

#define MODULE_INIT_MIGRATION 0 /* qemu/module.h: the phase that follows the registration of QEMU's own devices */

struct type_info {              /* TypeInfo, qom/object.h */
    const char *name, *parent;
    size_t instance_size, instance_align;
    void (*instance_init)(void *), (*instance_post_init)(void *), (*instance_finalize)(void *);
    bool abstract;
    size_t class_size;
    void (*class_init)(void *, void *), (*class_base_init)(void *, void *);
    void *class_data;
    const struct interface_info { const char *type; } *interfaces;
};

struct region_ops {             /* MemoryRegionOps, exec/memory.h */
    uint64_t (*read)(void *, uint64_t, unsigned);
    void (*write)(void *, uint64_t, uint64_t, unsigned);
    void *read_with_attrs, *write_with_attrs;
    int endianness;             /* 2: little endian */
    struct { unsigned min, max; bool unaligned; void *accepts; } valid;
    struct { unsigned min, max; bool unaligned; } impl;
};

struct class_tail {             /* PCIDeviceClass behind its DeviceClass; offset measured in find_tail() */
    void (*realize)(void *, void **);
    void (*exit)(void *);
    void *config_read;
    void (*config_write)(void *, uint32_t, uint32_t, int);
    uint16_t vendor_id, device_id;
    uint8_t revision;
    uint16_t class_id, subsystem_vendor_id, subsystem_id;
};

enum { OP_READ = 1, OP_WRITE, OP_RESET, OP_CONFIG, OP_DMA_DATA,                 /* to the model */
       OP_HELLO = 16, OP_READ_REPLY, OP_DMA_READ, OP_DMA_WRITE, OP_MSIX };      /* from the model */

struct packet {                 /* every packet starts with this, little endian */
    uint8_t op, fn, bar, size;  /* fn 0: the PF, 1 + n: VF n */
    uint32_t len;               /* DMA: number of segments */
    uint64_t addr, val;
} __attribute__((packed));

struct segment { uint64_t addr; uint32_t len; } __attribute__((packed));

struct hello {
    char magic[8];
    uint16_t vendor, device, vf_device, subvendor, subdevice, class_id, revision;
    uint16_t total_vfs, vf_offset, vf_stride, vectors, vf_vectors, msix_bar, vf_msix_bar;
    uint32_t bar_size, vf_bar_size;
} __attribute__((packed));

struct region { char bytes[2048]; } __attribute__((aligned(16)));       /* a MemoryRegion holds an Int128 */

struct function {
    struct remote *remote;
    void *dev;                  /* the PCIDevice, never looked into */
    int index;
    struct region mmio, msix;
    struct function *next;
};

struct remote {                 /* a model, and the functions it is behind */
    int fd, number, spin, num_vfs;
    bool dead, replied;
    uint64_t reply;
    char type[32], vf_type[32];
    struct hello hello;
    struct function *by_index[256];
};

#define DECLARE(ret, name, ...) ret (*name)(__VA_ARGS__);
extern struct qemu { QEMU_FUNCTIONS(DECLARE) } q;

/* transport.c */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
bool serve(struct remote *r, int flags);
void transmit(struct remote *r, const void *buf, size_t n);
void readable(void *opaque);

#endif
