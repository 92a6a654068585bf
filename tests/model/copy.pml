/*
 * The wait of a thread inside user copy: a system call touches a page of user memory, the fault asks
 * a pager and sleeps, and meanwhile another CPU unmaps the memory and maps something else there,
 * another thread faults, or the thread is killed. docs/model.md says what each property means;
 * model.py checks all of it.
 *
 * A step is one critical section. Macros with a mistake for a name, like GIVE_UNCHECKED, take one
 * guard out.
 */
#define NONE 0 /* no object: nothing is mapped, or the entry is absent */

/* `sched/core/thread.h:thread_state` */
#define RUNNING 1
#define BLOCKED 2
#define READY 3
#define DEAD 4

/* The region: `mm/space/region.h:region` */
#define OPEN 1
#define CLOSED 2 /* it is being unmapped: `mm/space/space_change.c:space_clear` */
#define ABSENT 3

#define OWN_MESSAGE 7 /* the thread's message, which the call was about to send */
#define QUESTION 9    /* the one to the pager */

/* Never true. Which property an assertion belongs to is read from the one that it names. */
hidden byte frame_stale, region_gone, gone_touched, message_lost, stack_shared, sleeps_on;

byte region = OPEN, object = 1;  /* at the address: memory object 1, later object 2 */
byte entry = NONE;               /* the object whose frame the leaf entry has */
byte known[2] = NONE;            /* and the translation in each CPU's TLB */
byte references[3];              /* of a memory object, by those that may touch it */
bit locked;                      /* the lock of the address space, between two steps */
bit asked[2];                    /* `arch/x86_64/apic/user_shootdown.c:user_shootdown`: not answered */
bit entry_stack[2];              /* a frame lies on the CPU's entry stack for page faults */

byte state = RUNNING, cpu;       /* of the thread that copies */
bit killed, answered, refused;
byte message = OWN_MESSAGE;      /* in its `kernel/ipc/ipc_state.h:ipc_state` */

#define runs (state == RUNNING)
#define is_alive(o) assert(gone_touched || references[o] > 0)

inline wake()
{
    if :: state == BLOCKED -> state = READY :: else fi
}

/* `mm/space/user_fault.c:pages_give`: the region is looked up anew. */
inline pages_give(o)
{
#ifdef GIVE_UNCHECKED
    is_alive(o);
    entry = o;
    assert(region_gone || (region == OPEN && object == o))
#else
    if :: region == OPEN && object == o -> entry = o :: else fi
#endif
}

proctype Copier()
{
    byte question;
again:
    atomic { runs && !asked[cpu] -> /* the touch: interrupts are on, so a round is answered first */
        if
        :: known[cpu] == NONE -> known[cpu] = entry
        :: else
        fi;
        if
        :: known[cpu] != NONE ->
            assert(frame_stale || references[known[cpu]] > 0);
            goto copied
        :: else -> entry_stack[cpu] = 1 /* `arch/x86_64/entry/entry.asm:entry_page_fault_stub` */
        fi
    }
    atomic { runs -> /* the frame moves to the thread's stack: `arch/x86_64/entry/entry.c:entry_move_frame` */
#ifndef WAIT_ON_ENTRY_STACK
        entry_stack[cpu] = 0
#endif
    }
    atomic { runs && !locked -> /* `mm/space/user_fault_try.c:user_fault_try` */
        if
        :: region != OPEN -> goto copied /* the copy ends with an error */
        :: else ->
            question = object;
#ifndef QUESTION_WITHOUT_REFERENCE
            references[question]++;
#endif
        fi;
#ifdef LOCK_HELD_BY_WAIT
        locked = 1
#endif
    }
    atomic { runs -> /* `kernel/ipc/kernel_call.c:kernel_call` */
        message = QUESTION;
        answered = 0;
        refused = 0;
#ifndef KILL_UNSEEN
        if :: killed -> refused = 1 :: else -> state = BLOCKED fi
#else
        state = BLOCKED
#endif
    }
end_asks:
    atomic { runs ->
#ifndef MESSAGE_NOT_ASIDE
        message = OWN_MESSAGE;
#endif
        if :: !answered || killed -> refused = 1 :: else fi;
        locked = 0
    }
    atomic { runs && !locked ->
        is_alive(question);
        if :: !refused -> pages_give(question) :: else fi
    }
    atomic { runs ->
#ifndef QUESTION_WITHOUT_REFERENCE
        references[question]--;
#endif
        if :: !refused -> goto again :: else fi
    }
copied:
    atomic { runs -> /* the call goes on with its own message, or ends with an error */
        assert(message_lost || message == OWN_MESSAGE);
        entry_stack[cpu] = 0;
        state = DEAD
    }
}

/* The pager answers, at some time or never. */
proctype Pager()
{
end_serves:
    do
    ::  atomic { state == BLOCKED && !answered -> answered = 1; wake() }
    ::  atomic { state == BLOCKED && !answered -> goto end_silent }
    od;
end_silent:
    skip
}

/* Another thread of the task, on CPU 1: `mm/space/space_change.c:address_space_unmap`, then a new mapping. */
proctype Unmapper()
{
    atomic { !locked -> region = CLOSED; entry = NONE }
#ifndef REMAP_WITHOUT_SHOOTDOWN
    atomic { asked[0] = known[0] != NONE; asked[1] = known[1] != NONE }
    atomic { !asked[0] && !asked[1] -> skip }
#endif
    atomic { !locked -> region = ABSENT; references[1]-- }
    atomic { !locked -> region = OPEN; object = 2; references[2]++ }
}

/* A page fault of another thread, on either CPU: its frame needs the CPU's entry stack. */
proctype OtherFault()
{
    byte c;
    if :: c = 0 :: c = 1 fi;
    atomic { !runs || cpu != c -> assert(stack_shared || !entry_stack[c]) }
}

/* A CPU by itself: it walks to the page ahead of any access, and answers a round. */
proctype Cpu(byte c)
{
end_rests:
    do
    ::  atomic { entry != NONE && known[c] == NONE && !asked[c] -> known[c] = entry }
    ::  atomic { asked[c] -> known[c] = NONE; asked[c] = 0 }
    ::  atomic { state == READY -> state = RUNNING; cpu = c }
    od
}

proctype Killer()
{
    killed = 1; /* `sched/core/thread.c:thread_kill` */
    atomic { wake() }
}

/* When nothing goes on any more a killed thread has ended, and the memory is unmapped. */
proctype Monitor()
{
    timeout ->
    assert(sleeps_on || !killed || state == DEAD);
    assert(sleeps_on || object == 2)
}

init
{
    atomic {
        references[1] = 1;
        run Copier();
        run Pager();
        run Unmapper();
        run OtherFault();
        run Cpu(0);
        run Cpu(1);
        if :: run Killer() :: skip fi;
        run Monitor()
    }
}
