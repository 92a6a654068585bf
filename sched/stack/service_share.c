/* See service_share.h. Each service alone writes its own record. */
#include "sched/stack/service_share.h"

#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "sched/core/thread.h"

struct share {
    uint64_t began_ns; /* the slice under way */
    uint64_t ended_ns; /* the last slice */
    uint64_t debt_ns;  /* work that no rest has followed yet */
    struct service_times times;
};

static struct share shares[SERVICES];

static void add(uint64_t *sum, uint64_t more)
{
    __atomic_store_n(sum, *sum + more, __ATOMIC_RELEASE);
}

void service_slice_begin(enum service service)
{
    struct share *share = &shares[service];
    share->began_ns = clock_now_ns();
    uint64_t rested_ns = share->began_ns - share->ended_ns;
    share->debt_ns -= rested_ns < share->debt_ns ? rested_ns : share->debt_ns;
    add(&share->times.rested_ns, rested_ns);
}

void service_slice_end(enum service service)
{
    struct share *share = &shares[service];
    share->ended_ns = clock_now_ns();
    uint64_t worked_ns = share->ended_ns - share->began_ns;
    if (worked_ns > share->times.longest_ns) {
        __atomic_store_n(&share->times.longest_ns, worked_ns, __ATOMIC_RELEASE);
    }
    share->debt_ns += worked_ns;
    add(&share->times.worked_ns, worked_ns);
}

bool service_rest_is_due(enum service service)
{
    const struct share *share = &shares[service];
    return share->debt_ns + clock_now_ns() - share->began_ns >= SERVICE_RUN_NS;
}

void service_rest(enum service service)
{
    if (shares[service].debt_ns >= SERVICE_RUN_NS) {
        ignore_result(thread_sleep_ns(shares[service].debt_ns)); /* slice_begin() measures it */
    }
}

void service_slice_next(enum service service)
{
    struct share *share = &shares[service];
    service_slice_end(service);
    if (share->debt_ns >= SERVICE_RUN_NS) {
        service_rest(service);
        service_slice_begin(service);
    } else {
        share->began_ns = share->ended_ns;
    }
}

uint64_t service_debt_ns(enum service service)
{
    return __atomic_load_n(&shares[service].debt_ns, __ATOMIC_RELAXED);
}

struct service_times service_times_read(enum service service)
{
    const struct service_times *times = &shares[service].times;
    struct service_times now;
    now.worked_ns = __atomic_load_n(&times->worked_ns, __ATOMIC_ACQUIRE);
    now.rested_ns = __atomic_load_n(&times->rested_ns, __ATOMIC_ACQUIRE);
    now.longest_ns = __atomic_load_n(&times->longest_ns, __ATOMIC_ACQUIRE);
    return now;
}
