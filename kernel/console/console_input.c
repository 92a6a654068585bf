/*
 * Input: the interrupt handlers of both devices put keys into one ring, and one thread takes them
 * out. Keys that come while the ring is full are dropped.
 */
#include "arch/x86_64/cpu/spinlock.h"
#include "kernel/console/console.h"
#include "kernel/console/escape_decoder.h"
#include "lib/error.h"
#include "sched/core/wait_queue.h"

#define RING_KEYS      1024 /* a power of two: several pasted lines fit */
#define POLL_PERIOD_NS 10000000

static struct spinlock input_lock = SPINLOCK("console input");

/* Guarded by input_lock. */
static struct escape_decoder serial_decoder;
static uint16_t ring[RING_KEYS];
static unsigned ring_written, ring_standby; /* only grow; their difference is what is inside */
static struct wait_queue readers = {LIST_INITIALIZER(readers.waiters)};

static void (*poll_devices)(void); /* null: all of them interrupt */

/* input_lock held. */
static void key_put(int key)
{
    if (key != KEY_NONE && ring_written - ring_standby < RING_KEYS) {
        ring[ring_written++ % RING_KEYS] = (uint16_t)key;
        wait_queue_wake_one(&readers);
    }
}

void console_serial_received(uint8_t byte)
{
    uint64_t flags = spin_lock_irq_save(&input_lock);
    key_put(escape_decode(&serial_decoder, byte));
    spin_unlock_irq_restore(&input_lock, flags);
}

void console_key_received(int key)
{
    uint64_t flags = spin_lock_irq_save(&input_lock);
    key_put(key);
    spin_unlock_irq_restore(&input_lock, flags);
}

/* input_lock held. */
static int key_take(void)
{
    return ring_standby != ring_written ? ring[ring_standby++ % RING_KEYS] : KEY_NONE;
}

int console_try_read_key(void)
{
    uint64_t flags = spin_lock_irq_save(&input_lock);
    int key = key_take();
    spin_unlock_irq_restore(&input_lock, flags);
    return key;
}

void console_poll_set(void (*poll)(void))
{
    poll_devices = poll;
}

/* Some device cannot interrupt: looks after them with interrupts off, as their handlers do. */
static void devices_poll(void)
{
    uint64_t flags = interrupts_save();
    poll_devices();
    interrupts_restore(flags);
}

int console_read_key(void)
{
    int key, error = OK;
    do {
        if (poll_devices != NULL) {
            devices_poll();
        }
        uint64_t flags = spin_lock_irq_save(&input_lock);
        key = key_take();
        if (key == KEY_NONE) {
            error = wait_queue_sleep(&readers, &input_lock,
                                     poll_devices != NULL ? POLL_PERIOD_NS : WAIT_FOREVER);
            key = key_take();
        }
        spin_unlock_irq_restore(&input_lock, flags);
    } while (key == KEY_NONE && error != ERROR_KILLED);
    return key;
}
