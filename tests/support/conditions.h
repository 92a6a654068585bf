/*
 * The conditions that TEST() can name as its third argument: what the machine or the boot options
 * must be like, or the command line must ask for, so that the test can be tried. Each is a function
 * that is asked in thread context just before the test, and the reason that is reported for a skip.
 * A test that finds out by itself that it cannot run calls test_skip().
 */
#pragma once

#include "kernel/test/selftest.h"

#define TEST_CONDITION(name) extern const struct test_condition test_condition_##name

TEST_CONDITION(ALWAYS);

/* The command line must ask for these two. */
TEST_CONDITION(DEATH); /* the test ends the machine: only the whole id selects it, test=PAN0001 */
TEST_CONDITION(SOAK);  /* the test takes as long as soak=SECONDS says, and runs with it only */

/* How stacks get their pages: stack=. */
TEST_CONDITION(STACKS_EAGER);        /* all pages at creation */
TEST_CONDITION(STACKS_GROW);         /* one page at creation, others as the thread goes deeper */
TEST_CONDITION(STACKS_FAULT);        /* and faults bring them, no switch does */
TEST_CONDITION(STACKS_LENT);         /* stack=lend */
TEST_CONDITION(LEND_BATCHES);        /* and batches take pages back while another CPU runs */
TEST_CONDITION(STACKS_PREFAULTED);   /* stack=prefault */
TEST_CONDITION(SWITCH_LEAVES_HOLES); /* a switch does not fill the stacks that it is between */
TEST_CONDITION(HOLES_BELOW_GATE);    /* the dispatch gate itself runs above a hole */

/* The behaviour of a thread that needs pages when there is no memory. */
TEST_CONDITION(GATE);         /* a CPU switches only to a thread whose missing pages it can cover */
TEST_CONDITION(MEMORY_WAITS); /* and stacks have holes, so some threads must wait for memory */

/* The fate of the stacks of threads that ended. */
TEST_CONDITION(STACKS_CACHED); /* they go to the cache of whole stacks at once */
TEST_CONDITION(DEPTH_PAGE);    /* they are not zeroed before they are reused: depth=page */

TEST_CONDITION(BOOT_ARCHIVE); /* the boot loader passed the user programs */
TEST_CONDITION(USER_CROWD);   /* and the machine has 1 GiB of memory */

/* The machine. */
TEST_CONDITION(TWO_CPUS);       /* two or more are online */
TEST_CONDITION(ONE_NODE);       /* one node of memory */
TEST_CONDITION(NUMA_NODES);     /* two or more nodes of memory */
TEST_CONDITION(NUMA_MAGAZINES); /* and stacks take pages from magazines */
TEST_CONDITION(HANDOFF);        /* ipc=handoff */
TEST_CONDITION(IDT);            /* events enter by the IDT */
TEST_CONDITION(FRED);           /* events enter by FRED */
TEST_CONDITION(HPET_LEVEL);     /* a timer of the HPET can raise a level-triggered interrupt */
