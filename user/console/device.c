/*
 * See device.h. One thread waits for all devices. It takes their bytes, shows what the kernel
 * writes, and draws the screen, a few rows at a time, so that clients wait for it only shortly.
 */
#include "user/console/device.h"

#include "lib/error.h"
#include "lib/escape_decoder.h"
#include "lib/string.h"
#include "user/console/display.h"
#include "user/console/handover.h"
#include "user/console/keyboard.h"
#include "user/console/terminal.h"
#include "user/lib/fatal.h"
#include "user/lib/message_buffer.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define BIT_INTERRUPT 1  /* of the device's notification */
#define BIT_ROOM      2  /* the queue of keys has room again */
#define BIT_TEXT      4  /* the kernel has text */
#define BIT_CHANGE    8  /* the monitor has taken the devices, or given them back */
#define BIT_DRAW      16 /* the screen is to be drawn */

#define KERNEL_TEXT_BYTES 2048

static uint32_t notification; /* of the device's thread */

/* Guarded by the terminal's lock. */
static bool has_uart, has_keyboard, has_display;
static bool monitor_has_it; /* the devices are not to be touched */
static struct escape_decoder decoder;

static void thread_wake(uint64_t bits)
{
    ignore_result(sys_notification_signal(notification, bits)); /* it is this program's */
}

void device_room_made(void)
{
    thread_wake(BIT_ROOM);
}

void device_show(const char *text, size_t bytes)
{
    if (has_uart && !monitor_has_it) { /* else it is lost, as on a terminal that is switched off */
        uart_send(text, bytes);
    }
    if (has_display && display_write(text, bytes)) {
        thread_wake(BIT_DRAW);
    }
}

static void key_take(int key)
{
    if (key == KEY_CONTROL(']') && handover_has_begun()) {
        monitor_has_it = true;
        handover_monitor();
    } else {
        terminal_key(key);
    }
}

/* Takes what the devices have, as long as there is room for it. */
static void bytes_take(void)
{
    uint8_t byte;
    int key;

    while (has_uart && !monitor_has_it && terminal_has_room() && uart_receive(&byte)) {
        key_take(escape_decode(&decoder, byte));
    }
    while (has_keyboard && !monitor_has_it && terminal_has_room() && keyboard_receive(&key)) {
        key_take(key);
    }
}

/* What the kernel wrote and was not shown yet: text comes in pieces, and lines are shown whole. */
static struct {
    size_t used;
    char text[KERNEL_TEXT_BYTES];
} kernel;

/* Shows the kernel's lines that are whole; `all`: the rest as well. */
static void kernel_lines_show(bool all)
{
    size_t bytes = kernel.used;

    while (!all && bytes > 0 && kernel.text[bytes - 1] != '\n') {
        bytes--;
    }
    if (bytes > 0) {
        terminal_show(kernel.text, bytes);
        kernel.used -= bytes;
        memmove(kernel.text, kernel.text + bytes, kernel.used);
    }
}

/* Sets the devices up after the monitor had them. */
static void devices_reclaim(void)
{
    if (has_uart) {
        uart_init();
    }
    keyboard_init(); /* keys were pressed and released meanwhile */
    if (has_display) {
        display_redraw();
    }
    terminal_show("\n", 1); /* and the line that is edited */
}

/* Takes what the kernel wrote, and looks who has the devices. */
static void kernel_text_take(void)
{
    bool had_it = monitor_has_it;
    int64_t bytes;

    while ((bytes = handover_text(kernel.text + kernel.used, KERNEL_TEXT_BYTES - kernel.used)) >
           0) {
        monitor_has_it = false;
        kernel.used += (size_t)bytes;
        kernel_lines_show(kernel.used == KERNEL_TEXT_BYTES);
    }
    if (bytes < 0 && bytes != ERROR_AGAIN) {
        fatal("the kernel's text: %s", error_name((int)bytes));
    }
    monitor_has_it = bytes == ERROR_AGAIN;
    if (had_it && !monitor_has_it) {
        devices_reclaim();
    }
}

/* Draws some of the screen; if that was not all, the thread comes back for the rest. */
static void screen_draw(void)
{
    if (!monitor_has_it && !display_draw_some()) {
        thread_wake(BIT_DRAW);
    }
}

/* The thread of the devices. */
static int device_serve(void *argument maybe_unused)
{
    static struct message_place place;
    uint64_t bits;

    message_place_set(&place); /* it answers clients */
    while (sys_notification_wait(notification, UINT64_MAX, &bits) == OK) {
        mutex_lock(&terminal_lock);
        if ((bits & (BIT_TEXT | BIT_CHANGE)) != 0) {
            kernel_text_take();
        }
        if ((bits & BIT_INTERRUPT) != 0 && has_uart && !monitor_has_it) {
            uart_acknowledge();
        }
        bytes_take();
        if (has_display && (bits & (BIT_DRAW | BIT_CHANGE)) != 0) {
            screen_draw();
        }
        mutex_unlock(&terminal_lock);
    }
    fatal("the device's thread ends");
}

/* Opens the devices that the kernel hands over. */
static int handed_over_open(const struct uart_place *place, const char **reason)
{
    struct console_devices devices;
    int64_t memory = ERROR_NOT_FOUND;
    int error = handover_begin(notification, BIT_TEXT, BIT_INTERRUPT, BIT_CHANGE);

    *reason = "taking the console over";
    if (error == OK) {
        memory = handover_describe(&devices);
        error = memory < 0 ? (int)memory : OK;
    }
    if (error == OK && memory != 0) {
        *reason = "the screen";
        error = display_open((uint32_t)memory, &devices.display);
        has_display = error == OK;
    }
    if (error == OK && devices.has_keyboard) {
        *reason = "the keyboard";
        error = keyboard_open();
        has_keyboard = error == OK;
    }
    if (error == OK && devices.has_serial) {
        error = uart_open(place, reason);
        has_uart = error == OK;
    }
    return error;
}

/* Opens the devices of a place. */
static int devices_open(const struct uart_place *place, const char **reason)
{
    int error;

    if (string_equal(place->name, "com1")) {
        error = handed_over_open(place, reason);
    } else {
        error = uart_open(place, reason);
        if (error == OK) {
            *reason = "the interrupt object";
            error = uart_interrupts_open(notification, BIT_INTERRUPT);
        }
        has_uart = error == OK;
    }
    if (has_uart) {
        uart_init();
    }
    return error;
}

void device_begin(const struct uart_place *place)
{
    const char *reason = "a notification";
    int64_t made = sys_notification_create();
    struct thread thread;
    int error = made < 0 ? (int)made : OK;

    notification = (uint32_t)made;
    if (error == OK) {
        error = devices_open(place, &reason);
    }
    if (error == OK) {
        reason = "a thread for the devices";
        error = thread_create(&thread, device_serve, NULL, NULL);
    }
    if (error != OK) {
        fatal("%s: %s: %s", place->name, reason, error_name(error));
    }
    thread_wake(BIT_ROOM | BIT_DRAW); /* bytes may have come before */
}
