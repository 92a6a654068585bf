/* See kernel_objects.h. Each object has one reference that is never released. */
#include "kernel/syscall/kernel_objects.h"

#include "arch/x86_64/cpu/panic.h"
#include "kernel/ipc/port_range.h"

static void kernel_object_destroy(struct object *object)
{
    panic("the kernel's object of type %u is released more often than acquired", object->type);
}

static const struct object_operations operations = {.destroy = kernel_object_destroy};

/* clang-format off */
#define KERNEL_OBJECT(object_type) {.references = 1, .type = (object_type), .operations = &operations}
/* clang-format on */

static struct object log_object = KERNEL_OBJECT(OBJECT_LOG);
static struct object information_object = KERNEL_OBJECT(OBJECT_INFORMATION);
static struct object system_object = KERNEL_OBJECT(OBJECT_SYSTEM);
static struct port_range all_ports = {
    .object = KERNEL_OBJECT(OBJECT_PORTS), .first = 0, .count = PORT_COUNT};

struct object *kernel_object_log(void)
{
    return &log_object;
}

struct object *kernel_object_information(void)
{
    return &information_object;
}

struct object *kernel_object_ports(void)
{
    return &all_ports.object;
}

struct object *kernel_object_system(void)
{
    return &system_object;
}
