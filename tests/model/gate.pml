/*
 * The guarantee as a Promela model: two CPUs, three threads with short stacks, magazines, the gate, the
 * reserve, the queue of threads that wait for memory, creation and end of threads, the reclaimer and its
 * shootdown, migration. docs/model.md says what each property means and what is left out; model.py
 * checks all of it.
 *
 * A step of the model is what the code does without letting another CPU in between: one critical
 * section. State that only its own CPU can see (its magazine, the stack that runs there) is done in the same
 * step. Names in `...` are the code that a step stands for; tools/check/check_citations.py checks that
 * they are still there.
 *
 * Several views of one system, because all at once would be too much:
 *   without LIVE  order does not matter: any ready thread may be chosen, and any waiting one be granted
 *                 frames
 *   with LIVE     queues keep their order, free frames lie in per-CPU free lists, and the question is
 *                 whether a waiting thread runs again
 *   with MARK     one frame, any, is followed by identity; the others stay numbers
 *   with SWAP     a swapper takes pages from threads that sleep, down to the last; PAGES is 2
 *   with TWO      there are two threads; with NIGHT one of them sleeps for good, at some time
 *
 * A macro that is named after a mistake, such as NO_GRANT, takes one guard out.
 */
#ifndef PAGES
#define PAGES 2 /* of a stack; one is backed at creation */
#endif
#define MOST (PAGES - 1) /* the most that a stack can miss */
#ifndef ROUNDS
/* Of a magazine: `mm/stack/magazine.h:MAGAZINE_ROUNDS_MIN`. */
#ifdef SWAP
#define ROUNDS (MOST + PAGES) /* of a stack that is swapped out all pages are missing */
#else
#define ROUNDS (2 * MOST)
#endif
#endif
#define RESERVE (2 * MOST) /* of the reserve: `kernel/option_list.h:reserve_frames` asks for as much */
#ifndef FRAMES
#define FRAMES 6 /* in all */
#endif
#ifndef HOG
#define HOG 2 /* of them, at most, with other users of memory */
#endif
#ifndef MORTALS
#define MORTALS 1 /* threads that end, and are created again */
#endif

#define THREADS 3
#define IDLE 3 /* the idle thread of either CPU: fully backed */
#define NONE 4
#define BOTH 3 /* CPUs, by bit */

/* `sched/core/thread.h:thread_state`, and where a stack is that has no thread */
#define NO_THREAD 0
#define BLOCKED 1
#define READY 2
#define RUNNING 3
#define WAITS_MEMORY 4 /* in the queue of threads that wait for memory */
#define GRANTED 5 /* out of that queue, not yet on a run queue: `sched/stack/gate.c:memory_queue_take` */
#define DYING 6  /* `sched/core/thread.h:THREAD_DEAD` */
#define CACHED 7 /* `mm/stack/stack_cache.c:stack_cache` */
#define DEAD 8   /* `mm/stack/stack_reap.c:stack_reap_add` */
#define REAPED 9
#define SWAP_CANDIDATE 10 /* `sched/core/thread.h:THREAD_SWAP_CANDIDATE` */

/* A page of a stack: its leaf entry, `mm/stack/stack_entry.h:stack_page_state`. Under SWAP a stack has a
   low page and a top page; otherwise they are only counted. */
#define MAPPED 0
#define HOLE 1 /* the top page: swapped, its live bytes are elsewhere */
#define UNMAPPING 2
#define STANDBY 3 /* `mm/stack/stack_entry.h:STACK_PAGE_STANDBY` */

/* Never true. Which property an assertion belongs to is read from the one that it names. */
hidden byte cover_lost, stray_served, frames_lost, frame_twice, frame_stale, two_cpus, gone_touched;

byte backed[4], state[4], home[4];   /* of each stack and its thread */
byte mag[2], hand[2], free_list[2]; /* of each CPU: frames in its magazine, on the way there, free */
byte buddy, reserve, taken, hog = HOG; /* frames */
byte runs[2];                        /* `sched/core/thread.h:thread_running` */
byte cur[2], nxt[2];                 /* `mm/stack/stack_use.h:stack_use` */
bit locked[2];                       /* `sched/core/run_queue.h:run_queue`, its lock */
#ifdef SWAP
byte low_page[4], top_page[4];  /* of each stack */
byte away[4];         /* of these pages, how many keep their frames */
byte claim = NONE;    /* of the batch under way: `sched/stack/swap_candidate.c:claims` */
#ifdef NIGHT
bit night;            /* thread 1 sleeps for good */
#endif
#endif
byte asked, swapper_asked;           /* `arch/x86_64/apic/shootdown.c:round_waiting`: of either requester */
#ifdef LIVE
byte oldest[THREADS]; /* the threads that wait for memory, the oldest first, as thread + 1 */
chan ready[2] = [THREADS] of { byte };
#else
bit waiter[4];
#endif

