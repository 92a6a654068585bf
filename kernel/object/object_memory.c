/* See object_memory.h. */
#include "kernel/object/object_memory.h"

#include "lib/error.h"
#include "mm/heap/kmalloc.h"

static void object_memory_destroy(struct object *object)
{
    memory_object_release(object_memory_of(object));
    kfree(container_of(object, struct object_memory, object));
}

static const struct object_operations operations = {.destroy = object_memory_destroy};

int object_memory_create(struct memory_object *memory, struct object **out)
{
    void *made;
    int error = kmalloc(sizeof(struct object_memory), &made);
    if (error == OK) {
        struct object_memory *object = made;
        object_init(&object->object, OBJECT_MEMORY, &operations);
        object->memory = memory;
        *out = &object->object;
    }
    return error;
}
