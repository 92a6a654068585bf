/*
 * Each function here touches the stack below its own frame before it goes deeper, so that a missing
 * page is met by a store that can be timed, and not by the push of a call. The store is timed with
 * interrupts off: the time includes delivery of the page fault, the handler, the recording and the
 * return, but no other thread.
 */
#include "kernel/demo/descent.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_prefault.h"

/*
 * How far below its frame a function touches the stack: more than the size of any frame here, in
 * any build.
 */
#define AHEAD_BYTES 640

#define BASELINE_TRIES 32

/* Keeps the compiler from copying the function, and from making a loop of its recursion. */
#if __has_attribute(noclone) /* clang copies no functions and lacks the attribute */
#define kept_function __attribute__((noinline, noclone))
#else
#define kept_function never_inline
#endif

/* Returns the ticks of a store and of one reading of the TSC. Context: ATOMIC, interrupts off. */
static always_inline uint64_t store_ticks(volatile uint8_t *at)
{
    uint64_t before = tsc_read_ordered();
    *at = 0;
    return tsc_read_ordered() - before;
}

/* Notes the touch of a missing page, which has brought so many pages. */
static never_inline void touch_note(struct descent *d, uintptr_t address, uint64_t ticks,
                                    uint32_t pages)
{
    uint64_t flags = interrupts_save();
    d->touch[d->touches++] =
        (struct descent_touch){.address = address,
                               .ticks = ticks > d->baseline ? ticks - d->baseline : 0,
                               .pages = pages,
                               .available = magazine_available()};
    d->cpu = cpu_number();
    interrupts_restore(flags);
}

/*
 * Returns how many pages are missing from `address` up: a touch there brings all of them. Before
 * the touch nothing may use more stack than stack_is_backed(): it would fill the page itself.
 */
static always_inline uint32_t pages_missing(const struct descent *d, uintptr_t address)
{
    uint32_t missing = 0;
    while (address + missing * PAGE_BYTES < d->top &&
           !stack_is_backed(address + missing * PAGE_BYTES)) {
        missing++;
    }
    return missing;
}

/* Notes that the stack is used down to `address`, and touches it if no frame is there. */
static always_inline void stack_reach(struct descent *d, uintptr_t address)
{
    d->calls++;
    d->deepest = d->top - address > d->deepest ? d->top - address : d->deepest;
    if (d->bytes == DESCENT_ENDLESS) {
        *(volatile uint8_t *)address = 0; /* an overflow with interrupts off would be a panic */
        return;
    }
    /*
     * Interrupts are off, or a preemption here might fill the page first; not with stack=prefault,
     * where a fault with interrupts off would be reported as a missing site.
     */
    bool prefault = stack_mode_get() == STACK_MODE_PREFAULT;
    uint64_t flags = prefault ? 0 : interrupts_save();
    uint32_t missing = pages_missing(d, address);
    if (missing != 0 && d->touches < STACK_PAGES) {
        touch_note(d, address, store_ticks((volatile uint8_t *)address), missing);
    }
    interrupts_restore(flags);
}

/*
 * Returns whether the calling function may go one call deeper. If so, the page that the call needs
 * is backed.
 */
static always_inline bool stack_goes_deeper(struct descent *d)
{
    uintptr_t ahead = (uintptr_t)__builtin_frame_address(0) - AHEAD_BYTES;
    if (d->top - ahead > d->bytes) {
        return false;
    }
    stack_reach(d, ahead);
    return true;
}

static kept_function void recurse(struct descent *d)
{
    volatile uint8_t local[200] = {0};
    if (stack_goes_deeper(d)) {
        recurse(d);
        compiler_barrier(); /* keeps the call above from becoming a jump */
    } else {
        stack_reach(d, d->top - d->bytes); /* goes to the exact depth: less than one call is left */
    }
    (void)local[0];
}

