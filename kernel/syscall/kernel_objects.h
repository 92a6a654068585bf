/*
 * Objects that stand for parts of the kernel, one of each type. The first program gets handles to
 * them, and passes them on.
 *
 *   log          RIGHT_WRITE: write lines to the kernel's log
 *   information  RIGHT_READ: read figures of the whole system
 *   ports        RIGHT_READ, RIGHT_WRITE: all I/O ports
 *   system       RIGHT_MANAGE: make objects of devices
 */
#pragma once

#include "kernel/object/object.h"

/*
 * Each returns the one object of its type, which is never freed. The caller gets no reference, so
 * it has none to release. Context: ANY.
 */
struct object *kernel_object_log(void);
struct object *kernel_object_information(void);
struct object *kernel_object_ports(void);
struct object *kernel_object_system(void);
