/* See object_name.h. */
#include "kernel/object/object_name.h"

static const char *const type_names[OBJECT_TYPES] = {
    [OBJECT_TASK] = "task",
    [OBJECT_THREAD] = "thread",
    [OBJECT_ENDPOINT] = "endpoint",
    [OBJECT_REPLY] = "reply",
    [OBJECT_NOTIFICATION] = "notification",
    [OBJECT_TIMER] = "timer",
    [OBJECT_MEMORY] = "memory",
    [OBJECT_INTERRUPT] = "interrupt",
    [OBJECT_PORTS] = "ports",
    [OBJECT_INFORMATION] = "information",
    [OBJECT_LOG] = "log",
    [OBJECT_SYSTEM] = "system",
    [OBJECT_CONSOLE] = "console",
};

const char *object_type_name(unsigned type)
{
    return type < OBJECT_TYPES && type_names[type] != NULL ? type_names[type] : "unknown";
}