/* Adds up the numbers of the nodes on the way to a leaf. */
static kept_function unsigned tree_walk(struct descent *d, unsigned node)
{
    volatile unsigned visited[40] = {node};
    unsigned sum = 0;
    if (stack_goes_deeper(d)) {
        sum = tree_walk(d, 2 * node + 1);
        compiler_barrier();
    }
    return sum + visited[0];
}

static kept_function unsigned expression_parse(struct descent *d);

/* A factor is a parenthesis around an expression for as long as the stack may grow, then a 1. */
static kept_function unsigned factor_parse(struct descent *d)
{
    volatile char token[48] = "(";
    unsigned value = expression_parse(d);
    compiler_barrier();
    return token[0] == '(' ? value : 0;
}

static kept_function unsigned expression_parse(struct descent *d)
{
    volatile char token[80] = "1";
    unsigned value = 1;
    if (stack_goes_deeper(d)) {
        value = factor_parse(d);
        compiler_barrier();
    }
    return token[0] == '1' ? value : 0;
}

/* Sorts with the first number as pivot, on rising numbers: each call splits off just one. */
static kept_function void quick_sort(struct descent *d, volatile uint16_t *numbers, unsigned count)
{
    volatile uint16_t pivot[64] = {numbers[0]};
    unsigned smaller = 0;
    for (unsigned i = 1; i < count; i++) {
        smaller += numbers[i] < pivot[0];
    }
    if (count > smaller + 1 && stack_goes_deeper(d)) {
        quick_sort(d, numbers + smaller + 1, count - smaller - 1);
        compiler_barrier();
    }
}

static void numbers_sort(struct descent *d)
{
    static volatile uint16_t numbers[128];
    for (unsigned i = 0; i < array_length(numbers); i++) {
        numbers[i] = (uint16_t)i;
    }
    quick_sort(d, numbers, array_length(numbers));
}

/* The first byte that is written of a large local array is the farthest one. */
static kept_function void buffer_fill(struct descent *d)
{
    stack_reach(d, d->top - d->bytes);
}

static uint64_t baseline_measure(void)
{
    volatile uint8_t byte;
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < BASELINE_TRIES; i++) {
        uint64_t flags = interrupts_save();
        uint64_t ticks = store_ticks(&byte);
        interrupts_restore(flags);
        least = ticks < least ? ticks : least;
    }
    return least;
}

void descent_run(struct descent *descent, enum descent_way way)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    bool limited = descent->bytes > DESCENT_BYTES_MAX && descent->bytes != DESCENT_ENDLESS;
    size_t bytes = limited ? DESCENT_BYTES_MAX : descent->bytes;
    *descent = (struct descent){
        .bytes = bytes, .top = align_up(here, STACK_BYTES), .baseline = baseline_measure()};
    descent->deepest = descent->top - here;
    if (bytes < descent->deepest) {
        descent->bytes = descent->deepest; /* 0 bytes deep is the guard above the stack */
    }

    switch (way) {
    case DESCENT_RECURSE:
        recurse(descent);
        break;
    case DESCENT_WALK:
        (void)tree_walk(descent, 0);
        break;
    case DESCENT_PARSE:
        (void)expression_parse(descent);
        break;
    case DESCENT_SORT:
        numbers_sort(descent);
        break;
    case DESCENT_LEAP:
        buffer_fill(descent);
        break;
    }
}

void descent_run_holding(struct descent *descent, enum descent_way way, enum descent_hold hold)
{
    static struct spinlock lock = SPINLOCK("descent");

    if (hold == DESCENT_HOLD_NOTHING) {
        descent_run(descent, way);
        return;
    }
    stack_prefault_reach(descent->bytes + PAGE_BYTES);
    if (hold == DESCENT_HOLD_INTERRUPTS) {
        uint64_t flags = interrupts_save();
        descent_run(descent, way);
        interrupts_restore(flags);
    } else {
        spin_lock(&lock);
        descent_run(descent, way);
        spin_unlock(&lock);
    }
}