#ifndef GATE_IGNORES_SWAPPED
#define missing(s) (PAGES - backed[s]) /* `mm/stack/stack_pages.c:stack_missing` */
#else
#define missing(s) (PAGES - backed[s] - (top_page[s] != MAPPED))
#endif

/*
 * A thread counts as a memory waiter from the first time that it does not pass until it runs:
 * `mm/stack/stack_reserve.h:memory_waiters`.
 */
#ifdef LIVE
#define is_memory_waiter(x) (oldest[0] == x + 1 || oldest[1] == x + 1 || oldest[2] == x + 1)
#define any_waiter (oldest[0] != 0)
#else
#define is_memory_waiter(x) (waiter[x] == 1)
#define any_waiter (waiter[0] || waiter[1] || waiter[2])
#endif
#define in_queue (state[0] == WAITS_MEMORY || state[1] == WAITS_MEMORY || state[2] == WAITS_MEMORY)
#ifndef GRANT_FORGOTTEN
#define waiters any_waiter
#else
#define waiters in_queue
#endif

/* Run queues: `sched/core/run_queue.h:run_queue_append`, `sched/core/run_queue.h:run_queue_first`. */
#ifdef LIVE
#define ready_put(x) state[x] = READY; ready[home[x]]!x
#define ready_take(q, x) ready[q]?x
#define ready_here (len(ready[c]) > 0)
#define ready_there (len(ready[1 - c]) > 0)
#define free_frames (free_list[0] + free_list[1] + buddy)
#else
#define waits_on(x, q) (state[x] == READY && home[x] == q)
#define ready_put(x) state[x] = READY
#define ready_take(q, x) \
    if :: waits_on(0, q) -> x = 0 :: waits_on(1, q) -> x = 1 :: waits_on(2, q) -> x = 2 fi
#define ready_here (waits_on(0, c) || waits_on(1, c) || waits_on(2, c))
#define ready_there (waits_on(0, 1 - c) || waits_on(1, 1 - c) || waits_on(2, 1 - c))
#define free_frames buddy
#endif

#ifdef SWAP
#define standby_frames any_given_up
#define frames_away (away[0] + away[1] + away[2])
#else
#define standby_frames false
#define frames_away 0
#endif
#define FRAMES_SEEN (frames_away + free_frames + reserve + mag[0] + mag[1] + hand[0] + hand[1] + \
                     hog + taken + \
                     backed[0] + backed[1] + backed[2])

/*
 * The marked frame: `at` is the set of places where it lies (one, if all is well), `known` the CPUs
 * that may hold a translation to it. moved() is said before `amount` of `had` frames go from one
 * place to another: the marked one is among them or not, as far as the numbers allow.
 */
#define AT_FREE 1
#define AT_RESERVE 2
#define AT_HOG 4
#define AT_RECLAIMER 8
#define AT_MAGAZINE(cpu) (16 << (cpu))
#define AT_HAND(cpu) (64 << (cpu))
#define AT_STACK(s) (256 << (s))
#define AT_STACKS (7 * 256)
#define AT_UNMAPPING(s) (2048 << (s))
#define AT_STANDBY(s) (16384 << (s))
#define AT_SWAPPER (1 << 17)
#ifdef MARK
int at;
byte known;
#define moved(from_place, had, to_place, amount) \
    if \
    :: (at & (from_place)) && (amount) > 0 -> at = (at & ~(from_place)) | (to_place) \
    :: (at & (from_place)) && (amount) < (had) -> skip \
    :: !(at & (from_place)) -> skip \
    fi
/* Any CPU may walk to a page as soon as it is mapped, without touching it. */
#define mapped(s) if :: at == AT_STACK(s) -> known = BOTH :: else fi
#define forget if :: !(at & AT_STACKS) -> known = known & ~(1 << c) :: else fi
#else
#define moved(from_place, had, to_place, amount) skip
#define mapped(s) skip
#define forget skip
#endif

/* `mm/stack/stack_fault.c:holes_fill`, for pages of stack s, on CPU c. Nothing in it can wait or fail. */
inline fill(s, pages)
{
#ifndef STRAY_FILL
    assert(stray_served || cur[c] == s || nxt[c] == s); /* `mm/stack/stack_fault.c:hole_is_used_here` */
#endif
    assert(cover_lost || mag[c] >= pages); /* `mm/stack/stack_fault.c:critical_stack_fault` */
    moved(AT_MAGAZINE(c), mag[c], AT_STACK(s), pages);
    mapped(s);
#ifdef SWAP
    assert(stray_served || low_page[s] == HOLE); /* `mm/stack/stack_fault.c:fault_diagnose` */
    low_page[s] = MAPPED;
#endif
    mag[c] = mag[c] - pages;
    backed[s] = backed[s] + pages
}

/* Code that runs on stack s goes as deep as it likes, or not: `mm/stack/stack_fault.c:stack_fault`. */
inline touch(s)
{
    if
    :: skip
    :: missing(s) >= 1 -> fill(s, 1)
#if MOST >= 2
    :: missing(s) >= 2 -> fill(s, 2)
#endif
    fi
}

