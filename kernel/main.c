/* The one place where everything is wired: reads as the story of the boot. */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/report.h"
#include "arch/x86_64/serial.h"

noreturn_function void boot_main(uint32_t magic, uint32_t information);

noreturn_function void boot_main(uint32_t magic, uint32_t information)
{
    serial_init();
    report_raw("Stalactite\n");
    log_info("started by magic 0x%x, information at 0x%x", magic, information);
    outb(0xf4, 0x10);
    cpu_halt_forever();
}
