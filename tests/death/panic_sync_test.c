/*
 * Locks used wrongly: each use ends in a panic that names the lock. The rows of tests/matrix.py
 * hold the words; most of this is checked in the invariant build only.
 */
#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "sched/sync/mutex.h"
#include "sched/sync/semaphore.h"
#include "tests/support/threads.h"
#include "tests/test.h"

static struct mutex first = MUTEX(first, "first"), second = MUTEX(second, "second");
static struct spinlock left = SPINLOCK("left"), right = SPINLOCK("right");

TEST(PAN0050, "a mutex that its owner locks again is reported, instead of a deadlock", DEATH)
{
    mutex_lock(&first);
    mutex_lock(&first);
}

TEST(PAN0051, "a mutex that is unlocked by another thread than its owner is reported", DEATH)
{
    mutex_unlock(&first);
}

TEST(PAN0052, "a thread that ends while it owns a mutex is reported", DEATH)
{
    mutex_lock(&first);
    thread_exit(0);
}

static void take_both(struct mutex *one, struct mutex *other)
{
    mutex_lock(one);
    mutex_lock(other);
    mutex_unlock(other);
    mutex_unlock(one);
}

TEST(PAN0053, "two mutexes that are locked in both orders are reported before they can deadlock",
     DEATH)
{
    take_both(&first, &second);
    take_both(&second, &first);
}

TEST(PAN0054, "locking a mutex with a spinlock held is reported, whether it is free or not", DEATH)
{
    spin_lock(&left);
    mutex_lock(&first);
}

TEST(PAN0055, "waiting for a semaphore with interrupts off is reported, though it has a token",
     DEATH)
{
    static struct semaphore semaphore = SEMAPHORE(semaphore, 1);
    interrupts_disable();
    semaphore_down(&semaphore);
}

TEST(PAN0056, "two spinlocks that are taken in both orders are reported", DEATH)
{
    spin_lock(&left);
    spin_lock(&right);
    spin_unlock(&right);
    spin_unlock(&left);
    spin_lock(&right);
    spin_lock(&left);
}

TEST(PAN0057, "a spinlock that its holder takes again is reported, instead of a deadlock", DEATH)
{
    spin_lock(&left);
    spin_lock(&left);
}

TEST(PAN0058, "sleeping with a spinlock held is reported", DEATH)
{
    spin_lock(&left);
    ignore_result(thread_sleep_ns(1000000));
}

static void nothing(void *argument maybe_unused)
{
}

TEST(PAN0059, "a thread that is joined twice is reported", DEATH)
{
    struct thread *thread;
    if (thread_start("twice", nothing, NULL, &thread) == OK) {
        thread_join(thread);
        thread_join(thread);
    }
}
