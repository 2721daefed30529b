#!/bin/sh
# The root of the image, around the programs that are already in it: stripped, with the libraries that they name, users,
# the order in which names are resolved, and certificate authorities. The same files whenever it runs.
set -eu
root=$1

for program in "$root"/usr/local/bin/*; do
  strip "$program"
  chmod 755 "$program"
done

# `ldd` prints "name => path (address)", and for the loader "path (address)".
for library in $(ldd "$root"/usr/local/bin/* | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | sort -u); do
  mkdir -p "$root$(dirname "$library")"
  cp --dereference "$library" "$root$library"
done

mkdir -p "$root/etc/ssl/certs" "$root/tmp"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'sabai:x:65532:65532::/:/nonexistent' >"$root/etc/passwd"
echo 'sabai:x:65532:' >"$root/etc/group"
chmod 1777 "$root/tmp"

# Nothing tells when it was made.
find "$root" -exec touch --no-dereference --date=@0 {} +
