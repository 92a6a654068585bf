/*
 * Input: the interrupt handlers of both devices put keys into one ring, and one thread takes them
 * out. While the ring is full the serial port holds its bytes back. Keys that are lost all the same
 * leave a KEY_LOST in the ring, so that no line is executed of which a part is missing.
 */
#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/dev/serial.h"
#include "kernel/console/console.h"
#include "lib/error.h"
#include "lib/escape_decoder.h"
#include "sched/core/wait_queue.h"

#define RING_KEYS      1024 /* a power of two: several pasted lines fit */
#define POLL_PERIOD_NS 10000000

static struct spinlock input_lock = SPINLOCK("console input");

/* Guarded by input_lock. */
static struct escape_decoder serial_decoder;
static uint16_t ring[RING_KEYS];
static unsigned ring_written, ring_read; /* only grow; their difference is what is inside */
static unsigned stops;                   /* how many control-C are inside */
static bool lost;                        /* keys were lost behind the last one inside */
static bool serial_held;                 /* the serial port keeps its bytes until there is room */
static unsigned
    doubtful_bytes; /* of the next so many serial bytes, some may have been lost between */
static struct wait_queue readers = {LIST_INITIALIZER(readers.waiters)};

static void (*poll_devices)(void); /* null: all of them interrupt */

static unsigned ring_room(void)
{
    return RING_KEYS - (ring_written - ring_read);
}

static void ring_add(int key)
{
    stops += key == KEY_CONTROL('C');
    ring[ring_written++ % RING_KEYS] = (uint16_t)key;
}

/* Notes the loss as soon as there is room for that and for a key behind it. input_lock held. */
static void lost_note(void)
{
    if (lost && ring_room() >= 2) {
        ring_add(KEY_LOST);
        lost = false;
    }
}

/* input_lock held. */
static void key_put(int key)
{
    if (key == KEY_NONE) {
        return;
    }
    lost_note();
    if (lost || ring_room() == 0) {
        lost = true;
        return;
    }
    ring_add(key);
    wait_queue_wake_one(&readers);
}

/* A line that ends before the doubt does may be two that were joined. input_lock held. */
static void doubtful_byte_note(uint8_t byte)
{
    if (doubtful_bytes != 0 && (--doubtful_bytes == 0 || byte == '\r' || byte == '\n')) {
        key_put(KEY_LOST);
    }
}

void console_serial_received(uint8_t byte)
{
    uint64_t flags = spin_lock_irq_save(&input_lock);
    doubtful_byte_note(byte);
    key_put(escape_decode(&serial_decoder, byte));
    if (ring_room() < 4) { /* a byte may bring a key and two notes of a loss */
        serial_held = true;
        serial_input_hold();
    }
    spin_unlock_irq_restore(&input_lock, flags);
}

void console_serial_overrun(void)
{
    uint64_t flags = spin_lock_irq_save(&input_lock);
    key_put(KEY_LOST);
    doubtful_bytes = SERIAL_FIFO_BYTES + 1;
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
    if (ring_read == ring_written) {
        return KEY_NONE;
    }
    int key = ring[ring_read++ % RING_KEYS];
    stops -= key == KEY_CONTROL('C');
    lost_note();
    if (serial_held && ring_room() >= RING_KEYS / 2) {
        serial_held = false;
        serial_input_resume();
    }
    return key;
}

int console_try_read_key(void)
{
    uint64_t flags = spin_lock_irq_save(&input_lock);
    int key = key_take();
    spin_unlock_irq_restore(&input_lock, flags);
    return key;
}

bool console_key_waits(void)
{
    return __atomic_load_n(&ring_written, __ATOMIC_RELAXED) !=
           __atomic_load_n(&ring_read, __ATOMIC_RELAXED);
}

/* Takes the first control-C out and moves the keys before it up by one. input_lock held. */
static void stop_take(void)
{
    unsigned at = ring_read;
    while (ring[at % RING_KEYS] != KEY_CONTROL('C')) {
        at++;
    }
    for (; at != ring_read; at--) {
        ring[at % RING_KEYS] = ring[(at - 1) % RING_KEYS];
    }
    ring[at % RING_KEYS] = KEY_CONTROL('C');
    (void)key_take();
}

bool console_try_read_stop(void)
{
    if (likely(__atomic_load_n(&stops, __ATOMIC_RELAXED) == 0)) {
        return false;
    }
    uint64_t flags = spin_lock_irq_save(&input_lock);
    bool found = stops != 0;
    if (found) {
        stop_take();
    }
    spin_unlock_irq_restore(&input_lock, flags);
    return found;
}

void console_poll_set(void (*poll)(void))
{
    poll_devices = poll;
}

/* Serves the devices that cannot interrupt with interrupts off, as their handlers do. */
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
