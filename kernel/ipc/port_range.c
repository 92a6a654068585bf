/* See port_range.h. */
#include "kernel/ipc/port_range.h"

#include "arch/x86_64/cpu/cpu.h"
#include "lib/error.h"
#include "mm/heap/kmalloc.h"

static void ports_destroy(struct object *object)
{
    kfree(port_range_of(object));
}

static const struct object_operations ports_operations = {.destroy = ports_destroy};

int port_range_part(const struct port_range *whole, uint64_t first, uint64_t count,
                    struct port_range **part)
{
    void *memory;
    uint64_t offset = first - whole->first; /* very large if `first` lies below */
    if (count == 0 || offset >= whole->count || count > whole->count - offset) {
        return ERROR_RANGE;
    }
    int error = kmalloc(sizeof(struct port_range), &memory);
    if (error == OK) {
        *part = memory;
        object_init(&(*part)->object, OBJECT_PORTS, &ports_operations);
        (*part)->first = (uint32_t)first;
        (*part)->count = (uint32_t)count;
    }
    return error;
}

static int access_check(const struct port_range *range, uint64_t port, uint64_t width)
{
    if (width != 1 && width != 2 && width != 4) {
        return ERROR_INVALID;
    }
    uint64_t offset = port - range->first; /* very large if the port lies below */
    return offset < range->count && width <= range->count - offset ? OK : ERROR_RANGE;
}

int port_range_read(const struct port_range *range, uint64_t port, uint64_t width, uint32_t *value)
{
    int error = access_check(range, port, width);
    if (error == OK) {
        *value = width == 1   ? inb((uint16_t)port)
                 : width == 2 ? inw((uint16_t)port)
                              : inl((uint16_t)port);
    }
    return error;
}

int port_range_write(const struct port_range *range, uint64_t port, uint64_t width, uint64_t value)
{
    int error = access_check(range, port, width);
    if (error != OK) {
        return error;
    }
    if (value >> 8 * width != 0) {
        return ERROR_INVALID;
    }
    if (width == 1) {
        outb((uint16_t)port, (uint8_t)value);
    } else if (width == 2) {
        outw((uint16_t)port, (uint16_t)value);
    } else {
        outl((uint16_t)port, (uint32_t)value);
    }
    return OK;
}
