/* The table of options: name, value, what it does; and the parser that goes by it. */
#include "kernel/options.h"

#include "arch/x86_64/cpu/log.h"
#include "arch/x86_64/cpu/percpu.h"
#include "kernel/console/log_ring.h"
#include "lib/error.h"
#include "lib/format.h"
#include "lib/number.h"
#include "lib/string.h"
#include "mm/stack/magazine.h"
#include "mm/stack/stack_reserve.h"
#include "sched/stack/swapper.h"

struct options options = {
    .stack = STACK_MODE_FAULT,
    .entry = ENTRY_MODE_BEST,
    .magazine_rounds = MAGAZINE_ROUNDS_DEFAULT,
    .reserve_frames = STACK_RESERVE_FRAMES_DEFAULT,
    .cached_stacks = STACK_CACHE_DEFAULT,
    .shrink_age_ms = SWAPPER_SHRINK_AGE_MS,
    .swap_age_ms = SWAPPER_SWAP_AGE_MS,
    .cpus = CPU_MAX,
    .panic = PANIC_HALT,
    .seed = 1,
};

struct option {
    const char *name;
    const char *value; /* for people */
    const char *help;
    int (*parse)(const char *value);
};

static must_check int number_set(const char *value, uint64_t least, uint64_t most, uint64_t *out)
{
    return number_parse_range(value, least, most, out);
}

static int parse_test(const char *value)
{
    return string_copy(options.test, sizeof(options.test), value);
}

static int parse_bench(const char *value)
{
    return string_copy(options.bench, sizeof(options.bench), value);
}

static int parse_stack(const char *value)
{
    if (strcmp(value, "fault") == 0) {
        options.stack = STACK_MODE_FAULT;
    } else if (strcmp(value, "eager") == 0) {
        options.stack = STACK_MODE_EAGER;
    } else if (strcmp(value, "lend") == 0) {
        options.stack = STACK_MODE_LEND;
    } else if (strcmp(value, "prefault") == 0) {
        options.stack = STACK_MODE_PREFAULT;
    } else {
        return ERROR_INVALID;
    }
    return OK;
}

static int parse_prefault(const char *value)
{
    if (strcmp(value, "rule") == 0) {
        options.prefault = STACK_PREFAULT_BY_RULE;
    } else if (strcmp(value, "check") == 0) {
        options.prefault = STACK_PREFAULT_CHECK;
    } else {
        return ERROR_INVALID;
    }
    return OK;
}

static int parse_entry(const char *value)
{
    if (strcmp(value, "idt") == 0) {
        options.entry = ENTRY_MODE_IDT;
    } else if (strcmp(value, "fred") == 0) {
        options.entry = ENTRY_MODE_FRED;
    } else {
        return ERROR_INVALID;
    }
    return OK;
}

static int parse_magazine(const char *value)
{
    uint64_t number;
    int error = number_set(value, MAGAZINE_ROUNDS_MIN, MAGAZINE_ROUNDS_MAX, &number);
    if (error == OK) {
        options.magazine_rounds = (uint32_t)number;
    }
    return error;
}

static int parse_reserve(const char *value)
{
    uint64_t number;
    int error = number_set(value, MAGAZINE_ROUNDS_MIN, STACK_RESERVE_FRAMES_MAX, &number);
    if (error == OK) {
        options.reserve_frames = (uint32_t)number;
    }
    return error;
}

static int parse_stack_cache(const char *value)
{
    uint64_t number;
    int error = number_set(value, 0, STACK_CACHE_MAX, &number);
    if (error == OK) {
        options.cached_stacks = (uint32_t)number;
    }
    return error;
}

static int parse_stack_free(const char *value)
{
    if (strcmp(value, "immediate") == 0) {
        options.stack_free = STACK_FREE_IMMEDIATE;
    } else if (strcmp(value, "batched") == 0) {
        options.stack_free = STACK_FREE_BATCHED;
    } else {
        return ERROR_INVALID;
    }
    return OK;
}

