/* The hooks of services.h do nothing until they are set. */
#include "sched/core/services.h"

static void work_early(const struct thread *current maybe_unused, bool idle maybe_unused)
{
}

static void nothing_early(void)
{
}

void (*services_work)(const struct thread *current, bool idle) = work_early;
void (*services_idle)(void) = nothing_early;
void (*services_memory_wanted)(void) = nothing_early;
