/*
 * While memory is exhausted, threads wait and nothing fails: the machine may seem to hang. These
 * lines in the log say why. They come from the reclaimer, which is fully backed and so can run.
 */
#include "sched/stack/memory_wait_report.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/time/clock.h"
#include "mm/frame/frame.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_reserve.h"
#include "sched/core/thread.h"
#include "sched/stack/gate.h"

#define REPORT_AFTER_NS 500000000UL
#define SHOWN_AT_MOST   5

struct survey {
    uint64_t oldest_ns; /* when the longest wait began; 0: no thread waits */
    unsigned runnable;  /* threads that run or could run, without the fully backed ones */
    unsigned waiting;   /* threads that wait for memory */
    struct {
        uint32_t id;
        uint32_t missing;
        char name[THREAD_NAME_SHOWN_BYTES];
    } shown[SHOWN_AT_MOST];
    size_t stack_pages; /* backed, of all threads */
    uint32_t most_pages, most_id;
};

static uint32_t reports;
static uint64_t reported_episode;    /* the last episode that was reported */
static uint64_t reported_standstill; /* the last one reported in which no other thread could run */

uint32_t memory_wait_reports(void)
{
    return reports;
}

static void survey_thread(struct thread *thread, void *context)
{
    struct survey *survey = context;
    uint32_t pages = stack_pages_backed(thread->slot);
    survey->stack_pages += pages;
    if (pages > survey->most_pages) {
        survey->most_pages = pages;
        survey->most_id = thread->id;
    }
    if (thread->memory_wait_since_ns == 0) { /* set from the refusal to the dispatch */
        survey->runnable +=
            !thread_is_blocked(thread) && thread->state != THREAD_DEAD && !thread->backed;
        return;
    }
    if (survey->waiting < SHOWN_AT_MOST) {
        survey->shown[survey->waiting].id = thread->id;
        survey->shown[survey->waiting].missing = stack_missing(thread->slot);
        thread_name_copy(survey->shown[survey->waiting].name, thread);
    }
    survey->waiting++;
    uint64_t since_ns = thread->memory_wait_since_ns;
    if (survey->oldest_ns == 0 || since_ns < survey->oldest_ns) {
        survey->oldest_ns = since_ns;
    }
}

static void survey_log(const struct survey *survey)
{
    log_warn("%u threads wait for memory for their stacks, the first for %lu ms%s:",
             survey->waiting, (clock_now_ns() - survey->oldest_ns) / 1000000,
             survey->runnable == 0 ? ", and no other could run" : "");
    for (unsigned i = 0; i < SHOWN_AT_MOST && i < survey->waiting; i++) {
        log_warn("  thread %u (%s) could still need %u pages", survey->shown[i].id,
                 survey->shown[i].name, survey->shown[i].missing);
    }
    uint32_t magazines = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct magazine *m = &cpu_variable(magazine, cpu);
        magazines += m->capacity - m->taken;
    }
    log_warn("  frames: %lu free, %u in the reserve, %u in magazines, %lu in stacks (thread %u has "
             "%u)",
             frame_free_count(), stack_reserve_count(), magazines, survey->stack_pages,
             survey->most_id, survey->most_pages);
    for (unsigned owner = 0; owner < FRAME_OWNER_COUNT; owner++) {
        size_t owned = frame_owned_count(owner);
        if (owner != FRAME_OWNER_FREE && owner != FRAME_OWNER_RESERVED &&
            owned > frame_total_count() / 4) {
            log_warn("  most frames belong to: %s (%lu)", frame_owner_name(owner), owned);
        }
    }
}

/* Static, because it is large for a stack; only the reclaimer uses it. */
static struct survey survey;

void memory_wait_watch(void)
{
    uint64_t episode = gate_counts.episodes;
    if (memory_waiters() == 0) {
        return;
    }
    survey = (struct survey){0};
    thread_for_each(survey_thread, &survey);
    if (survey.waiting == 0 || survey.oldest_ns == 0 ||
        clock_now_ns() - survey.oldest_ns < REPORT_AFTER_NS) {
        return;
    }
    bool all = survey.runnable == 0;
    if (episode == (all ? reported_standstill : reported_episode)) {
        return;
    }
    reported_episode = episode;
    reported_standstill = all ? episode : reported_standstill;
    reports++;
    survey_log(&survey);
}
