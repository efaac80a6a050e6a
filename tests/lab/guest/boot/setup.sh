#!/bin/sh
# Runs as root inside the new system (chroot) after setup.sh: GRUB can boot it, and NetworkManager is there, but off.
# $1: the directory of these files, and of the ones that are the same for all images.
set -eu
files=$1
version=$(ls /lib/modules)

# --- GRUB with a configuration of the guest's own, as a stock server has it. No menu, and all of it on the serial port.
cp /boot/lab/initrd.img "/boot/initrd.img-$version"
sed -e 's|^GRUB_TIMEOUT=.*|GRUB_TIMEOUT=0|' \
    -e 's|^GRUB_CMDLINE_LINUX_DEFAULT=.*|GRUB_CMDLINE_LINUX_DEFAULT=""|' \
    -e "s|^GRUB_CMDLINE_LINUX=.*|GRUB_CMDLINE_LINUX=\"$(cat "$files/kernel-arguments")\"|" \
    /usr/share/grub/default/grub > /etc/default/grub
cat "$files/boot/default-grub" >> /etc/default/grub

# update-grub asks grub-probe about the disk that / is on, which there is only in the guest: this one answers for it.
probe=/usr/sbin/grub-probe
mv "$probe" "$probe.real"
sed "s|UUID|$(cat "$files/disk-uuid")|" "$files/boot/grub-probe.sh" > "$probe"
chmod 755 "$probe"
mkdir -p /boot/grub
update-grub
mv "$probe.real" "$probe"

# --- GRUB as the kernel that QEMU starts: lnxboot.img is the header of a kernel. It reads grub.cfg from the whole disk.
# Modules are not on the disk: whatever grub.cfg loads has to be in it.
core=$(mktemp)
grub-mkimage -O i386-pc -p '(hd0)/boot/grub' -c "$files/boot/grub-early.cfg" -o "$core" \
    biosdisk ext2 part_msdos part_gpt normal configfile linux echo test search search_fs_uuid search_fs_file \
    search_label gzio serial terminal loadenv all_video minicmd sleep true regexp
cat /usr/lib/grub/i386-pc/lnxboot.img "$core" > /boot/lab/grub.kernel
rm "$core"

# --- NetworkManager, for tests that start it. SSH's NIC stays networkd's.
systemctl disable NetworkManager.service NetworkManager-wait-online.service
install -D -m 644 "$files/boot/networkmanager.conf" /etc/NetworkManager/conf.d/lab.conf
