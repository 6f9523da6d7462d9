#!/bin/sh
# usage: core_is_pure.sh LIBRARY
# The core may call the functions below and nothing else, and may own no writable memory: no clock,
# no files, no environment, no locale. That is what makes a finding a function of the packets.
set -eu
containers='array|byte_array|hash_table|list|ptr_array|queue|sequence|slist|string|tree'
allocation='free|malloc|malloc0|malloc0_n|malloc_n|memdup2|realloc|realloc_n|strdup|strndup'
hashing='(direct|int|int64|str)_(equal|hash)'
libc='bcmp|bsearch|inet_ntop|mem(chr|cmp|cpy|move|set)|qsort|v?snprintf'
strings='str(chr|cmp|cspn|len|ncmp|nlen|pbrk|rchr|spn|str)'
ascii='g_ascii_to(lower|upper)' # no locale in them
compiler='__assert_fail|__(mem|str|v?sn)[a-z]*_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'
allowed="^(diag_.*|g_(($containers)_.*|$allocation|$hashing)|$libc|$strings|$ascii|$compiler)\$"

foreign=$(nm -u "$1" | awk '$1 == "U" {print $2}' | sort -u | grep -Ev "$allowed" || true)
# .data.rel.ro holds constants that the loader relocates; every other .data is writable.
writable=$(size -A "$1" | awk '$1 ~ /^\.(t?data|t?bss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0' || true)
[ -z "$foreign" ] || printf 'the core calls:\n%s\n' "$foreign"
[ -z "$writable" ] || printf 'the core has writable globals:\n%s\n' "$writable"
[ -z "$foreign$writable" ]
