/*
 * The console server (user/protocol/console.h and bytes.h).
 *
 *   console com1        a terminal at the first serial port, which the kernel hands over; what the kernel
 *                       writes is shown between, and control-] gives the port to its monitor
 *   console com2        a terminal at the second serial port
 *   console log         no terminal: text goes to the kernel's log, and there is no input
 *
 * One thread serves the endpoint, another one the device. The line discipline between them is
 * guarded by a mutex.
 */
#include "lib/escape_decoder.h"
#include "lib/string.h"
#include "user/console/discipline.h"
#include "user/console/handover.h"
#include "user/console/uart.h"
#include "user/lib/fatal.h"
#include "user/lib/message_buffer.h"
#include "user/lib/mutex.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/thread.h"
#include "user/syscalls.h"

#define PROTOCOL_CONSOLE_SERVER
#define PROTOCOL_BYTES_SERVER
#include "user/bytes_protocol.h"
#include "user/console_protocol.h"

#define BIT_INTERRUPT 1 /* of the device's notification */
#define BIT_ROOM      2 /* the queue of keys has room again */
#define BIT_TEXT      4 /* the kernel has text */
#define BIT_CHANGE    8 /* the monitor has taken the port, or given it back */
#define ROOM_LEAST    32

#define KERNEL_TEXT_BYTES 2048

static struct mutex lock;
static bool has_device; /* false: the log is the terminal */

/* Guarded by the lock. */
static struct discipline discipline;
static struct {
    uint32_t reply; /* 0: nobody reads */
    bool is_stream; /* the reader wants bytes, not an event */
} reader;
static uint32_t interrupted; /* the notification for control-C; 0: none */
static uint64_t interrupts;  /* control-C without a line */
static bool monitor_has_it;  /* the port is not to be touched */
static bool device_waits;    /* for room in the queue */

static uint32_t notification; /* of the device's thread */

/* Text without a terminal: complete lines go to the log. */
static void log_show(const char *text, size_t bytes)
{
    static char line[128];
    static unsigned used;

    for (size_t i = 0; i < bytes; i++) {
        if (text[i] != '\n') {
            line[used++] = text[i];
        }
        if (text[i] == '\n' || used == sizeof(line)) {
            printf("%.*s", (int)used, line);
            used = 0;
        }
    }
}

static void show(void *context maybe_unused, const char *text, size_t bytes)
{
    if (!has_device) {
        log_show(text, bytes);
    } else if (!monitor_has_it) { /* else it is lost, as on a terminal that is switched off */
        uart_send(text, bytes);
    }
}

static void interrupt_signal(void *context maybe_unused)
{
    interrupts++;
    if (interrupted != 0) {
        ignore_result(sys_notification_signal(interrupted, 1)); /* nobody may listen any more */
    }
}

/* Answers the reader with the line, as bytes. */
static void stream_answer(uint32_t reply, enum console_event event, const char *text, size_t bytes)
{
    uint8_t line[LINE_BYTES + 1];
    struct protocol_request answer = {.answer_bytes = line};

    if (event == CONSOLE_LINE) {
        memcpy(line, text, bytes);
        line[bytes] = '\n';
        answer.answer_byte_count = bytes + 1;
    }
    protocol_reply_later(reply, event == CONSOLE_CANCELLED ? ERROR_KILLED : OK, &answer);
    if (event == CONSOLE_CANCELLED) {
        interrupt_signal(NULL);
    }
}

/* The line that the reader waits for has ended. */
static void deliver(void *context maybe_unused, enum console_event event, const char *text,
                    size_t bytes)
{
    uint8_t copy[LINE_BYTES];
    struct protocol_request answer = {.answer = {event, interrupts}, .answer_bytes = copy};
    uint32_t reply = reader.reply;

    reader.reply = 0;
    if (reader.is_stream) {
        stream_answer(reply, event, text, bytes);
        return;
    }
    memcpy(copy, text, bytes);
    answer.answer_byte_count = bytes;
    protocol_reply_later(reply, OK, &answer);
}

