/* See backtrace_fixture.h. */
#include "tests/entry/backtrace_fixture.h"

#include "lib/string.h"
#include "lib/symbols.h"
#include "tests/test.h"

struct backtrace test_trace;
volatile bool trace_taken;
bool step_is(const struct backtrace_step *step, const char *function)
{
    const char *name = symbol_find(step->address - (step->event == 0 ? 1 : 0), NULL);
    size_t length = strlen(function);
    /* GCC may have made a variant of the function, called name.something. */
    return name != NULL && strncmp(name, function, length) == 0 &&
           (name[length] == '\0' || name[length] == '.');
}

void trace_check(const char *const *functions, unsigned count, unsigned vector)
{
    uint32_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        bool interrupted = functions[i][0] == '!';
        const char *name = functions[i] + (interrupted ? 1 : 0);
        while (at < test_trace.count &&
               !(step_is(&test_trace.steps[at], name) &&
                 test_trace.steps[at].event == (interrupted ? vector + 1 : 0))) {
            at++;
        }
        if (at == test_trace.count) {
            test_fail(__FILE__, __LINE__, "%s is not in the backtrace, or not in its place",
                      functions[i]);
            backtrace_log(&test_trace);
            return;
        }
        at++;
    }
    test_check(!test_trace.broken && !test_trace.full);
    test_equal(at, test_trace.count); /* the last name is the chain's end */
}

never_inline void take_here(void)
{
    backtrace_from_here(&test_trace);
    trace_taken = true;
    NOT_THE_LAST();
}

static never_inline void caller_inner(void (*leaf)(void))
{
    leaf();
    NOT_THE_LAST();
}

never_inline void caller_outer(void (*leaf)(void))
{
    trace_taken = false;
    caller_inner(leaf);
    NOT_THE_LAST();
}
