/* See terminal.h. */
#include "user/console/terminal.h"

#include "lib/string.h"
#include "user/console/discipline.h"
#include "user/syscalls.h"

#define PROTOCOL_CONSOLE_SERVER
#define PROTOCOL_BYTES_SERVER
#include "user/bytes_protocol.h"
#include "user/console_protocol.h"

#define ROOM_LEAST 32 /* keys */

struct mutex terminal_lock;
static const struct terminal_port *port;

/* Guarded by the lock. */
static struct discipline discipline;
static struct {
    uint32_t reply; /* 0: nobody reads */
    bool is_stream; /* the reader wants bytes, not an event */
} reader;
static uint32_t interrupted; /* the notification for control-C; 0: none */
static uint64_t interrupts;  /* control-C without a line */
static bool keys_wait;       /* for room in the queue */

static void show(void *context maybe_unused, const char *text, size_t bytes)
{
    port->show(text, bytes);
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
    if (keys_wait && terminal_has_room()) {
        keys_wait = false;
        port->room_made();
    }
    return PROTOCOL_LATER;
}

static int64_t console_serve_line(struct protocol_request *request, const char *prompt,
                                  size_t prompt_bytes, uint64_t *event, uint64_t *count,
                                  char *text maybe_unused, size_t *text_bytes maybe_unused)
{
    char copy[DISCIPLINE_PROMPT_BYTES];
    int64_t error;

    if (port->room_made == NULL) {
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

    if (port->room_made == NULL) {
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

int64_t terminal_dispatch(struct protocol_request *request)
{
    int64_t status;

    mutex_lock(&terminal_lock);
    status = request->label >> 8 == CONSOLE_PROTOCOL ? console_dispatch(request)
                                                     : bytes_dispatch(request);
    mutex_unlock(&terminal_lock);
    return status;
}

bool terminal_has_room(void)
{
    bool has_room = discipline_room(&discipline) >= ROOM_LEAST;

    keys_wait = keys_wait || !has_room;
    return has_room;
}

void terminal_key(int key)
{
    discipline_key(&discipline, key);
}

void terminal_show(const char *text, size_t bytes)
{
    discipline_show(&discipline, text, bytes);
}

void terminal_init(const struct terminal_port *its_port)
{
    static const struct discipline_port own = {
        .write = show, .deliver = deliver, .interrupt = interrupt_signal};

    port = its_port;
    discipline_init(&discipline, &own);
}
