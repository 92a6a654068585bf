/*
 * The soak's main thread. It creates threads while there is room, makes refills and allocations
 * fail in turns, reports every two seconds, and checks in the end that every thread has ended,
 * every event arrived and nothing is lost. It is fully backed, and so are the eater, the reaper and
 * the event master, because threads that keep the soak going must not wait for memory.
 */
#include "tests/soak/soak.h"

#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/time/clock.h"
#include "kernel/console/console.h"
#include "kernel/options.h"
#include "lib/error.h"
#include "lib/format.h"
#include "mm/frame/fault_inject.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/stack/gate.h"
#include "sched/stack/service_share.h"
#include "sched/stack/swapper.h"
#include "tests/support/threads.h"
#include "tests/test.h"

#define NS_A_SECOND       1000000000ULL
#define PROGRESS_NS       (2 * NS_A_SECOND)
#define PHASE_NS_MAX      1500000000
#define CREATE_PERIOD_NS  4000000
#define CREATIONS_AT_ONCE 64
#define CREATIONS_PART    256 /* and this part of all that may live */
#define REAP_PERIOD_NS    8000000
#define CROWD_AT_ONCE     32
#define END_EVENTUALLY_NS (2 * TEST_EVENTUALLY_NS) /* for each SOAK_LIVES threads */
#define STREAM            0xc04d000000ULL

struct soak_counts soak_counts;

static volatile bool over;
static uint32_t failures;
static struct thread *eater, *reaper, *master, *main_thread, *watcher;
static volatile bool reaper_may_end;

/* The kernel's figures when the soak began. */
static struct {
    uint64_t faults[STACK_PAGES], refills, refill_failures, reserve_taken, gate_waits, struck;
    struct swapper_counts swapper;
    struct service_times services[SERVICES];
} before;

bool soak_is_over(void)
{
    return over;
}

void soak_fail(const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    format_string_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (__atomic_add_fetch(&failures, 1, __ATOMIC_ACQ_REL) <= 10) {
        test_fail("soak", (int)options.seed, "%s", text);
    }
    over = true;
}

/*
 * Sum `which` over the magazines of all CPUs: 1 to 3 are faults of so many pages, 4 and 5 refills.
 */
static uint64_t magazines_sum(unsigned which)
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct magazine *m = &cpu_variable(magazine, cpu);
        sum += which < STACK_PAGES    ? m->faults[which]
               : which == STACK_PAGES ? m->refills
                                      : m->refill_failures;
    }
    return sum;
}

static uint64_t struck_now(void)
{
    uint64_t sum = 0;
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        sum += fault_inject_count(kind);
    }
    return sum;
}

static uint64_t struck_sum; /* failures injected in the phases that are over */

/*
 * Chooses what fails from now on: nothing, every n-th refill, all but the reserve, an allocation.
 */
static void phase_begin(struct random *random)
{
    struck_sum += struck_now();
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        uint32_t every = 0;
        bool gate = stack_mode_get() != STACK_MODE_PREFAULT; /* without a gate no refill may fail */
        if (random_once_in(random, 3) && (gate || kind == FAULT_INJECT_ALLOCATE)) {
            every = kind == FAULT_INJECT_ALLOCATE ? random_between(random, 1, 500)
                                                  : random_between(random, 2, 9);
        }
        fault_inject_arm(kind, every, random_next(random));
    }
}

static void phases_end(void)
{
    struck_sum += struck_now();
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        fault_inject_arm(kind, options.inject_every[kind], options.seed);
    }
}

static void progress_tell(uint64_t elapsed_ns)
{
    console_print("# soak: %llu of %u s: %u alive, %llu created, %llu killed, %u wait for memory; "
                  "faults %llu "
                  "%llu %llu; %llu MiB checked; %lu frames free\n",
                  (unsigned long long)(elapsed_ns / NS_A_SECOND), options.soak_seconds,
                  soak_alive(), (unsigned long long)soak_counts.created,
                  (unsigned long long)soak_counts.killed, memory_queued(),
                  (unsigned long long)(magazines_sum(1) - before.faults[1]),
                  (unsigned long long)(magazines_sum(2) - before.faults[2]),
                  (unsigned long long)(magazines_sum(3) - before.faults[3]),
                  (unsigned long long)(soak_counts.bytes_checked >> 20), frame_free_count());
}

