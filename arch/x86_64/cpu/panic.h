/* How a kernel bug stops the machine, and the assertion that finds one. */
#pragma once

#include <stdarg.h>

#include "lib/compiler.h"

/* Reports a kernel bug and stops the machine. Context: ANY. */
noreturn_function void panic(const char *format, ...) printf_like(1, 2);

/*
 * Hook: handles a panic and does not return. Until it is set, panic() prints the message with
 * log_raw() and halts. Context: ANY, interrupts off.
 */
extern void (*panic_handler)(const char *format, va_list arguments);

/* Panics unless the condition holds. In the invariant build only; free in the others. */
#ifdef INVARIANT
#define invariant(condition)                                                                       \
    do {                                                                                           \
        if (unlikely(!(condition))) {                                                              \
            panic("invariant broken at %s:%d: %s", __FILE__, __LINE__, #condition);                \
        }                                                                                          \
    } while (0)
#else
#define invariant(condition) ((void)sizeof(condition))
#endif
