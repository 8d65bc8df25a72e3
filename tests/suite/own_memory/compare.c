/* Compares the functions in src/memory.c with simple ones: all lengths up to 200 and some longer ones, all distances between
 * overlapping areas, and areas that end at a page that cannot be read or written. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define memcpy dive_memcpy
#define memmove dive_memmove
#define memcmp dive_memcmp
#define bcmp dive_bcmp
#include "memory.c"
#undef memcpy
#undef memmove
#undef memcmp
#undef bcmp

enum { AREA = 1024, MARGIN = 80 };

static void fail(const char *what, size_t length, long detail)
{
    fprintf(stderr, "%s: length %zu, %ld\n", what, length, detail);
    exit(1);
}

/* Returns AREA bytes, after and before a page without access. */
static unsigned char *guarded(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (AREA + page - 1) / page;
    unsigned char *start = mmap(NULL, (pages + 2) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + page, pages * page, PROT_READ | PROT_WRITE) != 0)
        fail("mmap", 0, 0);
    return start + page + pages * page - AREA;
}

static void fill(unsigned char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at++)
        bytes[at] = (unsigned char)(rand() >> 8);
}

static void simple_move(unsigned char *to, const unsigned char *from, size_t length)
{
    unsigned char copy[AREA];
    for (size_t at = 0; at < length; at++)
        copy[at] = from[at];
    for (size_t at = 0; at < length; at++)
        to[at] = copy[at];
}

static void compare_move(unsigned char *area, size_t length, long distance)
{
    static unsigned char before[AREA], expected[AREA];
    size_t from = distance < 0 ? (size_t)-distance : 0, to = distance > 0 ? (size_t)distance : 0;
    fill(before, AREA);
    simple_move(expected, before, AREA);
    simple_move(expected + to, expected + from, length);
    simple_move(area, before, AREA);
    if (dive_memmove(area + to, area + from, length) != area + to)
        fail("memmove returns another address", length, distance);
    for (size_t at = 0; at < AREA; at++) {
        if (area[at] != expected[at])
            fail("memmove differs", length, distance);
    }
}

static void compare_copy(unsigned char *left, unsigned char *right, size_t length)
{
    /* At the start and at the end of the areas. */
    for (int end = 0; end < 2; end++) {
        unsigned char *to = end ? left + AREA - length : left, *from = end ? right + AREA - length : right;
        fill(left, AREA);
        fill(right, AREA);
        dive_memcpy(to, from, length);
        for (size_t at = 0; at < length; at++) {
            if (to[at] != from[at])
                fail("memcpy differs", length, (long)at);
        }
    }
}

static void compare_order(unsigned char *left, unsigned char *right, size_t length)
{
    unsigned char *a = left + AREA - length, *b = right + AREA - length;
    fill(a, length);
    dive_memcpy(b, a, length);
    if (dive_memcmp(a, b, length) != 0 || dive_bcmp(a, b, length) != 0)
        fail("equal areas differ", length, 0);
    for (size_t at = 0; at < length; at++) {
        unsigned char was = b[at];
        b[at] = (unsigned char)(was + 1 + rand() % 255);
        /* A later difference does not count. */
        if (at + 1 < length)
            b[at + 1] ^= 0x80;
        int expected = a[at] < b[at] ? -1 : 1;
        if (dive_memcmp(a, b, length) != expected || dive_memcmp(b, a, length) != -expected)
            fail("memcmp has another order", length, (long)at);
        if (dive_bcmp(a, b, length) == 0)
            fail("bcmp finds no difference", length, (long)at);
        if (at + 1 < length)
            b[at + 1] ^= 0x80;
        b[at] = was;
    }
}

int main(void)
{
    unsigned char *left = guarded(), *right = guarded();
    srand(1);
    for (size_t length = 0; length <= 200; length++) {
        for (long distance = -(long)length - 2; distance <= (long)length + 2; distance++)
            compare_move(left, length, distance);
        compare_copy(left, right, length);
        compare_order(left, right, length);
    }
    for (size_t length = 500; length <= AREA - MARGIN; length += 61) {
        for (long distance = -MARGIN; distance <= MARGIN; distance++)
            compare_move(left, length, distance);
        compare_copy(left, right, length);
    }
    compare_copy(left, right, AREA);
    puts("equal");
    return 0;
}