/* `mm/frame/frame.c:frame_free`: to the reserve while it has room (`mm/stack/stack_reserve.c:stack_reserve_add`). */
inline frames_free(place, n, cpu)
{
#ifndef NO_FREE_TO_RESERVE
    k = (n < RESERVE - reserve -> n : RESERVE - reserve);
#else
    k = 0;
#endif
    moved(place, n, AT_RESERVE, k);
    reserve = reserve + k;
    n = n - k;
    moved(place, n, AT_FREE, n);
#ifdef LIVE
    free_list[cpu] = free_list[cpu] + n;
#else
    buddy = buddy + n;
#endif
    n = 0;
    k = 0
}

#ifdef SWAP
#define kept(x, how) ((low_page[x] == how) + (top_page[x] == how))
/* `mm/stack_modes/stack_swap.c:standby_give_up`: any CPU may at any time take the frame of such a page. */
#ifdef RECLAIM_UNMAPPING
#define given_up(page, x) (page[x] == STANDBY || page[x] == UNMAPPING)
#else
#define given_up(page, x) (page[x] == STANDBY)
#endif
#define any_given_up \
    (given_up(low_page, 0) || given_up(top_page, 0) || given_up(low_page, 1) || \
     given_up(top_page, 1) || given_up(low_page, 2) || given_up(top_page, 2))
#ifdef MARK
#define reclaimed(page, x, place) \
    if \
    :: page[x] == STANDBY -> moved(AT_STANDBY(x), kept(x, STANDBY), place, 1) \
    :: page[x] == UNMAPPING -> moved(AT_UNMAPPING(x), kept(x, UNMAPPING), place, 1) \
    fi; \
    assert(frame_stale || !(at & (place)) || known == 0)
#else
#define reclaimed(page, x, place) skip
#endif
#ifndef RECLAIM_NO_EXCHANGE
#define reclaim(page, x, place) \
    reclaimed(page, x, place); got++; page[x] = HOLE; away[x] = away[x] - 1
#else
#define reclaim(page, x, place) got++
#endif
#endif

/*
 * `mm/frame/frame.c:frame_allocate`, n times or until there is none: got. An empty free list takes
 * all of the buddy lists, which hold less than `mm/frame/frame.h:FRAME_BATCH` frames here. When there is none
 * a page that a sleeper gave up loses its own: `mm/frame/frame.c:allocate_slowly`.
 */
inline frames_allocate(place, n)
{
#ifdef LIVE
    got = (free_list[c] < n -> free_list[c] : n);
    free_list[c] = free_list[c] - got;
    if
    :: got < n ->
        free_list[c] = buddy;
        buddy = 0;
        k = (free_list[c] < n - got -> free_list[c] : n - got);
        free_list[c] = free_list[c] - k;
        got = got + k;
        k = 0
    :: else
    fi
#else
    got = (buddy < n -> buddy : n);
    moved(AT_FREE, buddy, place, got);
    buddy = buddy - got
#endif
#ifdef SWAP
    ;
    do
    :: got < n && given_up(low_page, 0) -> reclaim(low_page, 0, place)
    :: got < n && given_up(top_page, 0) -> reclaim(top_page, 0, place)
    :: got < n && given_up(low_page, 1) -> reclaim(low_page, 1, place)
    :: got < n && given_up(top_page, 1) -> reclaim(top_page, 1, place)
#ifndef TWO
    :: got < n && given_up(low_page, 2) -> reclaim(low_page, 2, place)
    :: got < n && given_up(top_page, 2) -> reclaim(top_page, 2, place)
#endif
    :: got == n || !any_given_up -> break
    od
#endif
}

/* `sched/stack/gate.c:gate_wait`: its age counts from the first time. */
inline memory_wait(x)
{
    state[x] = WAITS_MEMORY;
#ifdef LIVE
    if
    :: is_memory_waiter(x)
    :: else ->
        if
        :: oldest[0] == 0 -> oldest[0] = x + 1
        :: oldest[0] != 0 && oldest[1] == 0 -> oldest[1] = x + 1
        :: else -> oldest[2] = x + 1
        fi
    fi
#else
    waiter[x] = 1
#endif
}

/* `sched/stack/gate.c:gate_wait_end` */
inline memory_wait_end(x)
{
#ifdef LIVE
    if
    :: oldest[0] == x + 1 -> oldest[0] = oldest[1]; oldest[1] = oldest[2]; oldest[2] = 0
    :: oldest[1] == x + 1 -> oldest[1] = oldest[2]; oldest[2] = 0
    :: oldest[2] == x + 1 -> oldest[2] = 0
    :: else
    fi
#else
    waiter[x] = 0
#endif
}