/* Ends the wait of the reader that there is, which may have ended meanwhile. */
static void reader_dismiss(void)
{
    static const struct protocol_request nothing;

    if (reader.reply != 0) {
        protocol_reply_later(reader.reply, ERROR_BUSY, &nothing);
        reader.reply = 0;
    }
    discipline_abandon(&discipline);
}

/* Takes the right to answer the caller. Returns an error, or OK. */
static int64_t reader_set(bool is_stream)
{
    int64_t reply = sys_reply_take();

    if (reply < 0) {
        return reply;
    }
    reader.reply = (uint32_t)reply;
    reader.is_stream = is_stream;
    return OK;
}

/* What follows discipline_line() and discipline_complete(): the answer comes from deliver(). */
static int64_t reader_begun(int error)
{
    if (error != OK && reader.reply != 0) {
        static const struct protocol_request nothing;

        protocol_reply_later(reader.reply, error, &nothing);
        reader.reply = 0;
    }
    if (device_waits && discipline_room(&discipline) >= ROOM_LEAST) {
        device_waits = false;
        ignore_result(sys_notification_signal(notification, BIT_ROOM)); /* it is this program's */
    }
    return PROTOCOL_LATER;
}

static int64_t console_serve_line(struct protocol_request *request, const char *prompt,
                                  size_t prompt_bytes, uint64_t *event, uint64_t *count,
                                  char *text maybe_unused, size_t *text_bytes maybe_unused)
{
    char copy[DISCIPLINE_PROMPT_BYTES];
    int64_t error;

    if (!has_device) {
        *event = CONSOLE_END;
        *count = 0;
        return OK;
    }
    if (prompt_bytes > sizeof(copy)) {
        return ERROR_TOO_LONG;
    }
    memcpy(copy, prompt, prompt_bytes);
    reader_dismiss();
    error = reader_set(false);
    (void)request;
    return error != OK ? error : reader_begun(discipline_line(&discipline, copy, prompt_bytes));
}

static int64_t console_serve_complete(struct protocol_request *request maybe_unused,
                                      const char *candidates, size_t candidates_bytes,
                                      uint64_t *event maybe_unused, uint64_t *count maybe_unused,
                                      char *text maybe_unused, size_t *text_bytes maybe_unused)
{
    int64_t error;

    if (reader.reply != 0) {
        return ERROR_BUSY;
    }
    error = reader_set(false);
    return error != OK
               ? error
               : reader_begun(discipline_complete(&discipline, candidates, candidates_bytes));
}

static int64_t console_serve_interrupt(struct protocol_request *request, uint32_t given)
{
    if (interrupted != 0) {
        ignore_result(sys_handle_close(interrupted)); /* it is the server's own */
    }
    interrupted = given;
    request->handle = 0; /* it is kept */
    return OK;
}

static int64_t console_serve_interrupts(struct protocol_request *request maybe_unused,
                                        uint64_t *count)
{
    *count = interrupts;
    return OK;
}

static int64_t bytes_serve_read(struct protocol_request *request maybe_unused,
                                uint64_t at maybe_unused, uint64_t most, char *data maybe_unused,
                                size_t *data_bytes)
{
    int64_t error;

    if (!has_device) {
        *data_bytes = 0;
        return OK;
    }
    if (most < LINE_BYTES) {
        return ERROR_INVALID;
    }
    if (reader.reply != 0 || discipline.state != DISCIPLINE_IDLE) {
        return ERROR_BUSY;
    }
    error = reader_set(true);
    return error != OK ? error : reader_begun(discipline_line(&discipline, NULL, 0));
}

static int64_t bytes_serve_write(struct protocol_request *request maybe_unused,
                                 uint64_t at maybe_unused, const char *data, size_t data_bytes,
                                 uint64_t *written)
{
    discipline_show(&discipline, data, data_bytes);
    *written = data_bytes;
    return OK;
}

