/* System calls of memory: syscall_list.h describes them. */
#include "arch/x86_64/entry/user_copy.h"
#include "arch/x86_64/paging/paging.h"
#include "kernel/object/object_memory.h"
#include "kernel/syscall/caller.h"
#include "kernel/syscall_list.h"
#include "kernel/task/pager.h"
#include "lib/error.h"

#define MAPPING_RIGHTS ((uint64_t)RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE)

static_assert(MEMORY_STACK_GUARD_BYTES == SPACE_STACK_GUARD_BYTES, "one guard");
static_assert(sizeof(struct memory_mapping) == 32, "the list of system calls says so");

/* Opens a handle to a memory object. Takes over the caller's reference, also if it fails. */
static int64_t memory_open(struct memory_object *memory)
{
    struct object *object;
    int error = object_memory_create(memory, &object);
    if (error != OK) {
        memory_object_release(memory);
        return error;
    }
    return caller_open(object, RIGHTS_ALL, 0);
}

int64_t call_memory_create(uint64_t handle, uint64_t bytes)
{
    struct task *task;
    struct memory_object *memory;
    int error = caller_task_find(handle, &task);
    if (error == OK) {
        error = memory_object_create(bytes, task->quota, &memory);
        object_release(&task->object);
    }
    return error == OK ? memory_open(memory) : error;
}

/* Finds a memory object by a handle that has these rights. The caller releases *object. */
static must_check int memory_find(uint64_t handle, unsigned rights, struct object **object)
{
    return handle_find(caller_handles(), handle, OBJECT_MEMORY, rights, object, NULL);
}

int64_t call_memory_clone(uint64_t handle, uint64_t parent)
{
    struct task *task;
    struct object *object;
    struct memory_object *memory = NULL;
    int error = caller_task_find(handle, &task);
    if (error != OK) {
        return error;
    }
    error = memory_find(parent, RIGHT_READ, &object);
    if (error == OK) {
        error = memory_object_clone(object_memory_of(object), task->quota, &memory);
        object_release(object);
    }
    object_release(&task->object);
    if (error == ERROR_AGAIN) {
        error = ERROR_BUSY; /* a user program need not tell the two apart */
    }
    return error == OK ? memory_open(memory) : error;
}

int64_t call_memory_commit(uint64_t handle, uint64_t offset, uint64_t bytes)
{
    struct object *object;
    int error = memory_find(handle, RIGHT_WRITE, &object);
    if (error != OK) {
        return error;
    }
    error = caller_stacks_check();
    if (error == OK) {
        error = memory_object_commit(object_memory_of(object), offset, bytes);
    }
    object_release(object);
    return error;
}

int64_t call_memory_physical(uint64_t system, uint64_t base, uint64_t bytes)
{
    struct memory_object *memory;
    int error = caller_system_check(system);
    if (error == OK) {
        error = memory_object_create_physical(base, bytes, MEMORY_UNCACHED, &memory);
    }
    if (error != OK) {
        return error;
    }
    if (mmio_is_ram(base, bytes) || mmio_is_mapped(base, bytes)) {
        memory_object_release(memory);
        return ERROR_EXISTS;
    }
    return memory_open(memory);
}

/* Returns rights of a region for rights of a handle. */
static unsigned space_rights(uint64_t rights)
{
    return (rights & RIGHT_READ ? SPACE_READ : 0) | (rights & RIGHT_WRITE ? SPACE_WRITE : 0) |
           (rights & RIGHT_EXECUTE ? SPACE_EXECUTE : 0);
}

/*
 * Copies the struct memory_mapping from the caller's memory, checks the rights, and makes a struct
 * space_mapping of it. address_space_place() checks the rest.
 */
static must_check int mapping_read(uint64_t address, struct space_mapping *out)
{
    struct memory_mapping mapping;
    int error = user_copy_in(&mapping, address, sizeof(mapping));
    if (error != OK) {
        return error;
    }
    if ((mapping.rights & ~(MAPPING_RIGHTS | MEMORY_MAP_STACK)) != 0) {
        return ERROR_INVALID;
    }
    *out = (struct space_mapping){.anywhere = mapping.address == 0,
                                  .address = mapping.address,
                                  .bytes = mapping.bytes,
                                  .rights = space_rights(mapping.rights),
                                  .is_stack = (mapping.rights & MEMORY_MAP_STACK) != 0,
                                  .offset = mapping.offset};
    return OK;
}

