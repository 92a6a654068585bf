/* See object.h. */
#include "kernel/object/object.h"

#include "arch/x86_64/cpu/panic.h"

void object_init(struct object *object, enum object_type type,
                 const struct object_operations *operations)
{
    *object = (struct object){.references = 1, .type = (uint8_t)type, .operations = operations};
}

void object_acquired_late(const struct object *object)
{
    panic("object %p (type %u) is used after its last reference was released", (const void *)object,
          object->type);
}

void object_acquire(struct object *object)
{
    object_acquire_checked(object);
}

bool object_try_acquire(struct object *object)
{
    uint32_t before = __atomic_load_n(&object->references, __ATOMIC_RELAXED);
    while (before != 0 && !__atomic_compare_exchange_n(&object->references, &before, before + 1,
                                                       false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    }
    return before != 0;
}

void object_free(struct object *object)
{
    object->operations->destroy(object);
}

void object_release(struct object *object)
{
    uint32_t before = __atomic_fetch_sub(&object->references, 1, __ATOMIC_ACQ_REL);
    if (unlikely(before == 0)) {
        panic("object %p (type %u) is released more often than acquired", (void *)object,
              object->type);
    }
    if (before == 1) {
        object_free(object);
    }
}

void object_handle_acquire(struct object *object, unsigned rights)
{
    object_acquire(object);
    __atomic_fetch_add(&object->handles, 1, __ATOMIC_RELAXED);
    if (object->operations->opened != NULL) {
        object->operations->opened(object, rights);
    }
}

void object_handle_release(struct object *object, unsigned rights)
{
    bool last = __atomic_fetch_sub(&object->handles, 1, __ATOMIC_ACQ_REL) == 1;
    if (object->operations->closed != NULL) {
        object->operations->closed(object, rights, last);
    }
    object_release(object);
}

uint32_t object_handle_count(const struct object *object)
{
    return __atomic_load_n(&object->handles, __ATOMIC_RELAXED);
}