static must_check int age_set(const char *value, uint32_t *out)
{
    uint64_t number;
    int error = number_set(value, 0, SWAPPER_AGE_MS_MAX, &number);
    if (error == OK) {
        *out = (uint32_t)number;
    }
    return error;
}

static int parse_shrink_age(const char *value)
{
    return age_set(value, &options.shrink_age_ms);
}

static int parse_swap_age(const char *value)
{
    return age_set(value, &options.swap_age_ms);
}

static int parse_cpus(const char *value)
{
    uint64_t number;
    int error = number_set(value, 1, CPU_MAX, &number);
    if (error == OK) {
        options.cpus = (unsigned)number;
    }
    return error;
}

static int parse_panic(const char *value)
{
    static const char *const actions[] = {
        [PANIC_HALT] = "halt", [PANIC_REBOOT] = "reboot", [PANIC_EXIT] = "exit"};
    for (unsigned i = 0; i < array_length(actions); i++) {
        if (strcmp(value, actions[i]) == 0) {
            options.panic = (enum panic_action)i;
            return OK;
        }
    }
    return ERROR_INVALID;
}

static must_check int parse_switch(const char *value, bool *out)
{
    uint64_t number;
    int error = number_set(value, 0, 1, &number);
    if (error == OK) {
        *out = number == 1;
    }
    return error;
}

static int parse_exit(const char *value)
{
    int error = parse_switch(value, &options.exit);
    if (error == OK && options.exit) {
        options.panic = PANIC_EXIT;
    }
    return error;
}

static int parse_monitor(const char *value)
{
    return parse_switch(value, &options.monitor);
}

static int parse_log(const char *value)
{
    enum log_level level;
    int error = log_level_parse(value, &level);
    if (error == OK) {
        log_level_set(level);
    }
    return error;
}

static int parse_seed(const char *value)
{
    return number_parse_u64(value, &options.seed);
}

static int parse_soak(const char *value)
{
    uint64_t number;
    int error = number_set(value, 0, 1000000, &number);
    if (error == OK) {
        options.soak_seconds = (uint32_t)number;
    }
    return error;
}

static int parse_gate(const char *value)
{
    options.gate_off = strcmp(value, "off") == 0;
    return options.gate_off || strcmp(value, "on") == 0 ? OK : ERROR_INVALID;
}

static int parse_oom_kill(const char *value)
{
    uint64_t number = 0;
    int error = strcmp(value, "off") == 0 ? OK : number_set(value, 1, 3600, &number);
    if (error == OK) {
        options.oom_kill_seconds = (uint32_t)number;
    }
    return error;
}

static int parse_depth(const char *value)
{
    options.depth_exact = strcmp(value, "exact") == 0;
    return options.depth_exact || strcmp(value, "page") == 0 ? OK : ERROR_INVALID;
}

/* One "KIND:N" of fault-inject=. */
static must_check int inject_set(struct options *wanted, const char *word)
{
    for (unsigned kind = 0; kind < FAULT_INJECT_KINDS; kind++) {
        const char *name = fault_inject_name(kind);
        size_t length = strlen(name);
        if (strncmp(word, name, length) == 0 && word[length] == ':') {
            uint64_t number;
            int error = number_set(word + length + 1, 1, UINT32_MAX, &number);
            if (error == OK) {
                wanted->inject_every[kind] = (uint32_t)number;
            }
            return error;
        }
    }
    return ERROR_INVALID;
}

static int parse_inject(const char *value)
{
    char words[OPTION_TEXT_BYTES];
    struct options wanted = {0};
    int error = string_copy(words, sizeof(words), value);
    char *word = words;
    while (error == OK && word != NULL) {
        char *comma = strchr(word, ',');
        if (comma != NULL) {
            *comma++ = '\0';
        }
        error = inject_set(&wanted, word);
        word = comma;
    }
    if (error == OK) {
        memcpy(options.inject_every, wanted.inject_every, sizeof(options.inject_every));
    }
    return error;
}

