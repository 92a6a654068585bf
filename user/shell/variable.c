/* See variable.h. */
#include "user/shell/variable.h"

#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "user/shell/shell.h"

static struct {
    char name[VARIABLE_NAME_BYTES];
    char value[VARIABLE_VALUE_BYTES];
} variables[VARIABLES_MOST];
static unsigned count;

int variable_set(const char *name, size_t name_bytes, const char *value)
{
    unsigned at = 0;

    if (name_bytes >= VARIABLE_NAME_BYTES || strlen(value) >= VARIABLE_VALUE_BYTES) {
        return ERROR_TOO_LONG;
    }
    while (at < count && !(strlen(variables[at].name) == name_bytes &&
                           memcmp(variables[at].name, name, name_bytes) == 0)) {
        at++;
    }
    if (at == VARIABLES_MOST) {
        return ERROR_QUOTA;
    }
    memcpy(variables[at].name, name, name_bytes);
    variables[at].name[name_bytes] = '\0';
    count += at == count;
    return string_copy(variables[at].value, VARIABLE_VALUE_BYTES, value);
}

const char *variable_get(void *context maybe_unused, const char *name)
{
    static char status[16];

    if (string_equal(name, "?")) {
        format_string(status, sizeof(status), "%d", last_status);
        return status;
    }
    for (unsigned i = 0; i < count; i++) {
        if (string_equal(variables[i].name, name)) {
            return variables[i].value;
        }
    }
    return NULL;
}

const char *variable_at(unsigned place, const char **value)
{
    if (place >= count) {
        return NULL;
    }
    *value = variables[place].value;
    return variables[place].name;
}
