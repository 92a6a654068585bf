/* See keyboard.h. Source: IBM PS/2 technical reference, keyboard controller. */
#include "user/console/keyboard.h"

#include "lib/error.h"
#include "lib/scan_code.h"
#include "user/lib/fatal.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define DATA               0x60
#define STATUS             0x64
#define STATUS_OUTPUT_FULL 0x01
#define STATUS_MOUSE       0x20

static uint32_t data_port, status_port; /* ranges of one port each */
static struct scan_code_decoder decoder;

static int port_open(uint16_t port, uint32_t *handle)
{
    int64_t made =
        sys_ports_create(program_start.handles[PROGRAM_HANDLE_PORTS], port, 1, RIGHT_READ);

    *handle = made > 0 ? (uint32_t)made : 0;
    return made < 0 ? (int)made : OK;
}

int keyboard_open(void)
{
    int error = port_open(DATA, &data_port);

    return error == OK ? port_open(STATUS, &status_port) : error;
}

void keyboard_init(void)
{
    decoder = (struct scan_code_decoder){.skip = 0};
}

static uint8_t port_read(uint32_t ports, uint16_t port)
{
    int64_t value = sys_port_read(ports, port, 1);

    if (value < 0) {
        fatal("reading a port of the keyboard: %s", error_name((int)value));
    }
    return (uint8_t)value;
}

bool keyboard_receive(int *key)
{
    uint8_t status = port_read(status_port, STATUS);

    if ((status & STATUS_OUTPUT_FULL) == 0) {
        return false;
    }
    uint8_t byte = port_read(data_port, DATA);
    *key = (status & STATUS_MOUSE) != 0 ? KEY_NONE : scan_code_decode(&decoder, byte);
    return true;
}
