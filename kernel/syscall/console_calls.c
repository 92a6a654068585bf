/* System calls of a console server: syscall_list.h describes them. */
#include "arch/x86_64/dev/keyboard.h"
#include "arch/x86_64/dev/serial.h"
#include "arch/x86_64/entry/user_copy.h"
#include "kernel/console/console_devices.h"
#include "kernel/ipc/console_object.h"
#include "kernel/object/object_memory.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

#define READ_BYTES 512 /* most bytes of one call */

static_assert(sizeof(struct console_devices) == 48, "the list of system calls says so");

int64_t call_console_take(uint64_t system, uint64_t notification, uint64_t text, uint64_t interrupt,
                          uint64_t change)
{
    struct object *object;
    struct console_object *console;
    int error = handle_find(caller_handles(), system, OBJECT_SYSTEM, RIGHT_WRITE, &object, NULL);
    if (error != OK) {
        return error;
    }
    object_release(object);
    error =
        handle_find(caller_handles(), notification, OBJECT_NOTIFICATION, RIGHT_SEND, &object, NULL);
    if (error != OK) {
        return error;
    }
    error = console_object_create(notification_of(object), text, interrupt, change, &console);
    object_release(object);
    if (error != OK) {
        return error;
    }
    object_acquire(&console->object);
    int64_t handle = caller_open(&console->object, RIGHTS_ALL, 0);
    if (handle < 0) {
        console_object_end(console);
    }
    object_release(&console->object);
    return handle;
}

/*
 * Copies text to the caller, and only then removes it from the ring: a copy that faults loses
 * nothing. If another thread has taken the text meanwhile, reads what follows.
 */
static int64_t text_read(uint64_t to, size_t bytes)
{
    char text[READ_BYTES];
    uint32_t place;
    int64_t result;
    int error;

    do {
        result = console_handover_peek(text, bytes < sizeof(text) ? bytes : sizeof(text), &place);
        error = result > 0 ? user_copy_out(to, text, (size_t)result) : OK;
    } while (result > 0 && error == OK && !console_handover_drop(place, (size_t)result));
    return error == OK ? result : error;
}

int64_t call_console_read(uint64_t handle, uint64_t to, uint64_t bytes)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_CONSOLE, RIGHT_READ, &object, NULL);
    if (error != OK) {
        return error;
    }
    int64_t result = text_read(to, bytes);
    object_release(object);
    return result;
}

/* Opens a handle to the memory of a display. */
static int64_t display_open(const struct framebuffer_info *display)
{
    physical_t first = align_down(display->address, PAGE_BYTES);
    physical_t end =
        align_up(display->address + (uint64_t)display->pitch_bytes * display->height, PAGE_BYTES);
    bool pixels = display->kind == FRAMEBUFFER_PIXELS;
    struct memory_object *memory;
    struct object *object;
    int error = memory_object_create_physical(first, end - first,
                                              pixels ? MEMORY_COMBINING : MEMORY_UNCACHED, &memory);
    if (error != OK) {
        return error;
    }
    error = object_memory_create(memory, &object);
    if (error != OK) {
        memory_object_release(memory);
        return error;
    }
    return caller_open(object, RIGHT_READ | RIGHT_WRITE, 0);
}

int64_t call_console_describe(uint64_t handle, uint64_t devices)
{
    struct console_devices found = {.display = *console_display(),
                                    .has_serial = serial_present(),
                                    .has_keyboard = keyboard_present()};
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_CONSOLE, RIGHT_READ, &object, NULL);
    if (error != OK) {
        return error;
    }
    object_release(object);
    found.display.address %= PAGE_BYTES;
    error = user_copy_out(devices, &found, sizeof(found));
    if (error != OK || found.display.kind == FRAMEBUFFER_NONE) {
        return error;
    }
    return display_open(console_display());
}
