/*
 * Messages on two CPUs: a client, two servers with an endpoint each, the fast path with its direct
 * switch (`kernel/syscall/message_fast.c:message_fast_call`), the slow path, calls that are given up at a
 * deadline, a kill of either side at any time, and a swapper that takes pages from threads that
 * sleep. docs/model.md says what each property means; model.py checks all of it.
 *
 * A step is one critical section. The locks that are held from one step to the next are variables.
 * Macros with a mistake for a name, like FAST_IGNORES_CALL, take one guard out.
 *
 * With HANDOFF (`sched/stack/handoff.h:stack_handoff`) a thread that sleeps without a deadline may
 * have given its stack away. There are as many stacks as threads, and those of nobody are in the
 * cache or not made yet.
 */
#define CLIENT 0 /* the servers are threads 1 and 2; server s receives from endpoint s */
#define THREADS 3
#ifndef CALLS
#define CALLS 3
#endif

/* `sched/core/thread.h:thread_state`. A candidate of the swapper is blocked with `pending`. */
#define RUNNING 1
#define BLOCKED 2
#define READY 3
#define DEAD 4

/* `kernel/ipc/ipc_state.h:ipc_phase`, of the client */
#define IDLE 0
#define SENDING 1
#define AWAITS_REPLY 2
#define ANSWERED 3

#define DIED 100 /* the answer that stands for ERROR_PEER_DIED */

/* Never true. Which property an assertion belongs to is read from the one that it names. */
hidden byte answer_mixed, frame_gone, two_cpus, gone_touched, sleeps_on, stack_double;

byte state[THREADS] = READY;
byte home[THREADS];       /* the CPU that it belongs to */
bit busy[2];              /* a thread runs on the CPU */
bit killed[THREADS];      /* `sched/core/thread.h:thread`, kill_wanted */
bit pending[THREADS];     /* the swapper has it: `sched/core/thread.h:THREAD_PENDING_SWAPPED` */
bit page[THREADS] = 1;    /* its top page, where its trap frame lies, is in place */
bit fast_wait[THREADS];   /* `kernel/ipc/ipc_state.h:ipc_state`, sleeper: no deadline */
bit listed[THREADS];      /* a server: among the receivers of its endpoint */
bit gone[THREADS];        /* no handle to receive from its endpoint is left */
byte right[THREADS];      /* of a server: the client's call that it may answer; 0: none */

byte phase = IDLE;        /* of the client */
byte call;                /* the number of its call */
byte at;                  /* the endpoint in whose list of callers it is: SENDING */
byte answer;              /* what it was answered */
bit timed;                /* its call has a deadline */
bit locked;               /* the lock of its state, between two steps */

#define runs(t) (state[t] == RUNNING)

#ifdef HANDOFF
#define STACKS 4          /* numbers 1 to 3; 0: none */
byte stack[THREADS];      /* what the thread runs on or sleeps on; 0: it gave its stack away */
byte owner[STACKS];       /* 1 + the thread whose stack it is; 0: nobody's */
byte left[2];             /* the stack of nobody that a CPU has left, and that is in no cache yet */

#define handed(t) (stack[t] == 0)
#define is_own(t) assert(stack_double || (stack[t] != 0 && owner[stack[t]] == t + 1))
/* A stack that a thread may get: of the cache, or a new one. */
#define is_free(n) (owner[n] == 0 && left[0] != n && left[1] != n)

inline get_stack(t)
{
    if
    :: !handed(t)
    :: handed(t) && is_free(1) -> stack[t] = 1
    :: handed(t) && !is_free(1) && is_free(2) -> stack[t] = 2
    :: handed(t) && !is_free(1) && !is_free(2) && is_free(3) -> stack[t] = 3
    fi;
    /* nobody runs on it, and nobody sleeps on it */
    assert(stack_double || owner[stack[t]] == 0 || owner[stack[t]] == t + 1);
    assert(stack_double || ((t == 0 || stack[0] != stack[t]) && (t == 1 || stack[1] != stack[t]) &&
                            (t == 2 || stack[2] != stack[t])));
    owner[stack[t]] = t + 1
}

/* `sched/stack/handoff.c:handoff_given`: at the end of the switch away, under the run queue's lock */
inline give_stack(t)
{
#ifdef GIVE_EARLY
    if :: owner[stack[t]] == 0 -> stack[t] = 0 :: else fi
#else
    if
    :: left[home[t]] == 0 -> owner[stack[t]] = 0; left[home[t]] = stack[t]; stack[t] = 0
    :: true /* it keeps it: there is no slot, or no time */
    fi
#endif
}
#else
#define handed(t) false
#define is_own(t) skip
inline get_stack(t) { skip }
inline give_stack(t) { skip }
#endif

/* `sched/core/ready.c:schedule_ready`, for a thread that sleeps */
inline wake(t)
{
    if :: state[t] == BLOCKED -> state[t] = READY :: else fi
}

