/*
 * Input: the interrupt handlers of both devices put keys into one ring, and one thread takes them
 * out. Keys that come while the ring is full are dropped.
 */
#include "arch/x86_64/spinlock.h"
#include "kernel/console.h"
#include "kernel/escape_decoder.h"

#define RING_KEYS 256 /* a power of two: a pasted line fits */

static struct spinlock input_lock = SPINLOCK("console input");

/* Guarded by input_lock. */
static struct escape_decoder serial_decoder;
static uint16_t ring[RING_KEYS];
static unsigned ring_written, ring_taken; /* only grow; their difference is what is inside */

/* input_lock held. */
static void key_put(int key)
{
    if (key != KEY_NONE && ring_written - ring_taken < RING_KEYS) {
        ring[ring_written++ % RING_KEYS] = (uint16_t)key;
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

int console_try_read_key(void)
{
    uint64_t flags = spin_lock_irq_save(&input_lock);
    int key = ring_taken != ring_written ? ring[ring_taken++ % RING_KEYS] : KEY_NONE;
    spin_unlock_irq_restore(&input_lock, flags);
    return key;
}

int console_read_key(void)
{
    int key;
    while ((key = console_try_read_key()) == KEY_NONE) {
        cpu_wait_for_interrupt();
    }
    return key;
}
