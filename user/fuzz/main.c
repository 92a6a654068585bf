/* fuzz SEED CALLS: see fuzz.h. It ends with status 0 if every result was right. */
#include "lib/number.h"
#include "lib/string.h"
#include "user/fuzz/fuzz.h"
#include "user/fuzz_table.h"
#include "user/lib/mutex.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"

#define CALLS (sizeof(fuzz_calls) / sizeof(fuzz_calls[0]))

#define ERRORS_MAX       32
#define COMPLAINTS_MOST  10
#define CLOSE_AFTER      15000
#define MEET_ONCE_IN     16
#define SEQUENCE_ONCE_IN 512
#define PAGE_BYTES       4096
#define STACK_BYTES      16384 /* that a thread touches first: later there may be no memory */
#define STATUS_WRONG     1
#define STATUS_ARGUMENTS 2
#define KEPT             0x1234567800000000UL /* in registers that calls keep */
#define FLAGS_OWN        0xad7 /* RFLAGS at a call has no other bits: IF, and those of arithmetic */

/*
 * Calls that are made in sequences alone (fuzz_sequences.c): at random the fuzzer would end or stop
 * itself, take its own quotas away, start threads at random addresses, which ends it too, or fill
 * the log. task_exit and thread_exit give no error.
 */
static const char *const left_out[] = {"task_exit",       "task_kill",      "thread_exit",
                                       "thread_kill",     "thread_start",   "log_write",
                                       "thread_suspend",  "system_control", "console_take",
                                       "task_limits_set", "reply_fault"};

/* Written by all threads: atomic. */
static uint64_t seen[CALLS][ERRORS_MAX]; /* results, by error; 0: none */
static unsigned complaints;

struct fuzzer {
    struct thread thread; /* of all but the first */
    struct fuzz_pool pool;
    uint64_t calls; /* that it is to make */
};

static struct fuzzer fuzzers[FUZZ_THREADS];
static struct mutex gate; /* the first thread holds it until all are there */

static void count(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static unsigned complaints_now(void)
{
    return __atomic_load_n(&complaints, __ATOMIC_RELAXED);
}

static bool is_left_out(const struct fuzz_call *call)
{
    for (unsigned i = 0; i < array_length(left_out); i++) {
        if (string_equal(call->name, left_out[i])) {
            return true;
        }
    }
    return false;
}

static void complaint_print(const struct fuzz_call *call, uint64_t made, const char *what,
                            uint64_t value)
{
    __atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED);
    printf("call %lu, %s: %s (0x%lx)", made, call->name, what, value);
}

static void result_check(const struct fuzz_call *call, uint64_t made, int64_t result)
{
    if (result >= 0) {
        count(&seen[call - fuzz_calls][0]);
    } else if (result <= -ERRORS_MAX || (call->errors >> -result & 1) == 0) {
        complaint_print(call, made, "an error that its entry does not name", (uint64_t)result);
    } else {
        count(&seen[call - fuzz_calls][-result]);
    }
}

/* Nothing of the kernel comes out in a register, and what a program relies on stays. */
static void registers_check(const struct fuzz_call *call, uint64_t made,
                            const struct fuzz_registers *before, const struct fuzz_registers *after)
{
    bool has_more = call->sets_registers && (int64_t)after->rax >= 0;

    if (!has_more &&
        (after->rdi | after->rsi | after->rdx | after->r10 | after->r8 | after->r9) != 0) {
        complaint_print(call, made, "registers that hold no result are not 0", after->rdx);
    }
    /* SYSRET leaves the return address and the flags there; all other ways out clear them. */
    if (after->rcx != 0 && after->rcx != (uintptr_t)fuzz_call_behind) {
        complaint_print(call, made, "RCX is neither 0 nor the return address", after->rcx);
    }
    if ((after->r11 & ~(uint64_t)FLAGS_OWN) != 0) {
        complaint_print(call, made, "R11 is neither 0 nor the flags", after->r11);
    }
    if (after->rbx != before->rbx || after->rbp != before->rbp || after->r14 != before->r14 ||
        after->r15 != before->r15) {
        complaint_print(call, made, "a register that must be kept has changed", after->rbx);
    }
}

/* The calls of the list stand in fuzz_calls in the order of their numbers. */
static int64_t call_make(const struct fuzz_call *call, uint64_t made, const uint64_t *values)
{
    const struct fuzz_registers before = {.rax = call->number,
                                          .rdi = values[0],
                                          .rsi = values[1],
                                          .rdx = values[2],
                                          .r10 = values[3],
                                          .r8 = values[4],
                                          .r9 = values[5],
                                          .rbx = KEPT + 1,
                                          .rbp = KEPT + 2,
                                          .r12 = KEPT + 3,
                                          .r13 = KEPT + 4,
                                          .r14 = KEPT + 5,
                                          .r15 = KEPT + 6};
    struct fuzz_registers after = before;

    fuzz_call(&after);
    result_check(call, made, (int64_t)after.rax);
    registers_check(call, made, &before, &after);
    return (int64_t)after.rax;
}