/* `sched/stack/gate.c:promised`: for threads that were granted frames and have not passed the gate yet. */
#ifndef NO_PROMISE
#define promised_to(x) (is_memory_waiter(x) && state[x] != WAITS_MEMORY -> missing(x) : 0)
#else
#define promised_to(x) 0
#endif
#define enough_for(x) \
    (state[x] == WAITS_MEMORY && promised_to(0) + promised_to(1) + promised_to(2) + missing(x) <= \
     buddy + reserve)
#define granting (state[0] == GRANTED || state[1] == GRANTED || state[2] == GRANTED)

/*
 * `sched/stack/gate.c:gate_grant`, by one CPU at a time: t is the first thread that waits, if there are
 * frames for it. One a call, instead of `sched/stack/gate.h:GATE_GRANTS_AT_ONCE`.
 */
inline grant()
{
    t = NONE;
    if
    :: granting
#ifndef NO_GRANT
#ifdef LIVE
    :: else ->
        do
        :: k < THREADS && oldest[k] != 0 && state[oldest[k] - 1] != WAITS_MEMORY -> k++
        :: else -> break
        od;
        if
        :: k < THREADS && oldest[k] != 0 ->
            if :: enough_for(oldest[k] - 1) -> t = oldest[k] - 1 :: else fi
        :: else
        fi;
        k = 0
#else
    :: !granting && enough_for(0) -> t = 0
    :: !granting && enough_for(1) -> t = 1
    :: !granting && enough_for(2) -> t = 2
    :: !granting && !enough_for(0) && !enough_for(1) && !enough_for(2)
#endif
#else
    :: else
#endif
    fi;
    if :: t != NONE -> state[t] = GRANTED :: else fi
}

/* `mm/stack/stack_reap.c:stack_chain_push` writes into a dead stack's top page. */
#ifdef SWAP
#define has_top(x) assert(stray_served || top_page[x] == MAPPED)
#else
#define has_top(x) skip
#endif

#define cached_here(x) (state[x] == CACHED && home[x] == c)
#define none_cached (!cached_here(0) && !cached_here(1) && !cached_here(2))
#define uncache(x) if :: cached_here(x) -> state[x] = DEAD; home[x] = 0 :: else fi

/* `sched/stack/gate.c:gate_help`: `mm/stack/magazine.c:magazine_drain` and what else this CPU holds. */
inline give_back(keep)
{
    k = (mag[c] > keep -> mag[c] - keep : 0);
    k = (k < RESERVE - reserve -> k : RESERVE - reserve);
#ifdef RESERVE_DOUBLE
#ifdef MARK
    if :: k > 0 && at == AT_MAGAZINE(c) -> at = at | AT_RESERVE :: else fi;
#endif
#else
    moved(AT_MAGAZINE(c), mag[c], AT_RESERVE, k);
    mag[c] = mag[c] - k;
#endif
    reserve = reserve + k;
    k = 0;
#ifdef LIVE
    buddy = buddy + free_list[c]; /* `mm/frame/frame_free_list.c:frame_cache_drain_this_cpu` */
    free_list[c] = 0;
#endif
    uncache(0); /* `mm/stack/stack_cache.c:stack_cache_drain` */
    uncache(1);
    uncache(2)
}

#ifdef SWAP
/* `mm/stack_modes/stack_swap.c:page_return`: the frame of one page of x is mapped again as it is. */
#define page_return(page, x) \
    if \
    :: page[x] == UNMAPPING -> \
        moved(AT_UNMAPPING(x), kept(x, UNMAPPING), AT_STACK(x), 1); \
        page[x] = MAPPED \
    :: page[x] == STANDBY -> \
        moved(AT_STANDBY(x), kept(x, STANDBY), AT_STACK(x), 1); \
        page[x] = MAPPED \
    :: else \
    fi

/* `sched/stack/swap_candidate.c:swap_candidate_end`, `mm/stack_modes/stack_swap.c:stack_pages_return`: from the top on. */
inline swap_candidate_end(x)
{
#ifndef CLAIM_STANDS
    if :: claim == x -> claim = NONE :: else fi;
#endif
    page_return(top_page, x);
    if
    :: top_page[x] == MAPPED -> page_return(low_page, x)
#ifndef STANDBY_NOT_FREED
    :: top_page[x] != MAPPED && low_page[x] == STANDBY -> /* what lies below a hole goes, too */
        low_page[x] = HOLE;
        got = 1;
        frames_free(AT_STANDBY(x), got, c)
#endif
    :: else
    fi;
    mapped(x);
    backed[x] = (low_page[x] == MAPPED) + (top_page[x] == MAPPED);
    away[x] = (low_page[x] >= UNMAPPING) + (top_page[x] >= UNMAPPING)
}

