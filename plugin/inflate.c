/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Undoes the compression of certificate chains: zlib (OpenSSL, GnuTLS, Safari) and brotli (Chrome,
 * and most of what serves it). Each call is bounded by the size that the message claims.
 */
#include "inflate.h"

#ifdef DIAG_ZLIB
#include <zlib.h>
#endif
#ifdef DIAG_BROTLI
#include <brotli/decode.h>
#endif

enum algorithm {
    ZLIB = 1,
    BROTLI = 2
};

static bool inflate_zlib(const uint8_t *data, size_t length, uint8_t *result, size_t size)
{
#ifdef DIAG_ZLIB
    uLongf n = size;

    return uncompress(result, &n, data, length) == Z_OK && n == size;
#else
    (void)data, (void)length, (void)result, (void)size;
    return false;
#endif
}

static bool inflate_brotli(const uint8_t *data, size_t length, uint8_t *result, size_t size)
{
#ifdef DIAG_BROTLI
    size_t n = size;

    return BrotliDecoderDecompress(length, data, &n, result) == BROTLI_DECODER_RESULT_SUCCESS &&
           n == size;
#else
    (void)data, (void)length, (void)result, (void)size;
    return false;
#endif
}

bool diag_inflate(void *context, uint16_t algorithm, const uint8_t *data, size_t length,
                  uint8_t *result, size_t size)
{
    (void)context;
    switch (algorithm) {
    case ZLIB:
        return inflate_zlib(data, length, result, size);
    case BROTLI:
        return inflate_brotli(data, length, result, size);
    default:
        return false;
    }
}