static int64_t dispatch(struct protocol_request *request)
{
    int64_t status;

    mutex_lock(&lock);
    status = request->label >> 8 == CONSOLE_PROTOCOL ? console_dispatch(request)
                                                     : bytes_dispatch(request);
    mutex_unlock(&lock);
    return status;
}

static void key_take(int key)
{
    if (key == KEY_CONTROL(']') && handover_has_begun()) {
        monitor_has_it = true;
        handover_monitor();
    } else {
        discipline_key(&discipline, key);
    }
}

/* Takes what the UART has. Returns false if the queue is full first. The lock is held. */
static bool bytes_take(struct escape_decoder *decoder)
{
    uint8_t byte;

    while (!monitor_has_it && discipline_room(&discipline) >= ROOM_LEAST) {
        if (!uart_receive(&byte)) {
            return true;
        }
        key_take(escape_decode(decoder, byte));
    }
    return monitor_has_it;
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
        discipline_show(&discipline, kernel.text, bytes);
        kernel.used -= bytes;
        memmove(kernel.text, kernel.text + bytes, kernel.used);
    }
}

/* Takes what the kernel wrote, and looks who has the port. The lock is held. */
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
    monitor_has_it = bytes == ERROR_AGAIN;
    if (had_it && !monitor_has_it) {
        uart_init();
        discipline_show(&discipline, "\n", 1); /* and the line that is edited */
    }
}

/* The thread of the device. */
static int device_serve(void *argument maybe_unused)
{
    static struct escape_decoder decoder;
    static struct message_place place;
    uint64_t bits;

    message_place_set(&place); /* it answers clients */
    while (sys_notification_wait(notification, UINT64_MAX, &bits) == OK) {
        mutex_lock(&lock);
        if ((bits & (BIT_TEXT | BIT_CHANGE)) != 0) {
            kernel_text_take();
        }
        if ((bits & BIT_INTERRUPT) != 0 && !monitor_has_it) {
            uart_acknowledge();
        }
        device_waits = !bytes_take(&decoder);
        mutex_unlock(&lock);
    }
    fatal("the device's thread ends");
}

/* Opens the port: the first one by the hand-over, another one by an interrupt object. */
static int device_open(const struct uart_place *place, const char **reason)
{
    bool is_first = string_equal(place->name, "com1");
    int error = OK;

    *reason = "taking the port over";
    if (is_first) {
        error = handover_begin(notification, BIT_TEXT, BIT_INTERRUPT, BIT_CHANGE);
    }
    if (error == OK) {
        error = uart_open(place, reason);
    }
    if (error == OK && !is_first) {
        *reason = "the interrupt object";
        error = uart_interrupts_open(notification, BIT_INTERRUPT);
    }
    if (error == OK) {
        uart_init();
    }
    return error;
}

static void device_begin(const struct uart_place *place)
{
    const char *reason = "a notification";
    int64_t made = sys_notification_create();
    struct thread thread;
    int error = made < 0 ? (int)made : OK;

    notification = (uint32_t)made;
    if (error == OK) {
        error = device_open(place, &reason);
    }
    if (error == OK) {
        has_device = true;
        reason = "a thread for the device";
        error = thread_create(&thread, device_serve, NULL, NULL);
    }
    if (error != OK) {
        fatal("%s: %s: %s", place->name, reason, error_name(error));
    }
    ignore_result(sys_notification_signal(notification, BIT_ROOM)); /* bytes may have come before */
}

int main(unsigned count, char **words)
{
    static const struct discipline_port port = {
        .write = show, .deliver = deliver, .interrupt = interrupt_signal};
    const struct uart_place *place = count == 2 ? uart_place_find(words[1]) : NULL;
    int error;

    if (place == NULL && (count != 2 || !string_equal(words[1], "log"))) {
        printf("usage: console com1|com2|log");
        return 2;
    }
    discipline_init(&discipline, &port);
    if (place != NULL) {
        device_begin(place);
    }
    error = protocol_serve(program_start.handles[PROGRAM_HANDLE_PARENT], dispatch);
    printf("it ends: %s", error_name(error));
    return error == ERROR_PEER_DIED ? 0 : 1;
}