/* `sched/stack/swap_candidate.c:swap_candidate_dispatch`: the saved bytes come back in a round that the gate has covered. */
inline swap_in(x)
{
    if
    :: x < THREADS && top_page[x] == HOLE ->
        assert(cover_lost || mag[c] >= 1); /* `mm/stack_modes/stack_swap.c:stack_swap_in` */
        moved(AT_MAGAZINE(c), mag[c], AT_STACK(x), 1);
        mapped(x);
        mag[c] = mag[c] - 1;
        top_page[x] = MAPPED;
        backed[x] = backed[x] + 1
    :: else
    fi
}
#define sleeps(x) (state[x] == BLOCKED || state[x] == SWAP_CANDIDATE)
#else
#define sleeps(x) (state[x] == BLOCKED)
#endif

/* `sched/core/ready.c:schedule_ready`: a thread that has not left its CPU yet just stays. */
#ifdef NIGHT
#define wakeable(x) (sleeps(x) && !locked[home[x]] && !(night && x == 1))
#else
#define wakeable(x) (sleeps(x) && !locked[home[x]])
#endif
inline wake(x)
{
#ifdef SWAP
    if :: state[x] == SWAP_CANDIDATE -> swap_candidate_end(x) :: else fi;
#endif
    if
    :: runs[home[x]] == x -> state[x] = RUNNING
    :: else -> ready_put(x)
    fi
}

/* `mm/stack/stack.c:stack_create` and `sched/core/thread.c:thread_create` */
#ifndef CREATION_IGNORES_WAITERS
#define create_allowed (!waiters)
#else
#define create_allowed true
#endif
#define creatable(x) (create_allowed && !locked[c] && \
                     (cached_here(x) || (state[x] == NO_THREAD && none_cached && \
                                         (free_frames > 0 || standby_frames))))
#ifdef SWAP
#define back_top(x) top_page[x] = MAPPED
#else
#define back_top(x) skip
#endif
inline create(x)
{
    if
    :: cached_here(x) -> ready_put(x) /* `mm/stack/stack_cache.h:stack_cache_take`: as its last owner left it */
    :: else ->
        frames_allocate(AT_STACK(x), 1); /* `mm/stack/stack.c:stack_back_top` */
        if
        :: got == 1 -> backed[x] = 1; back_top(x); home[x] = c; mapped(x); ready_put(x)
        :: else /* all free frames lie in the other CPU's free list: an error, and no thread */
        fi;
        got = 0
    fi
}

/* An event on a CPU, by a thread that is fully backed or an interrupt; or nothing. */
inline event()
{
    if
    :: skip
    :: wakeable(0) -> wake(0)
    :: wakeable(1) -> wake(1)
#ifndef TWO
    :: wakeable(2) -> wake(2)
#endif
#if MORTALS
    :: creatable(0) -> create(0)
    :: creatable(1) -> create(1)
#ifndef TWO
    :: creatable(2) -> create(2)
#endif
#endif
    :: hog > 0 -> frames_free(AT_HOG, hog, c)
    :: hog < HOG && (free_frames > 0 || standby_frames) -> frames_allocate(AT_HOG, 1); hog = hog + got; got = 0
    fi
}

#ifdef TWO
#define mortal(x) (x >= THREADS - 1 - MORTALS)
#else
#define mortal(x) (x >= THREADS - MORTALS)
#endif

/* The other CPU waits for the lock, to put a thread that was granted frames on the queue. The lock is a fair one:
   `arch/x86_64/cpu/spinlock.h:spin_lock`. */
#define lock_promised \
    ((state[0] == GRANTED && home[0] == c) || (state[1] == GRANTED && home[1] == c) || \
     (state[2] == GRANTED && home[2] == c) || swapper_waits)
#if defined(SWAP) && defined(LIVE)
#define swapper_waits (claim != NONE && swapper_asked == 0 && home[claim] == c)
#else
#define swapper_waits false
#endif

#ifdef GATE_IGNORES_FROM
#define gate_need (missing(to))
#else
#ifdef GATE_ONE_SHORT
#define gate_need (missing(from) + missing(to) > 0 -> missing(from) + missing(to) - 1 : 0)
#else
#define gate_need (missing(from) + missing(to))
#endif
#endif

