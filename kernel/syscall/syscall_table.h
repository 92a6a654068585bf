/* The entries of the list of system calls (kernel/syscall_list.h), for traces and tests. */
#pragma once

#include "lib/compiler.h"

struct syscall_description {
    const char *name;
    const char *arguments; /* as in the list: "name: type, name: type" */
    unsigned parameters;
};

/* Returns the description of a call, or NULL if no call has this number. Context: ANY. */
const struct syscall_description *syscall_describe(uint64_t number);
