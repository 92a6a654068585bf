/* The demonstration. Thread context. */
#include "kernel/demonstration.h"

#include "arch/x86_64/report.h"

void demonstration_run(void)
{
    log_info("demonstration");
}