proctype Cpu(byte c)
{
    byte from = IDLE, to, t, k, got, want, more;
    bit enough, second;

    /* A thread runs, or the idle thread, interrupts on. */
top:
    atomic {
        /* `arch/x86_64/apic/shootdown.c:shootdown_interrupt` */
        if
        :: (asked | swapper_asked) & (1 << c) ->
            asked = asked & ~(1 << c);
            swapper_asked = swapper_asked & ~(1 << c);
            forget
        :: else
        fi;
        if
        :: runs[c] != IDLE ->
            touch(runs[c]);
#ifdef STRAY_FILL
            touch((runs[c] + 1) % THREADS); /* by a pointer into another thread's stack */
#endif
            if
            :: event()
            :: state[runs[c]] = BLOCKED /* `sched/core/wait_queue.c:wait_once` */
            :: mortal(runs[c]) -> state[runs[c]] = DYING /* `sched/core/thread.c:thread_exit` */
            fi;
            touch(runs[c])
        :: else -> event()
        fi
    }
    /* `sched/core/schedule.c:schedule_tick`, or the idle thread's turn: `sched/core/idle.c:idle_entry` */
    atomic {
        if
        :: waiters ->
#ifndef NO_IDLE_DRAIN
            if :: runs[c] == IDLE -> give_back(0) :: else fi;
#endif
#ifndef NO_BUSY_DRAIN
            if
            :: runs[c] != IDLE ->
#ifndef BUSY_DRAINS_ALL
                want = missing(runs[c]);
#endif
                give_back(want);
                want = 0
            :: else
            fi;
#endif
            grant()
        :: else -> t = NONE
        fi;
        if
        :: t == NONE ->
            t = 0;
            if
            :: runs[c] == IDLE && !ready_here && !ready_there -> goto top
#ifndef LIVE
            :: runs[c] != IDLE && state[runs[c]] == RUNNING -> goto top /* its turn is not over */
#endif
            :: runs[c] != IDLE || ready_here || ready_there -> goto schedule
            fi
        :: else
        fi
    }
    atomic { !locked[home[t]] -> ready_put(t); t = 0 }

    /* `sched/core/schedule.c:schedule` and `sched/core/schedule.c:thread_requeue` */
schedule:
    atomic {
        !locked[c] && !lock_promised ->
        locked[c] = 1;
        from = runs[c];
        if
        :: state[from] == RUNNING && from != IDLE -> ready_put(from)
        :: else
        fi;
#ifdef REAP_EARLY
        if :: state[from] == DYING -> state[from] = DEAD; home[from] = 0 :: else fi;
#endif
        touch(from);
        /* `sched/core/schedule.c:thread_choose`, `sched/core/balance.c:steal_from` */
choose:
        if
        :: ready_here -> ready_take(c, to)
        :: !ready_here && ready_there && !locked[1 - c] -> ready_take(1 - c, to); home[to] = c
        :: else -> to = IDLE
        fi;
        /* `sched/stack/gate.h:gate_pass`, `sched/stack/gate.c:gate_pass_slowly` */
        if
        :: mag[c] == ROUNDS -> enough = 1; goto decide
        :: else
        fi;
        touch(from);
        /* A difference: what is filled from here on is missing no more. */
#ifndef STALE_NEED
        more = (gate_need > mag[c] -> gate_need - mag[c] : 0);
#else
        more = gate_need;
        touch(from);
        more = (more > mag[c] -> more - mag[c] : 0);
#endif
#ifndef NEWCOMERS_OVERTAKE
        if
        :: more > 0 && waiters && !is_memory_waiter(to) -> goto decide
        :: else
        fi;
#endif
        touch(from);
        /* `mm/stack/magazine.c:refill_try`; memory is always short here, in the sense of
           `mm/stack/magazine.c:stack_memory_short` */
        want = ROUNDS - mag[c];
#ifndef GREEDY_REFILL
        if
        :: waiters -> goto least
        :: else
        fi;
#endif
frames_take: /* `mm/stack/magazine.c:frames_gather` */
        frames_allocate(AT_HAND(c), want);
        hand[c] = got;
        got = 0;
        touch(from)
    }
    atomic {
        if
        :: want - hand[c] <= reserve -> /* `mm/stack/stack_reserve.c:stack_reserve_take` */
            moved(AT_RESERVE, reserve, AT_MAGAZINE(c), want - hand[c]);
            moved(AT_HAND(c), hand[c], AT_MAGAZINE(c), hand[c]);
            reserve = reserve - (want - hand[c]);
            mag[c] = mag[c] + want; /* `mm/stack/magazine.c:rounds_add` */
            hand[c] = 0;
            enough = 1;
            goto decide
        :: else ->
#ifdef REFILL_PARTIAL
            moved(AT_HAND(c), hand[c], AT_MAGAZINE(c), hand[c]);
            mag[c] = mag[c] + hand[c];
            hand[c] = 0;
            enough = 1;
            goto decide
#else
            frames_free(AT_HAND(c), hand[c], c);
            if
            :: second -> goto decide
            :: else
            fi
#endif
        fi;
        touch(from);
least:
        if
        :: more == 0 -> enough = 1
        :: else -> want = more; second = 1; goto frames_take
        fi;
decide:
        want = 0;
        second = 0;
        more = 0;
        if
        :: enough || to == from || to == IDLE ->
            enough = 0;
            memory_wait_end(to);
#ifdef SWAP
            swap_in(to);
#endif
            state[to] = RUNNING
        :: else ->
            memory_wait(to);
            to = 0;
            touch(from);
            goto choose
        fi;
        if
        :: to == from -> locked[c] = 0; to = 0; from = IDLE; goto top
        :: else
        fi;
        /* `sched/core/schedule.c:switch_to`, `sched/core/switch.asm:thread_switch`: both stacks are in use */
        touch(from);
#ifndef NEXT_NAMED_LATE
        nxt[c] = to;
#endif
#ifdef MIGRATE_BEFORE_SWITCH_DONE
        locked[c] = 0
    }
    atomic {
#endif
        touch(from);
        touch(to);
        runs[c] = to;
        /* `sched/core/schedule.c:finish_switch` */
        nxt[c] = to;
        cur[c] = nxt[c];
        touch(to);
        to = 0;
        locked[c] = 0;
        /* `sched/core/thread.c:thread_reap`, `mm/stack/stack.c:stack_destroy` */
        if
        :: state[from] == DYING ->
            has_top(from);
            if
            :: none_cached && !in_queue -> state[from] = CACHED; home[from] = c
            :: else -> state[from] = DEAD; home[from] = 0
            fi
        :: else
        fi;
        from = IDLE;
        goto top
    }
}

