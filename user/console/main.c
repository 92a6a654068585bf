/*
 * The console server (user/protocol/console.h and bytes.h).
 *
 *   console com1        a terminal at the devices that the kernel hands over: the first serial port,
 *                       the screen and the keyboard; what the kernel writes is shown between, and
 *                       control-] gives the devices to its monitor
 *   console com2        a terminal at the second serial port
 *   console log         no terminal: text goes to the kernel's log, and there is no input
 */
#include "lib/error.h"
#include "lib/string.h"
#include "user/console/device.h"
#include "user/console/terminal.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/touch.h"

/* Text without a terminal: complete lines go to the log. */
static void log_show(const char *text, size_t bytes)
{
    static char line[128];
    static unsigned used;

    for (size_t i = 0; i < bytes; i++) {
        if (text[i] != '\n') {
            line[used++] = text[i];
        }
        if (text[i] == '\n' || used == sizeof(line)) {
            printf("%.*s", (int)used, line);
            used = 0;
        }
    }
}

int main(unsigned count, char **words)
{
    static const struct terminal_port at_devices = {device_show, device_room_made};
    static const struct terminal_port at_log = {.show = log_show};
    const struct uart_place *place = count == 2 ? uart_place_find(words[1]) : NULL;
    int error;

    program_touch();
    if (place == NULL && (count != 2 || !string_equal(words[1], "log"))) {
        printf("usage: console com1|com2|log");
        return 2;
    }
    terminal_init(place != NULL ? &at_devices : &at_log);
    if (place != NULL) {
        device_begin(place);
    }
    error = protocol_serve(program_start.handles[PROGRAM_HANDLE_PARENT], terminal_dispatch);
    printf("it ends: %s", error_name(error));
    return error == ERROR_PEER_DIED ? 0 : 1;
}
