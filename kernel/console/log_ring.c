/*
 * Two rings: one of text, and one of records, which say where the text of each line is. Positions
 * only grow, so the position of a record shows whether its text has been overwritten.
 */
#include "kernel/console/log_ring.h"

#include "arch/x86_64/cpu/spinlock.h"
#include "arch/x86_64/time/clock.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"

#define TEXT_BYTES   32768 /* a power of two, as RECORDS is */
#define RECORDS      512
#define LINE_LENGTH  240 /* with the terminator; longer lines are cut */
#define STAMP_LENGTH 32

struct log_record {
    uint64_t time_ns;
    uint64_t start; /* position of the text */
    uint16_t bytes;
    uint8_t level;
};

static struct spinlock log_lock = SPINLOCK("log");

/* Guarded by log_lock. */
static char text_ring[TEXT_BYTES];
static struct log_record records[RECORDS];
static uint64_t text_written, records_written;

static enum log_level level_shown = LOG_INFO;

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

static const enum console_style level_styles[] = {[LOG_ERROR] = CONSOLE_ERROR,
                                                  [LOG_WARN] = CONSOLE_WARNING,
                                                  [LOG_INFO] = CONSOLE_PLAIN,
                                                  [LOG_DEBUG] = CONSOLE_DIM};

/* Formats the time that stands before each line. Returns its length. */
static size_t stamp_format(char stamp[STAMP_LENGTH], uint64_t time_ns)
{
    return format_string(stamp, STAMP_LENGTH, "[%4lu.%06lu] ", (time_ns / 1000000000),
                         (time_ns / 1000 % 1000000));
}

/*
 * Queues a line for the console. log_lock is held, so that the times on the console never decrease.
 */
static void line_show(enum log_level level, uint64_t time_ns, const char *line)
{
    char stamp[STAMP_LENGTH];
    stamp_format(stamp, time_ns);
    console_queue_styled(level_styles[level], "%s%s\n", stamp, line);
}

/* Adds a line to the rings. log_lock held. */
static void line_keep(enum log_level level, uint64_t time_ns, const char *line, size_t bytes)
{
    records[records_written++ % RECORDS] = (struct log_record){
        .time_ns = time_ns, .start = text_written, .bytes = (uint16_t)bytes, .level = level};
    for (size_t i = 0; i < bytes; i++) {
        text_ring[text_written++ % TEXT_BYTES] = line[i];
    }
}

/*
 * Replaces control characters: text from the command line or firmware must not control the
 * terminal.
 */
static void line_tame(char *line, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (line[i] < ' ' || line[i] > '~') {
            line[i] = '?';
        }
    }
}

void log_handle(enum log_level level, const char *format, va_list arguments)
{
    char line[LINE_LENGTH];
    size_t bytes = format_string_list(line, sizeof(line), format, arguments);
    bytes = bytes < sizeof(line) ? bytes : sizeof(line) - 1;
    line_tame(line, bytes);
    console_room_make();
    uint64_t flags = spin_lock_irq_save(&log_lock);
    uint64_t now_ns = clock_now_ns();
    line_keep(level, now_ns, line, bytes);
    if (level <= level_shown) {
        line_show(level, now_ns, line);
    }
    spin_unlock_irq_restore(&log_lock, flags);
    console_flush();
}

void log_level_set(enum log_level level)
{
    level_shown = level;
}

int log_level_parse(const char *text, enum log_level *level)
{
    for (unsigned i = 0; i < array_length(level_names); i++) {
        if (string_equal(text, level_names[i])) {
            *level = (enum log_level)i;
            return OK;
        }
    }
    return ERROR_INVALID;
}

enum console_style log_level_style(enum log_level level)
{
    return level_styles[level];
}

/* Copies the text of line number `index`. Returns false if the ring has overwritten it. */
static bool line_copy(uint64_t index, struct log_record *record, char *line)
{
    uint64_t flags = spin_lock_irq_save(&log_lock);
    *record = records[index % RECORDS];
    bool kept = records_written - index <= RECORDS && text_written - record->start <= TEXT_BYTES;
    size_t stamp = kept ? stamp_format(line, record->time_ns) : 0;
    for (size_t i = 0; kept && i < record->bytes; i++) {
        line[stamp + i] = text_ring[(record->start + i) % TEXT_BYTES];
    }
    line[kept ? stamp + record->bytes : 0] = '\0';
    spin_unlock_irq_restore(&log_lock, flags);
    return kept;
}

uint64_t log_lines_written(void)
{
    return __atomic_load_n(&records_written, __ATOMIC_RELAXED);
}

size_t log_copy(uint64_t *from, char *to, size_t bytes, uint64_t *lost)
{
    char line[STAMP_LENGTH + LINE_LENGTH];
    struct log_record record;
    uint64_t end = log_lines_written(), kept = end > RECORDS ? end - RECORDS : 0;
    size_t used = 0;

    *lost = *from < kept ? kept - *from : 0;
    *from = *from < kept ? kept : *from;
    for (; *from < end; ++*from) {
        if (!line_copy(*from, &record, line)) {
            ++*lost;
            continue;
        }
        size_t length = strlen(line);
        if (length + 1 > bytes - used) {
            break;
        }
        memcpy(to + used, line, length);
        used += length;
        to[used++] = '\n';
    }
    return used;
}

void log_each(enum log_level level, void (*show)(void *, enum log_level, const char *),
              void *context)
{
    char line[STAMP_LENGTH + LINE_LENGTH];
    struct log_record record;
    uint64_t end = __atomic_load_n(&records_written, __ATOMIC_RELAXED);
    for (uint64_t index = end > RECORDS ? end - RECORDS : 0; index < end; index++) {
        if (line_copy(index, &record, line) && record.level <= level) {
            show(context, record.level, line);
        }
    }
}
