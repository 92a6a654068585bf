/* Constants that the direct paths share with C: message_offsets.inc. See asm_constants.h. */
#include "arch/x86_64/cpu/asm_constants.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/ipc/notification.h"
#include "kernel/object/handle_table.h"
#include "kernel/syscall_list.h"
#include "kernel/task/user_thread.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_use.h"
#include "sched/core/run_queue.h"
#include "sched/stack/handoff.h"

/* The entry of a handle to an endpoint with this right, in the low half of handle_entry.check. */
#define ENTRY_MATCH(right) (CHECK_OPEN | OBJECT_ENDPOINT << CHECK_TYPE_SHIFT | (right))

static_assert(offsetof(struct user_thread, context) == 0, "user_context leads to both");
static_assert(offsetof(struct endpoint, object) == 0 && offsetof(struct notification, object) == 0,
              "a handle's object is the endpoint, or the notification");
static_assert(sizeof(struct handle_entry) == 32 && HANDLE_CHUNK_ENTRIES == 64 &&
                  sizeof(struct list) == 16,
              "message_direct.asm multiplies by shifts");
static_assert(offsetof(struct endpoint, callers.bits) ==
                  offsetof(struct endpoint, callers_gone) + 4,
              "message_direct.asm compares flags and bits at once");

static_assert(offsetof(struct ipc_handoff, stack) == 0, "thread.stack_saved leads to both");
static_assert(offsetof(struct thread, stack_pins) ==
                      offsetof(struct thread, stack_reservations) + 1 &&
                  offsetof(struct thread, pending) == offsetof(struct thread, state) + 2,
              "message_given.asm compares bytes at once");

void message_offsets(void);

