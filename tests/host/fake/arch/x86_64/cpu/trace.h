/* Host stand-in: nothing is traced, and there are no patch sites. */
#pragma once

#include "arch/x86_64/cpu/trace_list.h"
#include "lib/compiler.h"

/* clang-format off */
enum trace_kind {
#define TRACE_KIND(number, name, ...) TRACE_##name = (number),
    TRACE_LIST(TRACE_KIND)
#undef TRACE_KIND
};
/* clang-format on */

static inline void trace_record(enum trace_kind kind, uint16_t small, uint32_t thread, uint64_t a,
                                uint64_t b)
{
    (void)kind, (void)small, (void)thread, (void)a, (void)b;
}

#define TRACED(function, traced) static_assert(sizeof(&(function)) == sizeof(&(traced)), "forms")
#define TRACED_FORM              never_inline __attribute__((used))