static void main_run(void *argument maybe_unused)
{
    struct random random;
    uint64_t start_ns = clock_now_ns(), progress_ns = start_ns, phase_ns = start_ns, now_ns;
    uint32_t wanted = soak_lives_limit(), at_once = CREATIONS_AT_ONCE + wanted / CREATIONS_PART;

    random_begin(&random, options.seed, STREAM);
    while (!over && (now_ns = clock_now_ns()) - start_ns < options.soak_seconds * NS_A_SECOND) {
        if (now_ns >= phase_ns) {
            phase_ns = now_ns + random_below(&random, PHASE_NS_MAX);
            phase_begin(&random);
            /* Every other time as many as there is room for, so that there are thousands. */
            wanted = random_once_in(&random, 2) || !soak_has_been_full()
                         ? soak_lives_limit()
                         : random_between(&random, 20, soak_lives_limit());
        }
        if (!soak_has_been_full()) {
            start_ns = now_ns; /* the time begins with the last creation of soak-threads= */
        }
        if (now_ns >= progress_ns) {
            progress_ns += PROGRESS_NS;
            progress_tell(now_ns - start_ns);
        }
        for (unsigned i = 0; i < at_once && soak_alive() < wanted; i++) {
            if (!soak_create(&random)) {
                break;
            }
        }
        ignore_result(thread_sleep_ns(CREATE_PERIOD_NS));
    }
    over = true;
    progress_tell(clock_now_ns() - start_ns);
}

/* Reaps threads; also wakes the crowd now and then, so that it does not depend on interrupts. */
static void reaper_run(void *argument maybe_unused)
{
    while (!reaper_may_end) {
        soak_reap();
        soak_crowd_wake(CROWD_AT_ONCE);
        ignore_result(thread_sleep_ns(REAP_PERIOD_NS));
    }
    soak_reap();
}

static struct thread *helper_start(const char *name, void (*entry)(void *argument))
{
    const struct thread_options backed = {
        .name = name, .priority = THREAD_PRIORITY_SYSTEM - 1, .backed = true};
    struct thread *thread = test_thread_create(&backed, entry, NULL);
    if (thread == NULL) {
        soak_fail("there is no thread for the %s", name);
    }
    return thread;
}

static void helper_join(struct thread *thread)
{
    if (thread != NULL && thread_join(thread) != OK) {
        soak_fail("a thread that keeps the soak going ended with an error");
    }
}

/*
 * Memory is back and nothing fails any more, so all must end, however long they waited for memory.
 */
static void all_await(void)
{
    uint64_t start_ns = clock_now_ns();
    while (soak_alive() != 0) {
        ignore_result(thread_sleep_ns(REAP_PERIOD_NS));
        if (clock_now_ns() - start_ns > END_EVENTUALLY_NS * (1 + soak_lives_limit() / SOAK_LIVES)) {
            console_print("# soak: %u threads do not end, %u wait for memory\n", soak_alive(),
                          memory_queued());
            soak_lives_tell();
            panic("threads of the soak are lost; it is repeated by soak=%u seed=%llu",
                  options.soak_seconds, (unsigned long long)options.seed);
        }
    }
}

static const char *const service_names[] = {[SERVICE_RECLAIMER] = "reclaimer",
                                            [SERVICE_SWAPPER] = "swapper",
                                            [SERVICE_CONSOLE] = "console"};

/* Each service's work since the soak began, and its rest: half of a CPU at most, but for one run. */
static void services_tell(void)
{
    for (unsigned i = 0; i < array_length(service_names); i++) {
        struct service_times now = service_times_read((enum service)i);
        uint64_t worked_ns = now.worked_ns - before.services[i].worked_ns;
        uint64_t rested_ns = now.rested_ns - before.services[i].rested_ns;
        test_note("soak: the %s worked for %llu ms and rested for %llu ms; its longest slice took "
                  "%llu us",
                  service_names[i], (unsigned long long)(worked_ns / 1000000),
                  (unsigned long long)(rested_ns / 1000000),
                  (unsigned long long)(now.longest_ns / 1000));
        test_check(worked_ns <= rested_ns + SERVICE_RUN_NS + now.longest_ns);
    }
}

