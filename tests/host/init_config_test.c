/* The configuration of the servers (user/init/config.h). */
#include "lib/error.h"
#include "lib/string.h"
#include "tests/host/host.h"
#include "user/init/config.h"

static struct config config;
static unsigned line;
static const char *reason;

static int read_text(const char *text)
{
    return config_read(&config, text, strlen(text), &line, &reason);
}

HOST_TEST(HIC0001, "a configuration gives each server its service, its program and its rights")
{
    host_equal(read_text("# servers\n\nserver names names\n"
                         "server  console\tdriver  com1 fast : ports system # both\n"),
               OK);
    host_equal(config.count, 2);
    host_equal_text(config.servers[0].name, "names");
    host_equal_text(config.servers[0].words, "names");
    host_equal(config.servers[0].rights, 0);
    host_equal_text(config.servers[1].name, "console");
    host_equal_text(config.servers[1].words, "driver com1 fast");
    host_equal(config.servers[1].rights, 1U << PROGRAM_HANDLE_PORTS | 1U << PROGRAM_HANDLE_SYSTEM);
    host_equal(read_text(""), OK);
    host_equal(config.count, 0);
}

HOST_TEST(HIC0002, "what is wrong in a configuration is told with its line")
{
    static const struct {
        const char *text;
        unsigned line;
        const char *reason;
    } wrong[] = {
        {"serve a a\n", 1, "a line begins with 'server'"},
        {"\nserver\n", 2, "the name of the service is missing or too long"},
        {"server abcdefghijklmnopqrstuvwxyzabcdefg a", 1,
         "the name of the service is missing or too long"},
        {"server a\n", 1, "the program is missing"},
        {"server a : log\n", 1, "the program is missing"},
        {"server a a\nserver b b\nserver a c\n", 3, "the service has a server already"},
        {"server a a : everything\n", 1, "there is no such right"},
    };

    for (unsigned i = 0; i < array_length(wrong); i++) {
        host_equal(read_text(wrong[i].text), ERROR_INVALID);
        host_equal(line, wrong[i].line);
        host_equal_text(reason, wrong[i].reason);
    }
    host_equal(config_read(&config, "server a a\0b", 12, &line, &reason), ERROR_INVALID);
    host_equal_text(reason, "there is a byte 0");
}

HOST_TEST(HIC0003, "any text is read within the bounds, and is refused with a reason or taken")
{
    static const char *const parts[] = {"server", " ", " ",   "\n", "a",
                                        "bc",     ":", "log", "#",  "x y "};
    static char text[3000];

    for (unsigned round = 0; round < 20000; round++) {
        size_t used = 0, most = (size_t)host_random_below(sizeof(text) - 8);

        while (used < most) {
            const char *part = parts[host_random_below(array_length(parts))];

            memcpy(text + used, part, strlen(part));
            used += strlen(part);
            if (host_random_below(200) == 0) {
                text[used - 1] = (char)host_random();
            }
        }
        int error = config_read(&config, text, used, &line, &reason);
        host_check((error == OK) == (reason == NULL));
        host_check(config.count <= CONFIG_SERVERS);
        for (unsigned i = 0; i < config.count; i++) {
            host_check(strnlen(config.servers[i].name, CONFIG_NAME_BYTES + 1) <= CONFIG_NAME_BYTES);
            host_check(config.servers[i].words[0] != '\0');
        }
    }
}
