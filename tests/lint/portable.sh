#!/bin/sh
# usage: portable.sh COMPILER
# The core is C11 without extensions. Neither it nor the plugin uses what only POSIX or GNU has:
# Windows and macOS are never compiled for here, so that the sources must promise it.
set -eu
sources='heuristics/*.[ch] heuristics/*/*.[ch] plugin/*.[ch]'
exempt='^heuristics/portable\.h:'
headers='(arpa|net|netinet|sys)/[a-z_]*|dirent|dlfcn|endian|err|fcntl|fnmatch|getopt|glob|libgen|netdb'
headers="$headers|poll|pthread|pwd|regex|sched|semaphore|strings|syslog|termios|unistd|ws2tcpip"
words='__attribute__|__builtin_|__extension__|__typeof|__GNUC__|_WIN32|_GNU_SOURCE|_POSIX_C_SOURCE'
calls='asprintf|gettimeofday|gmtime_r|localtime_r|memmem|ssize_t|strcasecmp|strcasestr|strchrnul'
calls="$calls|strdup|strncasecmp|strndup|strptime|strsep|strtok_r|strverscmp|timegm"

# shellcheck disable=SC2086 # lists of files
found=$(grep -nE "^#include <($headers)\\.h>|($words)|(^|[^_[:alnum:]])($calls)([^_[:alnum:]]|\$)" \
    $sources | grep -v "$exempt" || true)
[ -z "$found" ] || { printf 'not portable:\n%s\n' "$found" && exit 1; }

glib=$(pkg-config --cflags glib-2.0 | sed 's/-I/-isystem /g')
# shellcheck disable=SC2086 # lists of files and of options
printf '%s\n' heuristics/*.c heuristics/*/*.c |
    xargs -P 2 -n 20 "$1" -std=c11 -pedantic-errors -Wvla -Werror -fsyntax-only -Iheuristics $glib
