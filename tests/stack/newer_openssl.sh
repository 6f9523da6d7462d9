#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: newer_openssl.sh DIRECTORY [SUITE]: unpacks the openssl of a newer Debian (trixie) there, with
# the libraries it needs, and prints the program's path, for DIAG_NEWER_OPENSSL. Nothing is installed.
set -eu
[ $# -ge 1 ] || { sed -n 's/^# usage: /usage: /p' "$0"; exit 2; }
mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/root"
directory=$(cd "$1" && pwd)
suite=${2:-trixie}
echo "deb http://deb.debian.org/debian $suite main" >"$directory/sources.list"
cat >"$directory/apt.conf" <<END
Dir::Etc::sourcelist "$directory/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$directory/lists";
Dir::Cache "$directory/cache";
APT::Get::List-Cleanup "0";
APT::Sandbox::User "root";
END
apt-get -q -c "$directory/apt.conf" update >&2
cd "$directory/cache"
apt-get -q -c "$directory/apt.conf" download openssl libssl3t64 libc6 zlib1g libzstd1 >&2
for package in ./*.deb; do
    dpkg-deb -x "$package" "$directory/root"
done
libraries=$(dirname "$(find "$directory/root" -name libssl.so.3)")
loader=$(find "$libraries" -name 'ld-linux*.so.*' | head -n 1)
cat >"$directory/openssl" <<END
#!/bin/sh
exec "$loader" --library-path "$libraries" "$directory/root/usr/bin/openssl" "\$@"
END
chmod +x "$directory/openssl"
echo "$directory/openssl"
