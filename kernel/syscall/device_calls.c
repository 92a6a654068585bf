/* System calls of interrupt objects and I/O ports: syscall_list.h describes them. */
#include "kernel/ipc/interrupt_object.h"
#include "kernel/ipc/port_range.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "lib/error.h"

int64_t call_interrupt_create(uint64_t system, uint64_t line, uint64_t notification, uint64_t bits)
{
    struct object *object;
    struct interrupt_object *interrupt;
    int error = caller_system_check(system);
    if (error == OK) {
        error = handle_find(caller_handles(), notification, OBJECT_NOTIFICATION, RIGHT_SEND,
                            &object, NULL);
    }
    if (error != OK) {
        return error;
    }
    error = line > UINT32_MAX ? ERROR_RANGE
                              : interrupt_object_create((unsigned)line, notification_of(object),
                                                        bits, &interrupt);
    object_release(object);
    return error == OK ? caller_open(&interrupt->object, RIGHTS_ALL, 0) : error;
}

int64_t call_interrupt_acknowledge(uint64_t handle)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_INTERRUPT, RIGHT_WRITE, &object, NULL);
    if (error == OK) {
        interrupt_object_acknowledge(interrupt_object_of(object));
        object_release(object);
    }
    return error;
}

int64_t call_ports_create(uint64_t handle, uint64_t first, uint64_t count, uint64_t rights)
{
    struct object *object;
    struct port_range *part;
    if ((rights & ~(uint64_t)RIGHTS_ALL) != 0) {
        return ERROR_INVALID;
    }
    int error = handle_find(caller_handles(), handle, OBJECT_PORTS,
                            RIGHT_DUPLICATE | (unsigned)rights, &object, NULL);
    if (error != OK) {
        return error;
    }
    error = port_range_part(port_range_of(object), first, count, &part);
    object_release(object);
    return error == OK ? caller_open(&part->object, (unsigned)rights, 0) : error;
}

int64_t call_port_read(uint64_t handle, uint64_t port, uint64_t width)
{
    struct object *object;
    uint32_t value = 0;
    int error = handle_find(caller_handles(), handle, OBJECT_PORTS, RIGHT_READ, &object, NULL);
    if (error == OK) {
        error = port_range_read(port_range_of(object), port, width, &value);
        object_release(object);
    }
    return error == OK ? (int64_t)value : error;
}

int64_t call_port_write(uint64_t handle, uint64_t port, uint64_t width, uint64_t value)
{
    struct object *object;
    int error = handle_find(caller_handles(), handle, OBJECT_PORTS, RIGHT_WRITE, &object, NULL);
    if (error == OK) {
        error = port_range_write(port_range_of(object), port, width, value);
        object_release(object);
    }
    return error;
}
