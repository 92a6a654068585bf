/* Information about the whole system for user programs: the structure of information_read(). */
#pragma once

#include "lib/compiler.h"

#define INFORMATION_VERSION 1

/*
 * New members are added at the end, with a new version; a reader gets as many bytes as it asks for.
 */
struct information {
    uint32_t version; /* INFORMATION_VERSION of the kernel */
    uint32_t bytes;   /* sizeof(struct information) of the kernel */
    uint64_t clock_ns;
    uint32_t cpus;    /* online */
    uint32_t threads; /* of the kernel and of programs, idle threads included */
    uint64_t frames_total;
    uint64_t frames_free;
    uint32_t page_bytes;
    uint32_t system_calls; /* how many there are: numbers below this are known */
};