int64_t fuzz_make(unsigned number, const uint64_t values[FUZZ_ARGUMENTS])
{
    return call_make(&fuzz_calls[number], 0, values);
}

static void one_call(struct fuzz_pool *pool, uint64_t made)
{
    const struct fuzz_call *call = &fuzz_calls[random_below(&pool->random, CALLS)];
    uint64_t values[FUZZ_ARGUMENTS];

    if (is_left_out(call)) {
        return;
    }
    for (unsigned i = 0; i < FUZZ_ARGUMENTS; i++) {
        values[i] = fuzz_value(pool, i < call->arguments ? call->kinds[i] : FUZZ_VALUE);
    }
    if (!fuzz_adjust(pool, call->name, values)) {
        return;
    }
    if (call->arguments > 1 && call->kinds[1] == FUZZ_TAG_WAITS) {
        fuzz_deadline_set(pool, values[1]);
    }
    int64_t result = call_make(call, made, values);
    if (call->gives_handle && result > 0) {
        fuzz_pool_add(pool, (uint64_t)result);
        if (string_starts_with(call->name, "memory_")) {
            pool->memory = (uint64_t)result;
        }
    }
}

/* Prints for each call which errors were seen, and which its entry names, by bit. */
static void pairs_print(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        uint32_t bits = 0;

        for (unsigned error = 0; error < ERRORS_MAX; error++) {
            bits |= seen[i][error] > 0 ? 1U << error : 0;
        }
        if (fuzz_calls[i].errors != 0) {
            printf("FUZZ seen %s 0x%x of 0x%x", fuzz_calls[i].name, bits, fuzz_calls[i].errors);
        }
    }
}

/* The calls of one thread. */
static int fuzz(void *argument)
{
    struct fuzzer *fuzzer = argument;
    struct fuzz_pool *pool = &fuzzer->pool;
    volatile uint8_t *here = __builtin_frame_address(0);

    for (unsigned below = PAGE_BYTES; below <= STACK_BYTES; below += PAGE_BYTES) {
        here[-(ptrdiff_t)below] = 0;
    }
    mutex_lock(&gate);
    mutex_unlock(&gate);
    for (uint64_t made = 0; made < fuzzer->calls && complaints_now() < COMPLAINTS_MOST; made++) {
        one_call(pool, made);
        if (random_once_in(&pool->random, MEET_ONCE_IN) && !fuzz_meet(&pool->random)) {
            __atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED);
            printf("call %lu: a message was answered wrongly", made);
        }
        if (random_once_in(&pool->random, SEQUENCE_ONCE_IN)) {
            fuzz_sequence(pool);
        }
        if (made % CLOSE_AFTER == CLOSE_AFTER - 1) {
            fuzz_pool_close(pool);
        }
        if (made % 1024 == 0 && !fuzz_memory_is_sound()) {
            __atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED);
            printf("call %lu: memory that no call was given has changed", made);
        }
    }
    fuzz_pool_end(pool);
    return 0;
}

/* Starts the server and the threads, and waits for them. Returns an error if that fails. */
static int fuzz_all(uint64_t seed, uint64_t calls)
{
    int error = fuzz_meet_begin();
    unsigned started = 1;

    mutex_lock(&gate);
    fuzz_memory_init();
    fuzz_pools_begin();
    for (unsigned i = 0; i < FUZZ_THREADS; i++) {
        fuzzers[i].calls = calls / FUZZ_THREADS + (i < calls % FUZZ_THREADS);
        fuzz_pool_init(&fuzzers[i].pool, seed, i);
        fuzz_sequences_init(i);
    }
    for (; started < FUZZ_THREADS && error == OK; started += error == OK) {
        struct fuzzer *fuzzer = &fuzzers[started];

        error = thread_create(&fuzzer->thread, fuzz, fuzzer, NULL);
        if (error == OK) {
            fuzz_keep(fuzzer->thread.handle);
        }
    }
    mutex_unlock(&gate);
    if (error == OK) {
        ignore_result(fuzz(&fuzzers[0]));
        for (unsigned i = 1; i < FUZZ_THREADS; i++) {
            thread_join(&fuzzers[i].thread);
        }
        complaints += fuzz_meet_end();
        fuzz_meetings_last();
        fuzz_sequence_last();
        printf("FUZZ calls %lu seed %lu wrong %u", calls, seed, complaints);
        pairs_print();
    }
    return error;
}

int main(unsigned words_count, char **words)
{
    uint64_t seed, calls;
    int error;

    if (words_count != 3 || number_parse_u64(words[1], &seed) != OK ||
        number_parse_u64(words[2], &calls) != OK) {
        printf("usage: fuzz SEED CALLS");
        return STATUS_ARGUMENTS;
    }
    error = fuzz_all(seed, calls);
    if (error != OK) {
        printf("the threads cannot be started: %s", error_name(error));
        return STATUS_ARGUMENTS;
    }
    return complaints == 0 ? 0 : STATUS_WRONG;
}
