#!/bin/sh
# guest-kernel.sh DIR: Debian 12's kernel (Linux 6.1), unpacked in DIR and not installed: boot/vmlinuz and what of
# lib/modules a guest without hardware can use. Does nothing when it is there.
set -eu
dir=$1
[ ! -e "$dir/complete" ] || exit 0

newest() {
	apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-6\.1\..*-amd64\)$/\1/p'
}
package=$(newest)
if [ -z "$package" ]; then
	apt-get update -qq
	package=$(newest)
fi
if [ -z "$package" ]; then
	echo "guest-kernel: no package of Linux 6.1 here: unpack Debian 12's linux-image-amd64 in a folder and name it in GUEST_KERNEL" >&2
	exit 1
fi
echo "guest-kernel: fetching $package, unpacking it in $dir (not installed)"
rm -rf "$dir"
mkdir -p "$dir/download"
cd "$dir"
(cd download && apt-get -qq -o APT::Sandbox::User=root download "$package")
modules='./lib/modules/*/kernel'
dpkg-deb --fsys-tarfile download/*.deb | tar -x --wildcards './boot/vmlinuz-*' './lib/modules/*/modules.*' \
	"$modules/arch" "$modules/crypto" "$modules/fs" "$modules/lib" "$modules/net" \
	"$modules/drivers/char" "$modules/drivers/virtio" "$modules/drivers/block" "$modules/drivers/net/veth.ko"
rm -rf download
release=$(basename lib/modules/*)
/sbin/depmod -b . "$release"
: > complete
