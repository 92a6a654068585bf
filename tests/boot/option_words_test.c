/* Each word that an option takes gives the value of its name; and the list shows all options. */
#include "kernel/option_list.h"
#include "kernel/options.h"
#include "lib/string.h"
#include "tests/test.h"

/* Parses one word and returns the options as they then are; the machine's stay as they were. */
static const struct options *parsed(const char *word)
{
    static struct options saved, result;
    saved = options;
    options_parse(word);
    result = options;
    options = saved;
    return &result;
}

TEST(OPT0005, "each word of a choice stands for the value of that name", ALWAYS)
{
    test_equal(parsed("stack=eager")->stack, STACK_MODE_EAGER);
    test_equal(parsed("stack=fault")->stack, STACK_MODE_FAULT);
    test_equal(parsed("stack=lend")->stack, STACK_MODE_LEND);
    test_equal(parsed("stack=prefault")->stack, STACK_MODE_PREFAULT);
    test_equal(parsed("prefault=rule")->prefault, STACK_PREFAULT_BY_RULE);
    test_equal(parsed("prefault=check")->prefault, STACK_PREFAULT_CHECK);
    test_equal(parsed("entry=idt")->entry, ENTRY_MODE_IDT);
    test_equal(parsed("entry=fred")->entry, ENTRY_MODE_FRED);
    test_equal(parsed("stack-free=immediate")->stack_free, STACK_FREE_IMMEDIATE);
    test_equal(parsed("stack-free=batched")->stack_free, STACK_FREE_BATCHED);
    test_equal(parsed("panic=halt")->panic, PANIC_HALT);
    test_equal(parsed("panic=reboot")->panic, PANIC_REBOOT);
    test_equal(parsed("panic=exit")->panic, PANIC_EXIT);
    test_equal(parsed("log=error")->log, LOG_ERROR);
    test_equal(parsed("log=warn")->log, LOG_WARN);
    test_equal(parsed("log=info")->log, LOG_INFO);
    test_equal(parsed("log=debug")->log, LOG_DEBUG);
    test_check(!parsed("gate=on")->gate_off);
    test_check(parsed("gate=off")->gate_off);
    test_check(!parsed("depth=page")->depth_exact);
    test_check(parsed("depth=exact")->depth_exact);
}

TEST(OPT0006, "off switches the kill for memory off, and faults to inject are all taken or none",
     ALWAYS)
{
    test_equal(parsed("starve-kill=7")->oom_kill_seconds, 7);
    test_equal(parsed("starve-kill=off")->oom_kill_seconds, 0);
    test_equal(parsed("starve-kill=0")->oom_kill_seconds, options.oom_kill_seconds);
    const struct options *faults = parsed("fault-inject=refill:3,reserve-only:5");
    test_equal(faults->inject_every[FAULT_INJECT_REFILL], 3);
    test_equal(faults->inject_every[FAULT_INJECT_RESERVE_ONLY], 5);
    faults = parsed("fault-inject=refill:9,reserve-only:x");
    test_equal(faults->inject_every[FAULT_INJECT_REFILL],
               options.inject_every[FAULT_INJECT_REFILL]);
}

static unsigned lines_seen;
static bool limits_seen, default_seen;

static void option_see(const char *text)
{
    lines_seen++;
    if (strncmp(text, "  magazine=7-64 pages", 21) == 0) {
        limits_seen = true;
        size_t length = strlen(text);
        default_seen = strcmp(text + length - 4, " (8)") == 0;
    }
}

#define ONE(...) +1

TEST(OPT0007, "the list of options has a line for each, with limits, unit and default", ALWAYS)
{
    lines_seen = 0;
    options_list(option_see);
    test_equal(lines_seen, 0 OPTION_LIST(ONE, ONE, ONE, ONE, ONE));
    test_check(limits_seen);
    test_check(default_seen);
}
