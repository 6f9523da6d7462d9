/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What C11 lacks and every platform has, each under a name of its own. The only file of the core
 * and the plugin that may ask which platform or compiler it is.
 */
#ifndef DIAG_PORTABLE_H
#define DIAG_PORTABLE_H

#include <stdint.h>

/* inet_ntop(), AF_INET and AF_INET6 */
#ifdef _WIN32
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <sys/socket.h>
#endif

/* Number of the lowest bit of a set that is not empty. */
static inline unsigned diag_lowest_bit(uint64_t set)
{
#ifdef __GNUC__
    return (unsigned)__builtin_ctzll(set);
#else
    unsigned bit = 0;

    for (; (set & 1) == 0; set >>= 1)
        bit++;
    return bit;
#endif
}

#endif
