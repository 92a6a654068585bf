/*
 * Input: the interrupt handlers of both devices put keys into one ring, and one thread takes them
 * out. While the ring is full the serial port holds its bytes back. If keys are lost all the same,
 * a KEY_LOST in the ring marks the place, so that no line with a missing part is executed.
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
static unsigned ring_written, ring_read; /* only grow; the difference counts the keys */
static unsigned stops;                   /* control-C keys in the ring */
static bool lost;                        /* keys were lost behind the last one in the ring */
static bool serial_held;                 /* the serial port keeps its bytes until there is room */
/* After an overrun: bytes that were lost may belong between any of so many next bytes. */
static unsigned doubtful_bytes;
static struct wait_queue readers = {LIST_INITIALIZER(readers.waiters)};

static void (*poll_devices)(void); /* NULL: all devices interrupt */

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

/* Adds a key to the ring and wakes a reader; notes a loss if there is no room. input_lock held. */
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

/*
 * Counts a byte that came after an overrun. If a line ends while bytes are doubtful, it may be two
 * lines without what was between them: a KEY_LOST is added. input_lock held.
 */
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
    if (ring_room() < 4) { /* a byte may add a key and two KEY_LOST */
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

/* Takes the next key, or returns KEY_NONE. Lets the serial port go on. input_lock held. */
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

/* Polls the devices that cannot interrupt. Interrupts are off, as in an interrupt handler. */
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
