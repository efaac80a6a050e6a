#!/bin/sh
# Runs as root inside the new system (chroot), once, at the end of the image build. $1: the directory of these files.
set -eu
files=$1
version=$(ls /lib/modules)

# --- Kernel modules: the distribution's, only decompressed (udev loads some 40 of them; xz is slow without KVM).
find "/lib/modules/$version" -name '*.ko.xz' -print0 | xargs -0 -r -n 50 -P 2 busybox unxz
depmod "$version"

# --- An initramfs of our own: busybox and what is needed to mount /dev/vda, 4 MB instead of 40.
tree=$(mktemp -d)
mkdir -p "$tree/bin" "$tree/modules" "$tree/dev" "$tree/proc" "$tree/new"
cp /bin/busybox "$tree/bin/busybox"
for module in virtio_pci virtio_blk ext4; do
    modprobe -S "$version" --show-depends "$module"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r path; do
    cp "$path" "$tree/modules/"
    basename "$path"
done > "$tree/order"
{ echo '#!/bin/busybox sh'; cat "$files/initramfs-init.sh"; } > "$tree/init"
chmod 755 "$tree/init"
mkdir -p /boot/lab
(cd "$tree" && find . | busybox cpio -o -H newc > /boot/lab/initrd.img)
rm -r "$tree"
cp "/boot/vmlinuz-$version" /boot/lab/vmlinuz
rm -f /boot/initrd.img-* /initrd.img* /vmlinuz*

# --- Identity and access. '*': no password, but the account is not locked, or sshd would refuse the key.
echo lab > /etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 lab\n' > /etc/hosts
echo '/dev/vda / ext4 rw,noatime 0 0' > /etc/fstab
usermod -p '*' root
install -d -m 700 /root/.ssh
install -m 600 "$files/authorized_keys" /root/.ssh/authorized_keys
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
install -m 644 "$files/sshd.conf" /etc/ssh/sshd_config.d/lab.conf
install -m 644 "$files/ssh.service" /etc/systemd/system/ssh.service

# --- Network: the management NIC, found by its MAC; everything else is left alone.
install -m 644 "$files/management.network" /etc/systemd/network/10-lab-management.network
install -m 644 "$files/unmanaged.network" /etc/systemd/network/90-lab-unmanaged.network

# --- The power button ends the guest; no systemd-logind is needed for that.
install -D -m 755 "$files/power-button.sh" /etc/acpi/PWRF/00000080
install -m 644 "$files/lab-power-button.service" /etc/systemd/system/lab-power-button.service
install -m 644 "$files/power-button.rules" /etc/udev/rules.d/90-lab-power-button.rules

install -D -m 644 "$files/journald.conf" /etc/systemd/journald.conf.d/lab.conf
install -m 644 "$files/modprobe.conf" /etc/modprobe.d/lab.conf

# --- Units.
systemctl enable systemd-networkd.service ssh.service
systemctl disable systemd-networkd-wait-online.service
mask() { # names in file $1, links in directory $2
    mkdir -p "$2"
    grep -v '^#' "$1" | while read -r name; do ln -sfn /dev/null "$2/$name"; done
}
mask "$files/masked-units" /etc/systemd/system
mask "$files/masked-generators" /etc/systemd/system-generators
install -D -m 644 "$files/udev-trigger.conf" /etc/systemd/system/systemd-udev-trigger.service.d/lab.conf
systemctl set-default multi-user.target
