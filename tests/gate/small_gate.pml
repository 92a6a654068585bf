/*
 * The dispatch gate by itself, small enough to be read in one sitting: two CPUs, three threads with stacks of
 * two pages, two magazines, and free frames. `atomic` is a step: what a CPU does without letting another one in
 * between. Where several `::` can be chosen, spin tries each, in every state that can be reached.
 *
 *   cover       a magazine has what the stacks of both sides of a switch miss: `sched/stack/gate.h:gate_pass`
 *   conserved   no frame is lost, and none is in two places
 *
 * The macros REACH_... ask whether something can happen at all: then the search must find `was_reached`.
 */
#define PAGES 2 /* of a stack; the top one is backed as long as the thread lives */
#define MOST (PAGES - 1)
#define ROUNDS (2 * MOST) /* of a magazine: `mm/stack/magazine.h:MAGAZINE_ROUNDS_MIN` */
#define FRAMES 3          /* in all, without top pages: too few for all stacks and magazines */
#define THREADS 3
#define IDLE THREADS /* the idle thread of either CPU: fully backed */

#define SLEEPS 0
#define READY 1
#define RUNS 2
#define WAITS 3 /* for memory */

/* Never true. Which property an assertion belongs to is read from its name. */
hidden byte cover_lost, frames_lost, was_reached, lab_7_not_yet;

byte missing[THREADS + 1]; /* pages that each stack misses */
byte state[THREADS + 1];
byte magazine[2], runs[2], next[2]; /* of each CPU; next: the thread that it switches to, or IDLE */
byte frames;                        /* that are free */
bit waited[THREADS + 1];            /* it had to wait, and has not run since */

/* CPU c brings a page of stack s, in a stack fault: nothing here can wait or fail. */
inline touch(s)
{
    /* LAB 7 BEGIN model-touch: one page of the stack comes, from where and at whose cost? */
    assert(cover_lost || magazine[c] > 0);
    magazine[c]--;
    missing[s]--
    /* LAB 7 END model-touch */
}

/* CPU c takes n frames for its magazine. There must be so many. */
inline refill(n)
{
    assert(frames_lost || frames >= n);
    frames = frames - n;
    magazine[c] = magazine[c] + n
}

/* Sets `passes` if CPU c may switch from one thread to the other; refills as far as memory allows. */
inline gate(p, n)
{
    /* LAB 7 BEGIN model-gate: count, refill, and say yes or no */
    need = missing[p] + missing[n];
    want = ROUNDS - magazine[c];
    if
    :: frames >= want -> refill(want)
    :: frames < want && need > magazine[c] && frames >= need - magazine[c] ->
        refill(need - magazine[c])
    :: else
    fi;
    passes = (magazine[c] >= need);
    need = 0;
    want = 0
    /* LAB 7 END model-gate */
}

/* A thread that the gate refused. */
inline refuse(x)
{
    /* LAB 7 BEGIN model-refuse: it waits for memory, and is not chosen again meanwhile */
    state[x] = WAITS;
    waited[x] = 1
    /* LAB 7 END model-refuse */
}

/* May a thread that waits try again? */
/* LAB 7 BEGIN model-grant: if the free frames would cover it */
#define may_try_again(x) (state[x] == WAITS && frames >= missing[x])
/* LAB 7 END model-grant */

inline choose()
{
    if
    :: state[0] == READY -> to = 0
    :: state[1] == READY -> to = 1
    :: state[2] == READY -> to = 2
    :: to = IDLE
    fi
}

proctype Cpu(byte c)
{
    byte from = IDLE, to = IDLE, need, want;
    bit passes;
    do
    ::  atomic { /* the thread goes deeper */
            from != IDLE && missing[from] > 0 -> touch(from)
        }
    ::  atomic { /* it sleeps, or its turn is over; or the CPU looks for work */
            if
            :: from != IDLE -> state[from] = SLEEPS
            :: from != IDLE -> state[from] = READY
            :: from == IDLE
            fi;
            choose();
            if
            :: to == from -> passes = 1
            :: to == IDLE -> passes = 1 /* it misses nothing, and what is left stays covered */
            :: else -> gate(from, to)
            fi;
            if
            :: passes -> state[to] = RUNS; next[c] = to
            :: else -> refuse(to); to = IDLE; state[IDLE] = RUNS; next[c] = IDLE
            fi;
            passes = 0
        }
        atomic { /* in the switch both stacks are in use */
            if
            :: from != IDLE && missing[from] > 0 -> touch(from)
            :: to != IDLE && to != from && missing[to] > 0 -> touch(to)
            :: skip
            fi
        }
        atomic {
            waited[to] = 0;
            runs[c] = to;
            next[c] = IDLE;
            from = to;
            to = IDLE
        }
    ::  atomic { /* an idle CPU gives its magazine back while others wait */
            from == IDLE && magazine[c] > 0 &&
            (state[0] == WAITS || state[1] == WAITS || state[2] == WAITS) ->
            frames = frames + magazine[c];
            magazine[c] = 0
        }
    od
}

/* No CPU uses the stack. */
#define left_alone(x) \
    (state[x] == SLEEPS && runs[0] != x && runs[1] != x && next[0] != x && next[1] != x)

/* Wake-ups, grants, and the swapper, which takes pages from threads that sleep. */
proctype Others()
{
    do
    :: atomic { left_alone(0) -> state[0] = READY }
    :: atomic { left_alone(1) -> state[1] = READY }
    :: atomic { left_alone(2) -> state[2] = READY }
    :: atomic { may_try_again(0) -> state[0] = READY }
    :: atomic { may_try_again(1) -> state[1] = READY }
    :: atomic { may_try_again(2) -> state[2] = READY }
    :: atomic { left_alone(0) && missing[0] < MOST -> missing[0]++; frames++ }
    :: atomic { left_alone(1) && missing[1] < MOST -> missing[1]++; frames++ }
    :: atomic { left_alone(2) && missing[2] < MOST -> missing[2]++; frames++ }
    od
}

#define needs_of(cpu) \
    (missing[runs[cpu]] + (next[cpu] == IDLE || next[cpu] == runs[cpu] -> 0 : missing[next[cpu]]))
#define FRAMES_SEEN \
    (frames + magazine[0] + magazine[1] + 3 * MOST - missing[0] - missing[1] - missing[2])

/* Looks at every state, and changes nothing. */
proctype Watch()
{
end:
    if
    :: atomic { magazine[0] < needs_of(0) || magazine[1] < needs_of(1) -> assert(cover_lost) }
    :: atomic { FRAMES_SEEN != FRAMES -> assert(frames_lost) }
#ifdef REACH_WAIT
    :: atomic { state[0] == WAITS && waited[0] -> assert(was_reached) }
#endif
#ifdef REACH_RETURN
    :: atomic { waited[0] && next[0] == 0 && state[0] == RUNS -> assert(was_reached) }
#endif
#ifdef REACH_DEEP
    :: atomic { runs[0] == 0 && runs[1] == 1 && missing[0] == 0 && missing[1] == 0 -> assert(was_reached) }
#endif
#ifdef REACH_BOTH_MISS
    :: atomic { next[0] == 1 && runs[0] == 0 && missing[0] == 1 && missing[1] == 1 -> assert(was_reached) }
#endif
    fi
}

init
{
    atomic {
        missing[0] = MOST; missing[1] = MOST; missing[2] = MOST;
        state[IDLE] = RUNS;
        runs[0] = IDLE; runs[1] = IDLE;
        next[0] = IDLE; next[1] = IDLE;
        frames = FRAMES;
        run Cpu(0);
        run Cpu(1);
        run Others();
        run Watch()
    }
}
