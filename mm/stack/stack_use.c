/* Storage for stack_use.h. */
#include "mm/stack/stack_use.h"

PER_CPU(struct stack_use, stack_use);
