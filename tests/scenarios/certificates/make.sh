#!/bin/sh
# Makes the certificates of the scenarios, whose clock starts on 15 January 2027. The keys are
# thrown away. New ones differ in every byte of key and signature: no test depends on them.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# template NAME LINE...: what certtool is to put into NAME.
template()
{
    name=$1
    shift
    printf '%s\n' "$@" >"$work/$name.cfg"
}

# make NAME ISSUER: "self" signs itself.
make()
{
    key=--generate-privkey
    kind='--key-type=ecdsa --curve=secp256r1'
    [ "$1" != weak ] || kind='--key-type=rsa --bits=1024'
    # shellcheck disable=SC2086 # two words
    certtool $key $kind --outfile "$work/$1.key" >/dev/null 2>&1
    if [ "$2" = self ]; then
        certtool --generate-self-signed --load-privkey "$work/$1.key" --template "$work/$1.cfg" \
            --outfile "$work/$1.pem" 2>/dev/null
    else
        certtool --generate-certificate --load-privkey "$work/$1.key" --template "$work/$1.cfg" \
            --load-ca-certificate "$work/$2.pem" --load-ca-privkey "$work/$2.key" \
            --outfile "$work/$1.pem" 2>/dev/null
    fi
    certtool --certificate-info --infile "$work/$1.pem" --outder --outfile "$1.der" 2>/dev/null
}

from='activation_date = "2026-11-01 00:00:00 UTC"'
until='expiration_date = "2126-11-01 00:00:00 UTC"'
passed='expiration_date = "2027-01-12 00:00:00 UTC"' # three days before every story
later='activation_date = "2027-02-01 00:00:00 UTC"'
forum='policy1 = 2.23.140.1.2.1' # CA/Browser Forum: domain validated

template root 'cn = "Example Root CA"' "$from" "$until" ca cert_signing_key
template intermediate 'cn = "Example Intermediate CA"' "$from" "$until" ca cert_signing_key
template other_root 'cn = "Another Root CA"' "$from" "$until" ca cert_signing_key
template leaf 'cn = "www.example.com"' 'dns_name = "www.example.com"' "$from" "$until" "$forum"
template private 'cn = "www.example.com"' 'dns_name = "www.example.com"' "$from" "$until"
template department 'cn = "www.example.com"' 'dns_name = "www.example.com"' "$from" "$until"
template expired 'cn = "www.example.com"' 'dns_name = "www.example.com"' "$from" "$passed" "$forum"
template future 'cn = "www.example.com"' 'dns_name = "www.example.com"' "$later" "$until" "$forum"
template other_expired 'cn = "www.example.com"' 'dns_name = "www.example.com"' "$from" "$passed"
template other_name 'cn = "other.example.net"' 'dns_name = "other.example.net"' "$from" "$until" \
    "$forum"
template self_signed 'cn = "www.example.com"' 'dns_name = "www.example.com"' "$from" "$until"
template wildcard 'cn = "example.com"' 'dns_name = "*.example.com"' "$from" "$until" "$forum"
template weak 'cn = "www.example.com"' 'dns_name = "www.example.com"' "$from" "$until"

make root self
make intermediate root
make other_root self
for name in leaf department expired future other_name wildcard; do
    make $name intermediate
done
make private root
make weak root
make other_expired other_root
make self_signed self
