/* See user_thread_stop.h. Lock order: a thread's lock, the scheduler's locks. */
#include "kernel/task/user_thread_stop.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/user_registers.h"
#include "arch/x86_64/entry/vectors.h"
#include "lib/error.h"

/*
 * Notes the suspension. If the thread runs in user mode on some CPU, an interrupt takes it out of
 * there. The lock is held.
 */
static void suspension_begin(struct user_thread *user)
{
    user->suspended = true;
    __atomic_or_fetch(&user->context.hazards, USER_HAZARD_SUSPEND, __ATOMIC_SEQ_CST);
    if (user->thread != NULL && user->stopped_frame == NULL) {
        lapic_send(user->thread->cpu, VECTOR_RESCHEDULE);
    }
}

int user_thread_suspend(struct user_thread *user, uint64_t timeout_ns)
{
    int error = OK;
    uint64_t deadline_ns = wait_deadline(timeout_ns);
    uint64_t flags = spin_lock_irq_save(&user->lock);
    if (!user->ended) {
        suspension_begin(user);
    }
    while (error == OK && user->started && !user->ended && user->suspended &&
           user->stopped_frame == NULL && user != thread_user()) {
        error = wait_queue_sleep_until(&user->waiters, &user->lock, deadline_ns);
    }
    if (user->ended) {
        error = ERROR_PEER_DIED;
    }
    spin_unlock_irq_restore(&user->lock, flags);
    return error;
}

void user_thread_resume(struct user_thread *user)
{
    uint64_t flags = spin_lock_irq_save(&user->lock);
    user->suspended = false;
    wait_queue_wake_all(&user->resumed); /* the thread itself, at most */
    wait_queue_wake_all_in_steps(&user->waiters, &user->lock, flags);
    spin_unlock_irq_restore(&user->lock, flags);
}

/* Says whether the registers of a thread may be touched. The lock is held. */
static must_check int registers_check(const struct user_thread *user)
{
    if (user->ended) {
        return ERROR_PEER_DIED;
    }
    return user->stopped_frame != NULL ? OK : ERROR_AGAIN;
}

int user_thread_registers_read(struct user_thread *user, struct thread_registers *registers)
{
    uint64_t flags = spin_lock_irq_save(&user->lock);
    int error = registers_check(user);
    if (error == OK) {
        user_registers_read(user->stopped_frame, registers);
        registers->fs_base = user->context.fs_base;
    }
    spin_unlock_irq_restore(&user->lock, flags);
    return error;
}

int user_thread_registers_write(struct user_thread *user, const struct thread_registers *registers)
{
    uint64_t flags = spin_lock_irq_save(&user->lock);
    int error = registers_check(user);
    if (error == OK) {
        error = user_registers_write(user->stopped_frame, registers);
    }
    if (error == OK) {
        user_context_fs_set(&user->context, registers->fs_base);
    }
    spin_unlock_irq_restore(&user->lock, flags);
    return error;
}

void user_thread_stopped_begin(struct user_thread *self, struct trap_frame *frame)
{
    thread_stack_pin();
    uint64_t flags = spin_lock_irq_save(&self->lock);
    self->stopped_frame = frame;
    wait_queue_wake_all_in_steps(&self->waiters, &self->lock, flags);
    spin_unlock_irq_restore(&self->lock, flags);
}

void user_thread_stopped_end(struct user_thread *self)
{
    uint64_t flags = spin_lock_irq_save(&self->lock);
    self->stopped_frame = NULL;
    /*
     * A switch to the thread loads the FS base. But if it was woken before it left its CPU, there
     * was no switch.
     */
    msr_write(MSR_FS_BASE, self->context.fs_base);
    spin_unlock_irq_restore(&self->lock, flags);
    thread_stack_unpin();
}

/* Returns whether the thread is still to stop. If not, nothing asks for it any more. */
static must_check bool suspension_lasts(struct user_thread *self)
{
    uint64_t flags = spin_lock_irq_save(&self->lock);
    bool lasts = self->suspended;
    if (!lasts) {
        __atomic_and_fetch(&self->context.hazards, ~USER_HAZARD_SUSPEND, __ATOMIC_SEQ_CST);
    }
    spin_unlock_irq_restore(&self->lock, flags);
    return lasts;
}

void user_thread_stop(struct user_thread *self, struct trap_frame *frame)
{
    int error = OK;
    if (!suspension_lasts(self)) {
        return;
    }
    user_thread_stopped_begin(self, frame);
    uint64_t flags = spin_lock_irq_save(&self->lock);
    while (self->suspended && error == OK) {
        error = wait_queue_sleep(&self->resumed, &self->lock, WAIT_FOREVER);
    }
    spin_unlock_irq_restore(&self->lock, flags);
    user_thread_stopped_end(self);
    /* user_return() looks at the hazards again: it stops the thread again, or ends it if killed. */
}
