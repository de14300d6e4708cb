// OpenSSL's headers, and parameters whose names must outlive the call that makes them: a
// string literal of Swift would not.
#ifndef BARNSTORM_CRYPTO_SHIM_H
#define BARNSTORM_CRYPTO_SHIM_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/rand.h>

// The same name serves MAC and KDF.
static inline OSSL_PARAM shim_digest(char *name) {
    return OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
}

static inline OSSL_PARAM shim_key(void *key, size_t count) {
    return OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, count);
}

static inline OSSL_PARAM shim_salt(void *salt, size_t count) {
    return OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, count);
}

static inline OSSL_PARAM shim_info(void *info, size_t count) {
    return OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, count);
}

// Group, point and, where there is one, number of a key on P-256. The builder keeps pointers.
static inline void shim_push_p256(
    OSSL_PARAM_BLD *builder, const void *point, size_t count, const BIGNUM *number) {
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, count);
    if (number) OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number);
}

// Macros made of other macros do not reach Swift.
static const int shim_public_key = EVP_PKEY_PUBLIC_KEY;
static const int shim_key_pair = EVP_PKEY_KEYPAIR;

#endif