/* A thread stops running: it sleeps, or ends. */
inline leave_cpu(t, how)
{
    state[t] = how;
    busy[home[t]] = 0
}

/* Its struct thread is there to be looked at. */
#define is_alive(t) assert(gone_touched || state[t] != DEAD)

/* The run queue's lock is held: `sched/core/direct_switch.h:direct_switch_check`. */
#ifdef FAST_IGNORES_KILL
#define may_sleep(t) true
#else
#define may_sleep(t) (!killed[t])
#endif
#ifdef FAST_IGNORES_STATE
#define sleeps_here(t, from) (home[t] == home[from])
#else
#define sleeps_here(t, from) (state[t] == BLOCKED && home[t] == home[from])
#endif
#ifdef FAST_IGNORES_PENDING
#define in_place(t) true
#else
#define in_place(t) (!pending[t])
#endif
#define direct(from, to) (may_sleep(from) && sleeps_here(to, from) && (handed(to) || in_place(to)))

/* `sched/core/direct_switch.h:direct_switch_make`, after the words went into the frame of `to` */
inline direct_switch(from, to)
{
    assert(frame_gone || handed(to) || page[to]);   /* `kernel/syscall/message_fast.c:words_move` */
    assert(two_cpus || state[to] == BLOCKED);
#ifdef HANDOFF
    if /* `sched/stack/handoff.h:handoff_exchange` */
    ::  handed(to) ->
        stack[to] = stack[from];
        owner[stack[to]] = to + 1;
#ifndef EXCHANGE_HALF
        stack[from] = 0
#endif
    ::  else
    fi;
    is_own(to);
#endif
    state[from] = BLOCKED;
    state[to] = RUNNING
}

/* `kernel/ipc/ipc.c:call_result` */
inline call_end()
{
    atomic {
        runs(CLIENT) && !locked ->
        if
        :: phase == SENDING -> phase = IDLE /* `kernel/ipc/ipc.c:call_leave` */
        :: phase == AWAITS_REPLY -> phase = IDLE
        :: phase == ANSWERED -> phase = IDLE; assert(answer_mixed || answer == call || answer == DIED)
        :: phase == IDLE -> assert(answer_mixed || answer == call) /* the answer is in the frame */
        fi;
        answer = 0;
        fast_wait[CLIENT] = 0
    }
}

proctype Client()
{
    byte e;
    do
    ::  call == CALLS -> break
    ::  call < CALLS ->
        atomic { runs(CLIENT) && !locked ->
            if :: killed[CLIENT] -> break :: else fi;
            if :: e = 1 :: e = 2 fi;
            if :: timed = 0 :: timed = 1 fi
        }
#ifdef GIVE_EARLY /* the cache has the stack before the CPU has left it */
        atomic { runs(CLIENT) -> owner[stack[CLIENT]] = 0 }
#endif
        if
        ::  atomic { runs(CLIENT) && !locked && !timed && listed[e] && fast_wait[e] && direct(CLIENT, e) ->
                /* `kernel/syscall/message_fast.c:message_fast_call` */
                listed[e] = 0;
                call++;
                right[e] = call;
                phase = AWAITS_REPLY;
                fast_wait[CLIENT] = 1;
                direct_switch(CLIENT, e)
            }
        ::  atomic { runs(CLIENT) && !locked ->
                /* `kernel/ipc/ipc.c:ipc_call`: the locks are held until the thread sleeps */
                call++;
                if
                :: gone[e] -> phase = ANSWERED; answer = DIED
                :: !gone[e] && listed[e] ->
                    listed[e] = 0;
                    right[e] = call;
                    phase = AWAITS_REPLY;
                    wake(e)
                :: else -> phase = SENDING; at = e
                fi;
#ifdef SLEEP_UNLOCKED
            }
            atomic { runs(CLIENT) && !locked ->
#endif
                if
#ifdef SLEEP_UNLOCKED
                :: !killed[CLIENT] ->
#else
                :: phase != ANSWERED && !killed[CLIENT] ->
#endif
                    fast_wait[CLIENT] = !timed;
                    give_stack(CLIENT);
                    leave_cpu(CLIENT, BLOCKED)
                :: else
                fi
            }
        fi;
        call_end()
    od;
    atomic { runs(CLIENT) -> leave_cpu(CLIENT, DEAD) }
}

/* A server takes the message of the client, which waits for its endpoint: `kernel/ipc/ipc.c:caller_take`. */
#define client_calls(s) (phase == SENDING && at == s)

/* `kernel/ipc/ipc.c:right_use`: the client's lock is held for one step */
inline answer_slowly(s, with)
{
    if
#ifdef SLOW_IGNORES_CALL
    :: right[s] != 0 && phase == AWAITS_REPLY ->
#else
    :: right[s] != 0 && phase == AWAITS_REPLY && call == right[s] ->
#endif
        answer = with;
        phase = ANSWERED;
        wake(CLIENT)
    :: else
    fi;
    right[s] = 0
}

