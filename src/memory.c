/* memcpy, memmove, memcmp and bcmp for the static program on x86-64. build.rs compiles this file for musl only.
 *
 * musl copies with `rep movsq`, which takes tens of cycles to start, and compares byte by byte. dive copies millions of short
 * names: an image of half a million files took three times the CPU time of the program for glibc.
 *
 * All loads of a short copy precede its stores, so the areas may overlap. Loads and stores of fixed sizes become single
 * instructions. tests/suite/own_memory compares these functions with simple ones. */

#include <stddef.h>
#include <stdint.h>

typedef long long block16 __attribute__((vector_size(16)));

#define LOAD(type, at) \
    __extension__({ \
        type loaded; \
        __builtin_memcpy(&loaded, (at), sizeof loaded); \
        loaded; \
    })

#define STORE(at, value) \
    do { \
        __typeof__(value) stored = (value); \
        __builtin_memcpy((at), &stored, sizeof stored); \
    } while (0)

/* Copies between LENGTH and 2 * LENGTH bytes, where LENGTH is the size of `type`: the first and the last LENGTH bytes, which may
 * overlap. */
#define COPY_ENDS(type, to, from, length) \
    do { \
        type first = LOAD(type, (from)); \
        type last = LOAD(type, (from) + (length) - sizeof(type)); \
        STORE((to), first); \
        STORE((to) + (length) - sizeof(type), last); \
    } while (0)

/* 64 bytes in registers. */
struct block64 {
    block16 parts[4];
};

static inline struct block64 load64(const unsigned char *from)
{
    struct block64 block;
    for (int part = 0; part < 4; part++)
        block.parts[part] = LOAD(block16, from + 16 * part);
    return block;
}

static inline void store64(unsigned char *to, struct block64 block)
{
    for (int part = 0; part < 4; part++)
        STORE(to + 16 * part, block.parts[part]);
}

/* More than 64 bytes, where `to` is not in the source behind its start. */
static void copy_forward(unsigned char *to, const unsigned char *from, size_t length)
{
    /* The last block is loaded before a store can change it. */
    struct block64 last = load64(from + length - 64);
    for (size_t at = 0; at < length - 64; at += 64)
        store64(to + at, load64(from + at));
    store64(to + length - 64, last);
}

/* More than 64 bytes, where `to` is in the source behind its start. */
static void copy_backward(unsigned char *to, const unsigned char *from, size_t length)
{
    struct block64 first = load64(from);
    for (size_t end = length; end > 64; end -= 64)
        store64(to + end - 64, load64(from + end - 64));
    store64(to, first);
}

void *memmove(void *destination, const void *source, size_t length)
{
    unsigned char *to = destination;
    const unsigned char *from = source;
    if (length > 64) {
        /* The difference wraps around where `to` is before `from`. */
        if ((uintptr_t)to - (uintptr_t)from >= length)
            copy_forward(to, from, length);
        else
            copy_backward(to, from, length);
    } else if (length > 32) {
        struct {
            block16 parts[2];
        } first, last;
        for (int part = 0; part < 2; part++) {
            first.parts[part] = LOAD(block16, from + 16 * part);
            last.parts[part] = LOAD(block16, from + length - 32 + 16 * part);
        }
        for (int part = 0; part < 2; part++) {
            STORE(to + 16 * part, first.parts[part]);
            STORE(to + length - 32 + 16 * part, last.parts[part]);
        }
    } else if (length >= 16) {
        COPY_ENDS(block16, to, from, length);
    } else if (length >= 8) {
        COPY_ENDS(uint64_t, to, from, length);
    } else if (length >= 4) {
        COPY_ENDS(uint32_t, to, from, length);
    } else if (length >= 2) {
        COPY_ENDS(uint16_t, to, from, length);
    } else if (length == 1) {
        *to = *from;
    }
    return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t length)
{
    return memmove(destination, source, length);
}

int memcmp(const void *left, const void *right, size_t length)
{
    const unsigned char *a = left, *b = right;
    size_t at = 0;
    for (; length - at >= 8; at += 8) {
        uint64_t of_a = LOAD(uint64_t, a + at), of_b = LOAD(uint64_t, b + at);
        /* The first byte decides, which is the lowest on x86-64. */
        if (of_a != of_b)
            return __builtin_bswap64(of_a) < __builtin_bswap64(of_b) ? -1 : 1;
    }
    for (; at < length; at++) {
        if (a[at] != b[at])
            return a[at] < b[at] ? -1 : 1;
    }
    return 0;
}

int bcmp(const void *left, const void *right, size_t length)
{
    return memcmp(left, right, length);
}
