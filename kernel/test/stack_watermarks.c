/*
 * See stack_watermarks.h. Threads that end are left out: many of them are tests, which use all of
 * their stacks on purpose. The stacks of the kernel's own threads are fully backed, were zero at
 * creation and had no other owner, so the lowest word that is not zero is the watermark.
 */
#include "kernel/test/stack_watermarks.h"

#include "arch/x86_64/entry/watermark.h"
#include "kernel/console/console.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/stack/stack.h"
#include "mm/stack/stack_depth.h"
#include "sched/core/thread.h"

#define NAMES_MAX 8

struct thread_marks {
    unsigned count;
    struct {
        const char *name;
        size_t bytes;
    } of[NAMES_MAX]; /* threads of one name, such as the idle ones, share an entry */
};

static void thread_mark_take(struct thread *thread, void *context)
{
    struct thread_marks *marks = context;
    unsigned i = 0;
    while (i < marks->count && strcmp(marks->of[i].name, thread->name) != 0) {
        i++;
    }
    if (!thread->backed || i == NAMES_MAX) {
        return;
    }
    size_t bytes = stack_depth_scan(thread->slot);
    if (i == marks->count) {
        marks->count++;
        marks->of[i].name = thread->name;
    }
    marks->of[i].bytes = bytes > marks->of[i].bytes ? bytes : marks->of[i].bytes;
}

static void watermarks_print(void)
{
    char text[192] = "";
    size_t length = 0;
    struct watermark mark;
    for (unsigned i = 1; watermark_read(i, &mark) && length < sizeof(text); i++) {
        length += format_string(text + length, sizeof(text) - length, "%s%s %lu of %lu",
                                i == 1 ? "" : ", ", mark.name, mark.bytes, mark.limit);
    }
    console_print("# entry stack high water: %s\n", text);
}

void stack_watermarks_print(void)
{
    struct thread_marks marks = {0};
    char text[256] = "";
    size_t length = 0;

    watermarks_print();
    thread_for_each(thread_mark_take, &marks);
    for (unsigned i = 0; i < marks.count && length < sizeof(text); i++) {
        length +=
            format_string(text + length, sizeof(text) - length, "%s%s %lu of %lu",
                          i == 0 ? "" : ", ", marks.of[i].name, marks.of[i].bytes, STACK_BYTES);
    }
    console_print("# thread stack high water: %s\n", text);
}