static const struct option table[] = {
    {"test", "PATTERN[,PATTERN]", "run the tests whose ids match, such as STK* (none)", parse_test},
    {"bench", "PATTERN[,PATTERN]", "run the benchmarks whose names match (none)", parse_bench},
    {"stack", "fault|eager|lend|prefault",
     "fill by faults, at creation, at each switch, before interrupts go off (fault)", parse_stack},
    {"prefault", "rule|check", "stack=prefault: look first by each site's rule, or always (rule)",
     parse_prefault},
    {"entry", "idt|fred", "how events enter (fred where the CPU has it)", parse_entry},
    {"magazine", "7-64 pages", "size of each CPU's magazine (8)", parse_magazine},
    {"reserve", "7-1024 pages", "frames kept behind the magazines (32)", parse_reserve},
    {"stack-cache", "0-8 stacks", "whole stacks that each CPU keeps for the next births (2)",
     parse_stack_cache},
    {"stack-free", "immediate|batched",
     "batched: dead stacks wait for a grace period, as with RCU; to learn from (immediate)",
     parse_stack_free},
    {"stack-shrink-age", "0-86400000 ms",
     "take unused stack pages of threads that sleep so long; 0: never by age (10000)",
     parse_shrink_age},
    {"stack-swap-age", "0-86400000 ms", "and move their live bytes out; 0: never by age (30000)",
     parse_swap_age},
    {"cpus", "1-64", "start at most so many processors (64)", parse_cpus},
    {"panic", "halt|reboot|exit", "what to do after a panic (halt)", parse_panic},
    {"exit", "0|1", "leave the emulator when done; 1 implies panic=exit (0)", parse_exit},
    {"monitor", "0|1", "no demonstration, straight to the monitor (0)", parse_monitor},
    {"log", "error|warn|info|debug", "least level of log lines shown (info)", parse_log},
    {"gate", "on|off", "off: no dispatch gate, so a stack fault can fail; to learn from (on)",
     parse_gate},
    {"starve-kill", "off|1-3600 seconds",
     "when all starve for so long, kill an expendable thread (off)", parse_oom_kill},
    {"depth", "page|exact", "how depths are known; exact zeroes reused stacks (page)", parse_depth},
    {"fault-inject", "KIND:N[,KIND:N]",
     "fail each N-th refill or reserve-only refill, or allocation N", parse_inject},
    {"soak", "SECONDS", "everything at once for so long, all of it checked (none)", parse_soak},
    {"seed", "NUMBER", "where random choices of tests begin (1)", parse_seed},
};

void options_list(void (*line)(const char *text))
{
    for (size_t i = 0; i < array_length(table); i++) {
        char text[160];
        format_string(text, sizeof(text), "  %s=%-*s %s", table[i].name,
                      (int)(24 - strlen(table[i].name)), table[i].value, table[i].help);
        line(text);
    }
}

static void word_parse(char *word)
{
    char *value = strchr(word, '=');
    if (value == NULL) {
        log_warn("command line: '%s' is not of the form name=value; ignored", word);
        return;
    }
    *value++ = '\0';
    for (size_t i = 0; i < array_length(table); i++) {
        if (strcmp(word, table[i].name) != 0) {
            continue;
        }
        int error = table[i].parse(value);
        if (error == ERROR_UNSUPPORTED) {
            log_warn("command line: %s=%s is not available yet; ignored", word, value);
        } else if (error != OK) {
            log_warn("command line: %s=%s is not valid, %s takes %s; ignored", word, value, word,
                     table[i].value);
        }
        return;
    }
    log_warn("command line: there is no option '%s'; ignored (see 'help' at the monitor)", word);
}

void options_parse(const char *command_line)
{
    char word[OPTION_TEXT_BYTES + 16];
    const char *at = command_line;
    for (;;) {
        while (*at == ' ' || *at == '\t') {
            at++;
        }
        if (*at == '\0') {
            return;
        }
        size_t bytes = 0;
        while (at[bytes] != '\0' && at[bytes] != ' ' && at[bytes] != '\t') {
            bytes++;
        }
        if (bytes < sizeof(word)) {
            memcpy(word, at, bytes);
            word[bytes] = '\0';
            word_parse(word);
        } else {
            log_warn("command line: a word of %lu characters is too long; ignored", bytes);
        }
        at += bytes;
    }
}