static void reckon(void)
{
    char text[256];
    const struct soak_counts *c = &soak_counts;
    test_note("soak: faults of 1, 2 and 3 pages: %llu, %llu, %llu; refills %llu, of which failed "
              "%llu; %llu failures by injection",
              (unsigned long long)(magazines_sum(1) - before.faults[1]),
              (unsigned long long)(magazines_sum(2) - before.faults[2]),
              (unsigned long long)(magazines_sum(3) - before.faults[3]),
              (unsigned long long)(magazines_sum(4) - before.refills),
              (unsigned long long)(magazines_sum(5) - before.refill_failures),
              (unsigned long long)struck_sum);
    test_note("soak: gate waits %llu, the longest %llu ms; %llu frames from the reserve; memory "
              "taken away %llu times, up to %llu frames",
              (unsigned long long)(gate_counts.waits - before.gate_waits),
              (unsigned long long)(gate_counts.longest_wait_ns / 1000000),
              (unsigned long long)(stack_reserve_taken() - before.reserve_taken),
              (unsigned long long)c->waves, (unsigned long long)c->frames_most);
    soak_wait_tell();
    test_note(
        "soak: up to %u threads alive at once; created %llu, refused %llu; finished %llu, killed "
        "%llu, ended by overflow %llu",
        soak_alive_most(), (unsigned long long)c->created, (unsigned long long)c->creations_refused,
        (unsigned long long)c->finished, (unsigned long long)c->killed,
        (unsigned long long)c->overflowed);
    test_note("soak: dives %llu of %llu frames, %llu bytes checked, %llu stacks trimmed; depth "
              "ensured %llu times, refused %llu",
              (unsigned long long)c->dives, (unsigned long long)c->dive_levels,
              (unsigned long long)c->bytes_checked, (unsigned long long)c->trims,
              (unsigned long long)c->ensures, (unsigned long long)c->ensures_refused);
    test_note("soak: sleeps %llu, mutexes %llu, semaphores %llu, crowds %llu, waits refused %llu; "
              "moved %llu, priorities %llu",
              (unsigned long long)c->sleeps, (unsigned long long)c->locks,
              (unsigned long long)c->tokens, (unsigned long long)c->crowds,
              (unsigned long long)c->refused_waits, (unsigned long long)c->moves,
              (unsigned long long)c->priorities);
    struct swapper_counts swapper;
    swapper_counts_read(&swapper);
    test_note("soak: the swapper made %llu passes in %llu ms, %llu rounds of shootdown",
              (unsigned long long)(swapper.passes - before.swapper.passes),
              (unsigned long long)((swapper.passes_ns - before.swapper.passes_ns) / 1000000),
              (unsigned long long)(swapper.batches - before.swapper.batches));
    services_tell();
    soak_event_tell(text, sizeof(text));
    test_note("soak: %s", text);
    test_equal(c->finished + c->killed + c->overflowed, c->created);
    test_equal(memory_queued(), 0);
    test_check(failures != 0 || soak_has_been_full());
    test_check(failures != 0 || (c->bytes_checked > 0 && c->created > 0));
}

static must_check bool begin(void)
{
    soak_counts = (struct soak_counts){0};
    over = reaper_may_end = false;
    failures = 0;
    struck_sum = 0;
    for (unsigned pages = 1; pages < STACK_PAGES; pages++) {
        before.faults[pages] = magazines_sum(pages);
    }
    before.refills = magazines_sum(4);
    before.refill_failures = magazines_sum(5);
    before.reserve_taken = stack_reserve_taken();
    before.gate_waits = gate_counts.waits;
    gate_counts.longest_wait_ns = 0;
    swapper_counts_read(&before.swapper);
    for (unsigned i = 0; i < SERVICES; i++) {
        before.services[i] = service_times_read((enum service)i);
    }
    if (!soak_lives_init()) {
        return false;
    }
    soak_meet_init();
    soak_event_init();
    soak_wait_begin();
    return true;
}

TEST(SOK0001, "threads, faults, events and memory at their limits at once: nothing is lost", SOAK)
{
    test_note("soak: %u s, seed %llu, %u CPUs; again by: make soak SECONDS=%u SEED=%llu",
              options.soak_seconds, (unsigned long long)options.seed, cpu_online_count(),
              options.soak_seconds, (unsigned long long)options.seed);
    if (!begin()) {
        test_fail(__FILE__, __LINE__, "no memory for the records of %u threads",
                  soak_lives_limit());
        return;
    }
    reaper = helper_start("reaper", reaper_run);
    master = helper_start("event master", soak_event_master);
    watcher = helper_start("watcher of waits", soak_wait_watch);
    eater = helper_start("eater", soak_eater);
    main_thread = helper_start("soak main", main_run);
    helper_join(main_thread);
    phases_end();
    helper_join(eater);
    helper_join(master);
    all_await();
    reaper_may_end = true;
    helper_join(reaper);
    helper_join(watcher);
    soak_meet_check();
    soak_event_end();
    reckon();
    soak_lives_end();
    if (failures != 0) {
        test_note("soak: again by: make soak SECONDS=%u SEED=%llu", options.soak_seconds,
                  (unsigned long long)options.seed);
    }
}
