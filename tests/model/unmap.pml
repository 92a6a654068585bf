/*
 * One page of a thread's stack that the thread gives up and uses again, on two CPUs that cache its
 * translation: the protocol of `mm/stack/stack_pages.h:stack_unmap_begin`. Frames have identities
 * and bytes here; the gate and the magazines are in gate.pml. docs/model.md says what each property
 * means; model.py checks all of it.
 *
 * The thread may be preempted and migrate between any two steps. Words that it writes between the begin
 * and the end of unmapping belong to calls and interrupts that are over when unmapping ends, so it
 * may be lost then, but not before.
 *
 * Macros with a mistake for a name, like UNMAP_MAKES_HOLE, take one guard out.
 */
#define FRAMES 3
#define NONE 7 /* no frame */

/* The leaf entry of the page, `mm/stack/stack_entry.h:stack_page_state`. */
#define HOLE 0
#define MAPPED 1
#define UNMAPPING 2

/* Steps of unmapping. */
#define IDLE 0
#define BEGUN 1
#define ASKED 2

/* Never true. Which property an assertion belongs to is read from the one that it names. */
hidden byte bytes_lost, frame_stale;

byte entry = HOLE, frame = NONE; /* of the page */
byte leaving = NONE;             /* the frame that unmapping will free, if the entry does not name it */
bit owned[FRAMES];               /* frames of the stack */
byte bytes[FRAMES];              /* what is written in a frame; 0 in one that is handed out */
byte known[2] = NONE;            /* the frame that a CPU's TLB has for the page */
bit asked[2];                    /* `arch/x86_64/apic/shootdown.c:round_waiting` */
byte step = IDLE;
byte cpu;                        /* where the thread runs */
byte last;                       /* what it wrote last, or 0 if it has given that up */

/* A fault gets a frame: `mm/stack/stack_fault.c:pages_fill`. */
inline frame_get()
{
    if
    :: owned[0] == 0 -> frame = 0
    :: owned[1] == 0 -> frame = 1
    :: owned[2] == 0 -> frame = 2
    fi;
    owned[frame] = 1;
    bytes[frame] = 0;
    entry = MAPPED
}

inline fault()
{
    if
    :: entry == HOLE -> frame_get()
#ifdef RETURN_ANOTHER_FRAME
    :: entry == UNMAPPING -> leaving = frame; frame_get()
#else
    :: entry == UNMAPPING -> entry = MAPPED /* `mm/stack/stack_pages.c:stack_entry_return` */
#endif
    :: else
    fi
}

/* The CPU looks into its TLB, then at the entry, and faults. */
inline translate()
{
    if
    :: known[cpu] == NONE ->
        fault();
        known[cpu] = frame
    :: else
    fi;
    f = known[cpu];
    assert(frame_stale || owned[f])
}

/* Frees a frame: any CPU that may know it would be a mistake. */
inline frame_give(x)
{
    owned[x] = 0;
    bytes[x] = 0
}

proctype Thread()
{
    byte f;
    do
    ::  atomic { true -> translate(); bytes[f] = 1; last = 1 }
    ::  atomic { true -> translate(); bytes[f] = 2; last = 2 }
    ::  atomic { true -> translate(); assert(bytes_lost || last == 0 || bytes[f] == last) }
    ::  cpu = 1 - cpu /* preempted, and dispatched elsewhere */
    ::  atomic { /* `mm/stack/stack_trim.c:stack_trim_begin` */
            step == IDLE && entry == MAPPED ->
            step = BEGUN;
            last = 0;
#ifdef UNMAP_MAKES_HOLE
            leaving = frame;
            entry = HOLE;
#else
            entry = UNMAPPING;
#endif
            known[cpu] = NONE
        }
    ::  atomic { /* `mm/stack/stack_pages.c:stack_shootdown` */
            step == BEGUN ->
            step = ASKED;
#ifndef UNMAP_WITHOUT_SHOOTDOWN
            asked[0] = 1;
            asked[1] = 1
#endif
        }
    ::  atomic { /* `mm/stack/stack_pages.c:stack_unmap_end` */
            step == ASKED && !asked[0] && !asked[1] ->
            step = IDLE;
            if
            :: leaving != NONE -> frame_give(leaving); leaving = NONE
            :: leaving == NONE && entry == UNMAPPING -> entry = HOLE; frame_give(frame); last = 0
#ifdef UNMAP_TAKES_RETURNED
            :: leaving == NONE && entry == MAPPED -> entry = HOLE; frame_give(frame)
#endif
            :: else -> skip
            fi
        }
    od
}

/* A CPU by itself: it walks to the page ahead of any access, and answers a shootdown. */
proctype Cpu(byte c)
{
    do
    ::  atomic { entry == MAPPED && known[c] == NONE -> known[c] = frame }
    ::  atomic { asked[c] -> known[c] = NONE; asked[c] = 0 }
    od
}

init
{
    atomic {
        run Thread();
        run Cpu(0);
        run Cpu(1)
    }
}