/* A caller that does not wait for this answer is left alone: `kernel/syscall/message_fast.c:message_fast_reply_receive`. */
#ifdef FAST_IGNORES_CALL
#define waits_for(s) (phase == AWAITS_REPLY)
#else
#define waits_for(s) (phase == AWAITS_REPLY && call == right[s])
#endif

inline receive_sleep(s)
{
    listed[s] = 1;
    fast_wait[s] = 1
}

proctype Server(byte s)
{
    do
    ::  atomic { runs(s) && killed[s] -> break }
    ::  atomic { runs(s) && !killed[s] && right[s] == 0 && !locked ->
            /* `kernel/ipc/ipc.c:ipc_receive` */
            if
            :: client_calls(s) -> phase = AWAITS_REPLY; right[s] = call
            :: else -> receive_sleep(s); give_stack(s); leave_cpu(s, BLOCKED)
            fi
        }
end_receives:
        atomic { runs(s) -> /* `kernel/ipc/ipc.c:receive_result` */
            listed[s] = 0;
            fast_wait[s] = 0
        }
    ::  atomic { runs(s) && right[s] != 0 && !client_calls(s) && !locked && waits_for(s) &&
                 fast_wait[CLIENT] ->
            /* The client's lock is taken. */
#ifndef FAST_UNLOCKED
            locked = 1
#endif
        }
        if
        ::  atomic { direct(s, CLIENT) -> /* the run queue's lock is taken */
                is_alive(CLIENT);
                answer = right[s];
                phase = IDLE;
                locked = 0;
                right[s] = 0;
                receive_sleep(s);
                direct_switch(s, CLIENT)
            }
end_receives_fast:
            atomic { runs(s) ->
                listed[s] = 0;
                fast_wait[s] = 0
            }
        ::  atomic { !direct(s, CLIENT) -> /* refused: the slow path */
                is_alive(CLIENT);
                locked = 0
            }
            atomic { runs(s) && !locked -> answer_slowly(s, right[s]) }
        fi
    ::  atomic { runs(s) && right[s] != 0 && !locked -> answer_slowly(s, right[s]) }
    od;
    atomic { /* `kernel/ipc/ipc.c:ipc_state_end`, and the last handle is closed: `kernel/ipc/endpoint.c:list_end` */
        !locked ->
        answer_slowly(s, DIED);
        listed[s] = 0;
        gone[s] = 1;
        if :: client_calls(s) -> answer = DIED; phase = ANSWERED; wake(CLIENT) :: else fi;
        leave_cpu(s, DEAD)
    }
}

/* The scheduler, the swapper and the timer, for one thread: each on some other CPU. */
proctype Others(byte t)
{
end_rests:
    do
    ::  atomic { state[t] == READY && !busy[home[t]] -> /* `sched/stack/swap_candidate.c:swap_candidate_dispatch` */
            page[t] = 1;
            pending[t] = 0;
            get_stack(t);
            is_own(t);
            busy[home[t]] = 1;
            state[t] = RUNNING
        }
    ::  atomic { state[t] == BLOCKED && !handed(t) && !pending[t] -> pending[t] = 1 }
    ::  atomic { state[t] == BLOCKED && pending[t] && page[t] -> page[t] = 0 }
    ::  atomic { t == CLIENT && state[t] == BLOCKED && timed -> wake(t); timed = 0 }
    od
}

#ifdef HANDOFF
/* A CPU puts the stack that it has left into its cache: `sched/core/schedule.c:finish_unusual_switch`. */
proctype Caches(byte cpu)
{
end_empty:
    do
    ::  atomic { left[cpu] != 0 -> left[cpu] = 0 }
    od
}
#endif

/* Kills a thread. It notes the kill first, and then wakes the thread: `sched/core/thread.c:thread_kill`. */
proctype Killer()
{
    byte t;
    if :: t = 1 :: t = 2 :: t = CLIENT fi;
    killed[t] = 1;
    atomic { wake(t) }
}

/* When nothing goes on any more no thread sleeps but servers that were not killed. */
proctype Monitor()
{
    timeout ->
    assert(sleeps_on || state[CLIENT] != BLOCKED);
    assert(sleeps_on || ((!killed[1] || state[1] != BLOCKED) && (!killed[2] || state[2] != BLOCKED)))
}

init
{
    atomic {
        home[1] = 0;
        if :: home[2] = 0 :: home[2] = 1 fi;
#ifdef HANDOFF
        stack[CLIENT] = 1; owner[1] = 1;
        stack[1] = 2; owner[2] = 2;
        stack[2] = 3; owner[3] = 3;
        run Caches(0);
        run Caches(1);
#endif
        run Client();
        run Server(1);
        run Server(2);
        run Others(CLIENT);
        run Others(1);
        run Others(2);
        run Killer();
        run Monitor()
    }
}
