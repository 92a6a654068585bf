/*
 * Objects of type OBJECT_MEMORY, which handles to memory name. Each holds a reference to a memory
 * object of mm/space, which exists longer if regions map it.
 *
 *   RIGHT_READ, RIGHT_WRITE, RIGHT_EXECUTE   map it with these rights; RIGHT_READ: clone it
 */
#pragma once

#include "kernel/object/object.h"
#include "mm/space/memory_object.h"

struct object_memory {
    struct object object;
    struct memory_object *memory; /* a reference */
};

/*
 * Makes the object for a memory object, and takes over the caller's reference to the memory object;
 * after an error the caller still has it. The caller gets a reference to *out. Context: THREAD.
 * Errors: ERROR_NO_MEMORY.
 */
must_check int object_memory_create(struct memory_object *memory, struct object **out);

/* Returns the memory object that an object of type OBJECT_MEMORY holds. Context: ANY. */
static always_inline struct memory_object *object_memory_of(struct object *object)
{
    return container_of(object, struct object_memory, object)->memory;
}