/*
 * Finds the memory to map, by a handle that must have RIGHT_READ and the mapping's rights. The
 * region can never get a right that the handle lacks. The caller releases *value.
 */
static must_check int mapping_memory(uint64_t handle, struct space_mapping *mapping,
                                     struct handle_value *value)
{
    int error = handle_value_take(caller_handles(), handle, 0, value);
    if (error != OK) {
        return error;
    }
    if (value->object->type != OBJECT_MEMORY) {
        error = ERROR_WRONG_TYPE;
    } else {
        mapping->rights_most = space_rights(value->rights);
        error = ((mapping->rights | SPACE_READ) & ~mapping->rights_most) != 0 ? ERROR_NO_RIGHT : OK;
    }
    if (error != OK) {
        handle_value_release(value);
        return error;
    }
    mapping->object = object_memory_of(value->object);
    return OK;
}

/*
 * Maps memory into a task. Errors: ERROR_PEER_DIED (the task has ended), and those of
 * address_space_place().
 */
static must_check int task_place(struct task *task, const struct space_mapping *mapping,
                                 uintptr_t *address)
{
    int error = task_change_begin(task);
    if (error == OK) {
        error = address_space_place(&task->space, mapping, address);
        task_change_end(task);
    }
    return error;
}

/*
 * Maps memory into a task as the struct memory_mapping at mapping_address says. `pager` supplies
 * the pages; NULL: the memory has no pager.
 */
static int64_t map(struct task *task, uint64_t memory, uint64_t mapping_address,
                   struct space_pager *pager)
{
    struct space_mapping mapping;
    struct handle_value value;
    uintptr_t address = 0;
    int error = caller_stacks_check();
    if (error == OK) {
        error = mapping_read(mapping_address, &mapping);
    }
    if (error == OK) {
        error = mapping_memory(memory, &mapping, &value);
    }
    if (error == OK) {
        mapping.pager = pager;
        error = task_place(task, &mapping, &address);
        handle_value_release(&value);
    }
    return error == OK ? (int64_t)address : error;
}

int64_t call_memory_map(uint64_t handle, uint64_t memory, uint64_t mapping_address)
{
    struct task *task;
    int64_t result = caller_task_find(handle, &task);
    if (result == OK) {
        result = map(task, memory, mapping_address, NULL);
        object_release(&task->object);
    }
    return result;
}

/* Makes a pager that asks the endpoint which a handle names. */
static must_check int pager_make(uint64_t handle, uint64_t limit_ns, struct space_pager **pager)
{
    struct handle_value endpoint;
    int error =
        handle_value_take_as(caller_handles(), handle, OBJECT_ENDPOINT, RIGHT_SEND, &endpoint);
    if (error == OK) {
        error = pager_create(&endpoint, limit_ns, pager);
        if (error != OK) {
            handle_value_release(&endpoint);
        }
    }
    return error;
}

int64_t call_memory_map_paged(uint64_t handle, uint64_t memory, uint64_t mapping_address,
                              uint64_t endpoint, uint64_t limit_ns)
{
    struct task *task;
    struct space_pager *pager;
    int64_t result = caller_task_find(handle, &task);
    if (result != OK) {
        return result;
    }
    result = pager_make(endpoint, limit_ns, &pager);
    if (result == OK) {
        result = map(task, memory, mapping_address, pager);
        space_pager_release(pager); /* the region has a reference of its own */
    }
    object_release(&task->object);
    return result;
}

int64_t call_memory_unmap(uint64_t handle, uint64_t address, uint64_t bytes)
{
    struct task *task;
    int error = caller_task_find(handle, &task);
    if (error != OK) {
        return error;
    }
    error = task_change_begin(task);
    if (error == OK) {
        error = address_space_unmap(&task->space, address, bytes);
        task_change_end(task);
    }
    object_release(&task->object);
    return error;
}

int64_t call_memory_protect(uint64_t handle, uint64_t address, uint64_t bytes, uint64_t rights)
{
    struct task *task;
    int error = (rights & ~MAPPING_RIGHTS) != 0 ? ERROR_INVALID : OK;
    if (error == OK) {
        error = caller_task_find(handle, &task);
    }
    if (error != OK) {
        return error;
    }
    error = task_change_begin(task);
    if (error == OK) {
        error = address_space_protect(&task->space, address, bytes, space_rights(rights));
        task_change_end(task);
    }
    object_release(&task->object);
    return error;
}