#ifdef SWAP
#define no_pages(x) low_page[x] = HOLE; top_page[x] = HOLE
#else
#define no_pages(x) skip
#endif

/*
 * `sched/stack/oom.c:reap`: an expendable thread that waits for memory ends where it is. Never one
 * whose top page is swapped out: `sched/stack/gate.c:gate_expendable_take_out`.
 */
#ifndef REAP_SWAPPED
#define expendable(x) (mortal(x) && state[x] == WAITS_MEMORY && top_page[x] == MAPPED)
#else
#define expendable(x) (mortal(x) && state[x] == WAITS_MEMORY)
#endif
#define reap(x) has_top(x); memory_wait_end(x); state[x] = DEAD; home[x] = 0

/* `sched/stack/reclaimer.c:reclaimer_run`: fully backed, so its own dispatch is no question. */
proctype Reclaimer()
{
    byte k, x;
#ifndef NO_RECLAIMER
    do
#if defined(SWAP) && !defined(LIVE)
    ::  atomic {
            if
            :: expendable(0) -> reap(0)
            :: expendable(1) -> reap(1)
            :: expendable(2) -> reap(2)
            fi
        }
#endif
    ::  atomic { /* `mm/stack/stack_pages.c:stack_unmap_begin` */
            (state[0] == DEAD || state[1] == DEAD || state[2] == DEAD) ->
            do
            :: x < THREADS ->
                if
                :: state[x] == DEAD ->
                    moved(AT_STACK(x), backed[x], AT_RECLAIMER, backed[x]);
                    taken = taken + backed[x];
                    backed[x] = 0;
                    no_pages(x);
                    state[x] = REAPED
                :: else
                fi;
                x++
            :: else -> break
            od;
            x = 0
        }
#ifndef FREE_WITHOUT_SHOOTDOWN
        asked = BOTH; /* `arch/x86_64/apic/shootdown.c:shootdown` */
#endif
        atomic { /* `mm/stack/stack_reap.c:stack_reclaim` */
            asked == 0 ->
#ifdef MARK
            assert(frame_stale || !(at & AT_RECLAIMER) || known == 0);
#endif
            if
            :: frames_free(AT_RECLAIMER, taken, 0)
            :: frames_free(AT_RECLAIMER, taken, 1)
            fi;
            do
            :: x < THREADS ->
                if :: state[x] == REAPED -> state[x] = NO_THREAD :: else fi;
                x++
            :: else -> break
            od;
            x = 0
        }
    od
#endif
}

#ifdef SWAP
#ifdef SWAP_CURRENT
#define free_to_take(x) (sleeps(x) && backed[x] > 0 && !locked[home[x]])
#else
#define free_to_take(x) (sleeps(x) && backed[x] > 0 && !locked[home[x]] && runs[home[x]] != x)
#endif

#define is_gone(x) (state[x] == NO_THREAD || (state[x] >= CACHED && state[x] <= REAPED))

/* `mm/stack_modes/stack_swap.c:stack_pages_unmap_begin` */
#define page_leave(page) \
    if \
    :: page[s] == MAPPED -> \
        moved(AT_STACK(s), backed[s], AT_UNMAPPING(s), 1); \
        page[s] = UNMAPPING; \
        backed[s] = backed[s] - 1; \
        away[s] = away[s] + 1 \
    :: else \
    fi

/* `mm/stack_modes/stack_swap.c:stack_pages_release` */
#define page_release(page) if :: page[claim] == UNMAPPING -> page[claim] = STANDBY :: else fi

/*
 * Frames of pages that were given up are freed: while a thread waits for memory they must be, otherwise
 * they may be, at any time (other memory may be short). `mm/stack_modes/stack_swap.c:stack_standby_free`.
 */
#ifdef STANDBY_KEPT
#define standby_to_free false
#else
#define standby_to_free any_given_up
#endif
#ifdef LIVE
#define must_free (waiters && standby_to_free)
#else
#define must_free false
#endif