void message_offsets(void)
{
    DEFINE("LOCK_NEXT", offsetof(struct spinlock, next));
    DEFINE("LOCK_SERVING", offsetof(struct spinlock, serving));
    DEFINE("LIST_NEXT", offsetof(struct list_node, next));
    DEFINE("LIST_PREVIOUS", offsetof(struct list_node, previous));

    DEFINE("TABLE_LOCK", offsetof(struct handle_table, lock));
    DEFINE("TABLE_ENTRIES", offsetof(struct handle_table, entries));
    DEFINE("TABLE_CLOSES", offsetof(struct handle_table, closes));
    DEFINE("TABLE_CHUNKS", offsetof(struct handle_table, chunks));
    DEFINE("HANDLES_MAX", HANDLES_MAX);
    DEFINE("HANDLE_INDEX_BITS", HANDLE_INDEX_BITS);
    DEFINE("ENTRY_CHECK", offsetof(struct handle_entry, check));
    DEFINE("ENTRY_OBJECT", offsetof(struct handle_entry, object));
    DEFINE("ENTRY_BADGE", offsetof(struct handle_entry, badge));
    DEFINE("ENTRY_SENDER", ENTRY_MATCH(RIGHT_SEND));
    DEFINE("ENTRY_SENDER_MASK", CHECK_OPEN | CHECK_TYPE_MASK | RIGHT_SEND);

    DEFINE("ENDPOINT_LOCK", offsetof(struct endpoint, lock));
    DEFINE("ENDPOINT_RECEIVERS_BITS", offsetof(struct endpoint, receivers.bits));
    DEFINE("ENDPOINT_RECEIVERS_LISTS", offsetof(struct endpoint, receivers.lists));
    DEFINE("ENDPOINT_SERVER", offsetof(struct endpoint, server));
    DEFINE("ENDPOINT_GONE", offsetof(struct endpoint, callers_gone));

    DEFINE("USER_IPC", offsetof(struct user_thread, ipc));
    DEFINE("USER_REFERENCES", offsetof(struct user_thread, object.references));
    DEFINE("USER_SPECIAL", offsetof(struct user_thread, context.special));
    DEFINE("USER_HAZARDS", offsetof(struct user_thread, context.hazards)); /* and `special` */
    DEFINE("USER_TABLES", offsetof(struct user_thread, context.tables));
    DEFINE("USER_FRAME_ROOM", USER_FRAME_ROOM);
    DEFINE("USER_STACK_TOP", offsetof(struct user_thread, context.stack_top));
    DEFINE("IPC_LOCK", offsetof(struct ipc_state, lock));
    DEFINE("IPC_PHASE", offsetof(struct ipc_state, phase));
    DEFINE("IPC_CALL", offsetof(struct ipc_state, call));
    DEFINE("IPC_NODE", offsetof(struct ipc_state, node));
    DEFINE("IPC_QUEUED_AT", offsetof(struct ipc_state, queued_at));
    DEFINE("IPC_HOLDS", offsetof(struct ipc_state, holds));
    DEFINE("IPC_THREAD", offsetof(struct ipc_state, thread));
    DEFINE("IPC_ANSWERER", offsetof(struct ipc_state, answerer));
    DEFINE("IPC_ENDPOINT", offsetof(struct ipc_state, endpoint));
    DEFINE("IPC_RECEIVE_HANDLE", offsetof(struct ipc_state, receive_handle));
    DEFINE("IPC_RECEIVE_CLOSES", offsetof(struct ipc_state, receive_closes));
    DEFINE("IPC_RIGHT_CALLER", offsetof(struct ipc_state, right.caller));
    DEFINE("IPC_RIGHT_CALL", offsetof(struct ipc_state, right.call));
    DEFINE("IPC_HANDLES", offsetof(struct ipc_state, handles));
    DEFINE("IPC_HANDOFF", offsetof(struct ipc_state, handoff));
    DEFINE("HANDOFF_RBX", offsetof(struct stack_handoff, rbx));
    DEFINE("HANDOFF_RBP", offsetof(struct stack_handoff, rbp));
    DEFINE("HANDOFF_R14", offsetof(struct stack_handoff, r14));
    DEFINE("HANDOFF_R15", offsetof(struct stack_handoff, r15));
    DEFINE("HANDOFF_RIP", offsetof(struct stack_handoff, rip));
    DEFINE("HANDOFF_RFLAGS", offsetof(struct stack_handoff, rflags));
    DEFINE("HANDOFF_RSP", offsetof(struct stack_handoff, rsp));
    DEFINE("HANDOFF_CONTINUATION", offsetof(struct stack_handoff, continuation));
    DEFINE("HANDOFF_TIMED", offsetof(struct ipc_handoff, timed));
    DEFINE("HANDOFF_EXCHANGED", offsetof(struct handoff_counts, exchanged));
    DEFINE("PHASE_IDLE", IPC_IDLE);
    DEFINE("PHASE_AWAITS_REPLY", IPC_AWAITS_REPLY);
    DEFINE("PHASE_RECEIVING", IPC_RECEIVING);

    DEFINE("QUEUE_LOCK", offsetof(struct run_queue, lock));
    DEFINE("QUEUE_READY", offsetof(struct run_queue, ready_bits));
    DEFINE("QUEUE_CURRENT", offsetof(struct run_queue, current));
    DEFINE("QUEUE_SWITCHES", offsetof(struct run_queue, switches));
    DEFINE("QUEUE_SLEEPER_WORD", offsetof(struct run_queue, sleeper_word));
    DEFINE("THREAD_SAVED_RSP", offsetof(struct thread, saved_rsp));
    DEFINE("THREAD_HOLE", offsetof(struct thread, stack_hole));
    DEFINE("THREAD_STACK_SAVED", offsetof(struct thread, stack_saved));
    DEFINE("THREAD_SLOT", offsetof(struct thread, slot));
    DEFINE("THREAD_PENDING", offsetof(struct thread, pending));
    DEFINE("THREAD_RESERVATIONS", offsetof(struct thread, stack_reservations));
    DEFINE("THREAD_STATE", offsetof(struct thread, state));
    DEFINE("THREAD_INHERITED", offsetof(struct thread, inherited[THREAD_INHERIT_CALL]));
    DEFINE("THREAD_PRIORITY", offsetof(struct thread, priority));
    DEFINE("THREAD_SLICE", offsetof(struct thread, slice_ticks));
    DEFINE("THREAD_KILL_WANTED", offsetof(struct thread, kill_wanted));
    DEFINE("STATE_BLOCKED", THREAD_BLOCKED);
    DEFINE("HANDED_BITS", HANDED_BITS);
    DEFINE("PENDING_PAGES", THREAD_PENDING_PAGES);
    DEFINE("STATE_RUNNING", THREAD_RUNNING);
    DEFINE("STACK_USE_CURRENT", offsetof(struct stack_use, current_hole));
    DEFINE("STACK_USE_NEXT", offsetof(struct stack_use, next_hole));
    DEFINE("MAGAZINE_TAKEN", offsetof(struct magazine, taken));

    DEFINE("TABLES_ROOT", offsetof(struct user_tables, root));
    DEFINE("TABLES_CPUS", offsetof(struct user_tables, cpus));
    DEFINE("TABLES_WAITING", offsetof(struct user_tables, waiting));

    DEFINE("USER_WAITS_OBJECT", offsetof(struct user_thread, waits.object));
    DEFINE("USER_WAITS_HANDLE", offsetof(struct user_thread, waits.handle));
    DEFINE("USER_WAITS_CLOSES", offsetof(struct user_thread, waits.closes));
    DEFINE("NOTIFICATION_LOCK", offsetof(struct notification, lock));
    DEFINE("NOTIFICATION_BITS", offsetof(struct notification, bits));
    DEFINE("NOTIFICATION_OVER", offsetof(struct notification, over));
    DEFINE("NOTIFICATION_WAITERS", offsetof(struct notification, queue.waiters.head));
    DEFINE("QUEUE_LISTS", offsetof(struct run_queue, lists));
    DEFINE("QUEUE_RUNNABLE", offsetof(struct run_queue, runnable));
    DEFINE("THREAD_RUN_NODE", offsetof(struct thread, run_node));
    DEFINE("THREAD_WAIT_NODE", offsetof(struct thread, wait.node));
    DEFINE("THREAD_USER", offsetof(struct thread, user));

    DEFINE("TAG_NOT_LABEL", ~MESSAGE_TAG_LABEL_MASK);
    DEFINE("NUMBER_CALL", SYSCALL_ipc_call);
    DEFINE("NUMBER_REPLY_RECEIVE", SYSCALL_ipc_reply_receive);
    DEFINE("NUMBER_NOTIFICATION_WAIT", SYSCALL_notification_wait);
#ifdef INVARIANT
    DEFINE("INVARIANT_BUILD", 1);
    DEFINE("THREAD_DEPTH_SECTIONS", offsetof(struct thread, depth_sections));
#else
    DEFINE("INVARIANT_BUILD", 0);
#endif
}
