/* The list of all threads, for those who look at them. */
#pragma once

#include "sched/thread.h"

/* Gives the thread its id and lists it; takes it out. Any context but NMI, #MC, #DF. */
void thread_list_add(struct thread *thread);
void thread_list_remove(struct thread *thread);
