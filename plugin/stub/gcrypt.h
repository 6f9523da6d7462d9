/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wireshark's header of its TLS dissector names types of libgcrypt, whose own headers wireshark-dev
 * does not bring along everywhere. diag calls nothing of libgcrypt and looks into none of these.
 */
#ifndef DIAG_STUB_GCRYPT_H
#define DIAG_STUB_GCRYPT_H

typedef unsigned gcry_error_t;
typedef struct gcry_cipher_handle *gcry_cipher_hd_t;
typedef struct gcry_md_handle *gcry_md_hd_t;
typedef struct gcry_mac_handle *gcry_mac_hd_t;
typedef struct gcry_sexp *gcry_sexp_t;
typedef struct gcry_mpi *gcry_mpi_t;

#endif
