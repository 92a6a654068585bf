/* Runs a function on every CPU at once, each in a thread that stays there. For tests. */
#pragma once

/*
 * Returns when all have returned. A thread that cannot be created fails the test. Context: THREAD.
 */
void test_on_each_cpu(void (*work)(unsigned cpu));