/* `sched/stack/swapper.c:swapper_run`: fully backed. One thread to a batch. */
proctype Swapper()
{
    byte s, got, k;
    do
    ::  atomic { /* `sched/stack/swapper.c:look_around` */
            standby_to_free ->
            if
            :: given_up(low_page, 0) -> reclaim(low_page, 0, AT_SWAPPER)
            :: given_up(top_page, 0) -> reclaim(top_page, 0, AT_SWAPPER)
            :: given_up(low_page, 1) -> reclaim(low_page, 1, AT_SWAPPER)
            :: given_up(top_page, 1) -> reclaim(top_page, 1, AT_SWAPPER)
#ifndef TWO
            :: given_up(low_page, 2) -> reclaim(low_page, 2, AT_SWAPPER)
            :: given_up(top_page, 2) -> reclaim(top_page, 2, AT_SWAPPER)
#endif
            fi;
            if
            :: frames_free(AT_SWAPPER, got, 0)
#ifdef LIVE
            :: frames_free(AT_SWAPPER, got, 1)
#endif
            fi
        }
    ::  atomic { /* `sched/stack/swap_candidate.c:swap_candidate_begin` */
            if
            :: !must_free && free_to_take(0) -> s = 0
            :: !must_free && free_to_take(1) -> s = 1
#ifndef TWO
            :: !must_free && free_to_take(2) -> s = 2
#endif
            fi;
#ifndef SWAP_UNLOCKED
            state[s] = SWAP_CANDIDATE;
#endif
#ifdef SWAP_UNLOCKED
        }
        atomic {
            if :: sleeps(s) -> state[s] = SWAP_CANDIDATE :: else fi;
#endif
            /* `sched/stack/swap_candidate.c:swap_candidate_take`: what lies below its stack pointer, or all */
            page_leave(low_page);
            if
            :: page_leave(top_page)
            :: away[s] != 0
            fi;
            claim = s;
            s = 0
        }
#ifndef SWAP_WITHOUT_SHOOTDOWN
        swapper_asked = BOTH; /* `sched/stack/swap_candidate.c:swap_candidate_batch_shoot` */
#endif
        atomic { /* `sched/stack/swap_candidate.c:swap_candidate_batch_end`, under the lock of the thread's run queue */
            swapper_asked == 0 && (claim == NONE || !locked[home[claim]]) ->
            if
            :: claim != NONE ->
                assert(gone_touched || !is_gone(claim));
#ifdef MARK
                if :: at == AT_UNMAPPING(claim) -> at = AT_STANDBY(claim) :: else fi;
#endif
                page_release(low_page);
                page_release(top_page);
                claim = NONE
            :: else
            fi
        }
    od
}
#endif

#ifdef NIGHT
/* From some moment on thread 1 is not woken any more. */
proctype Night()
{
    atomic { sleeps(1) -> night = 1 }
}
#endif

/* Looks at every state, and changes nothing. */
proctype Watch()
{
end:
    if
#ifdef MARK
    :: atomic { at == 0 || (at & (at - 1)) != 0 -> assert(frame_twice) }
#else
    :: atomic { FRAMES_SEEN != FRAMES -> assert(frames_lost) }
#endif
    :: atomic { runs[0] != IDLE && runs[0] == runs[1] -> assert(two_cpus) }
    fi
}

init
{
    atomic {
        backed[0] = 1; backed[1] = 1; backed[2] = 1; backed[IDLE] = PAGES;
        state[0] = BLOCKED; state[1] = BLOCKED; state[2] = BLOCKED; state[IDLE] = RUNNING;
        home[1] = 1;
        runs[0] = IDLE; cur[0] = IDLE; nxt[0] = IDLE;
        runs[1] = IDLE; cur[1] = IDLE; nxt[1] = IDLE;
        buddy = FRAMES - HOG - 3;
#ifdef MARK
        if
        :: HOG > 0 -> at = AT_HOG
        :: FRAMES > HOG + 3 -> at = AT_FREE
        :: at = AT_STACK(0); known = BOTH
        :: at = AT_STACK(1); known = BOTH
        :: at = AT_STACK(2); known = BOTH
        fi;
#endif
        run Cpu(0);
        run Cpu(1);
#ifdef SWAP
#ifdef TWO
        state[2] = NO_THREAD; backed[2] = 0; buddy = buddy + 1;
#endif
        low_page[0] = HOLE; low_page[1] = HOLE; low_page[2] = HOLE;
        run Swapper();
#endif
#if !defined(SWAP) || MORTALS
        run Reclaimer();
#endif
#ifdef NIGHT
        run Night();
#endif
        run Watch()
    }
}

#ifdef LIVE
/*
 * If what others take is freed again and again, a thread that waits for memory runs again. FRAMES is what
 * all stacks have together when full, and no more: with less a thread may wait for ever, and rightly.
 */
#ifndef NIGHT
ltl served { ([]<> (hog == 0)) -> [] ((state[0] == WAITS_MEMORY) -> <> (state[0] == RUNNING)) }
#else
/* With fewer frames: once the other thread sleeps for good, its frames must reach the one that waits. */
ltl served { [] ((state[0] == WAITS_MEMORY && night) -> <> (state[0] == RUNNING)) }
#endif
#endif
