/* Runs a function on every CPU at once, each in a thread that stays there. For tests. */
#pragma once

/* Returns when all have returned; a thread that cannot be made fails the test. Thread context. */
void test_on_each_cpu(void (*work)(unsigned cpu));
