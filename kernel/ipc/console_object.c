/* See console_object.h. Lock order: the console object, notification, timeouts, run queue. */
#include "kernel/ipc/console_object.h"

#include "arch/x86_64/cpu/spinlock.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"

static struct spinlock lock = SPINLOCK("console object");
static struct console_object *current; /* under `lock` */

void console_object_tell(enum console_handover_event event)
{
    uint64_t flags = spin_lock_irq_save(&lock);
    if (current != NULL) {
        notification_signal(current->notification, current->bits[event]);
    }
    spin_unlock_irq_restore(&lock, flags);
}

static void current_set(struct console_object *console)
{
    uint64_t flags = spin_lock_irq_save(&lock);
    current = console;
    spin_unlock_irq_restore(&lock, flags);
}

static struct console_object *console_of(struct object *object)
{
    return container_of(object, struct console_object, object);
}

/* Inlined to save stack: the release of one object may lead to the release of others. */
static always_inline void give_back(struct console_object *console)
{
    current_set(NULL);
    console_handover_end();
    notification_unbind(console->notification);
    console->notification = NULL;
}

void console_object_end(struct console_object *console)
{
    if (console->notification != NULL) {
        give_back(console);
    }
}

static void console_closed(struct object *object, unsigned rights maybe_unused, bool last)
{
    if (last) {
        give_back(console_of(object)); /* this comes once: handles are made only from handles */
    }
}

static void console_destroy(struct object *object)
{
    kfree(console_of(object));
}

static const struct object_operations console_operations = {.closed = console_closed,
                                                            .destroy = console_destroy};

int console_object_create(struct notification *notification, uint64_t text, uint64_t interrupt,
                          uint64_t change, struct console_object **out)
{
    void *memory;
    int error = kzalloc(sizeof(struct console_object), &memory);
    if (error != OK) {
        return error;
    }
    error = console_handover_begin();
    if (error != OK) {
        kfree(memory);
        return error;
    }
    struct console_object *console = memory;
    object_init(&console->object, OBJECT_CONSOLE, &console_operations);
    console->notification = notification;
    console->bits[CONSOLE_HANDOVER_TEXT] = text;
    console->bits[CONSOLE_HANDOVER_INTERRUPT] = interrupt;
    console->bits[CONSOLE_HANDOVER_CHANGE] = change;
    notification_bind(notification);
    current_set(console);
    /* Text that came between the hand-over and now was told to nobody. */
    console_object_tell(CONSOLE_HANDOVER_TEXT);
    *out = console;
    return OK;
}
