/* System calls of memory, made by user mode for a task. */
#include "arch/x86_64/cpu/address.h"
#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/entry/trap_frame.h"
#include "arch/x86_64/paging/paging.h"
#include "kernel/object/object_memory.h"
#include "kernel/syscall/kernel_objects.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/syscall/script.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

#define MAPPING_OFFSET 0x100
#define MAPPING_AT     (USER_WORLD_STACK + MAPPING_OFFSET)
#define PLACE          0x20000000UL
#define RW             (RIGHT_READ | RIGHT_WRITE)
#define PAGES          4

/* The task that the calls are about, and what the scripts have of it. */
static struct {
    struct task *task;
    uint64_t handle;
    uint64_t memory; /* a handle with all rights to PAGES pages */
} fixture;

static bool begin(uint32_t handles)
{
    uint32_t handle = 0;
    if (!script_begin(handles)) {
        return false;
    }
    fixture.task = task_fixture_create(1);
    if (fixture.task == NULL) {
        script_end();
        return false;
    }
    test_equal(handle_open(&script_handles, &fixture.task->object, RIGHTS_ALL, 0, &handle), OK);
    fixture.handle = handle;
    fixture.memory = (uint64_t)script_call(SYSCALL_memory_create, handle, PAGES * PAGE_BYTES, 0);
    return true;
}

static void end(void)
{
    task_kill(fixture.task, 0);
    object_release(&fixture.task->object);
    script_end();
}

static int64_t map(uint64_t memory, uint64_t address, uint64_t bytes, uint64_t offset,
                   uint64_t rights)
{
    const struct memory_mapping mapping = {address, bytes, offset, rights};
    memcpy((void *)((uintptr_t)user_world_stack(&script_world) + MAPPING_OFFSET), &mapping,
           sizeof(mapping));
    return script_call(SYSCALL_memory_map, fixture.handle, memory, MAPPING_AT);
}

/* With a pager; the mapping is the one that was written last. */
static int64_t map_paged(uint64_t mapping, uint64_t endpoint, uint64_t limit_ns)
{
    static struct script script;
    script_clear(&script, 0);
    script_add(&script, SYSCALL_memory_map_paged, fixture.handle, fixture.memory, mapping, endpoint,
               limit_ns, 0);
    script_start(&script);
    script_join(&script);
    return (int64_t)script.calls[0].rax;
}

static int64_t protect(uint64_t address, uint64_t bytes, uint64_t rights)
{
    static struct script script;
    script_clear(&script, 0);
    script_add(&script, SYSCALL_memory_protect, fixture.handle, address, bytes, rights, 0, 0);
    script_start(&script);
    script_join(&script);
    return (int64_t)script.calls[0].rax;
}

static int64_t duplicate(uint64_t handle, unsigned rights)
{
    return script_call(SYSCALL_handle_duplicate, handle, rights, 0);
}

/* The byte at an address of the task, as a thread of it would find or make it; NULL: refused. */
static volatile uint8_t *byte_at(uintptr_t address, uint32_t access)
{
    const char *reason;
    if (address_space_fault(&fixture.task->space, address, PAGE_FAULT_USER | access, &reason) !=
        OK) {
        return NULL;
    }
    uint64_t entry = user_tables_entry(&fixture.task->space.tables, address);
    return (volatile uint8_t *)physical_to_virtual(entry & PAGE_ADDRESS_MASK) +
           address % PAGE_BYTES;
}

static bool store(uintptr_t address, uint8_t value)
{
    volatile uint8_t *byte = byte_at(address, PAGE_FAULT_WRITE);
    if (byte != NULL) {
        *byte = value;
    }
    return byte != NULL;
}

static int load(uintptr_t address)
{
    const volatile uint8_t *byte = byte_at(address, 0);
    return byte != NULL ? *byte : -1;
}

TEST(SYS0050, "memory is made of whole pages, within limits, and its frames are the task's", ALWAYS)
{
    if (!begin(3)) {
        return;
    }
    test_check((int64_t)fixture.memory > 0);
    test_equal(script_call(SYSCALL_memory_create, fixture.handle, 0, 0), ERROR_INVALID);
    test_equal(script_call(SYSCALL_memory_create, fixture.handle, 100, 0), ERROR_INVALID);
    test_equal(script_call(SYSCALL_memory_create, fixture.handle,
                           (PAGE_LIST_PAGES_MAX + 1) * PAGE_BYTES, 0),
               ERROR_RANGE);
    test_equal(script_call(SYSCALL_memory_create, fixture.memory, PAGE_BYTES, 0), ERROR_WRONG_TYPE);
    int64_t weak = duplicate(fixture.handle, RIGHT_READ);
    test_equal(script_call(SYSCALL_memory_create, (uint64_t)weak, PAGE_BYTES, 0), ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_memory_create, fixture.handle, PAGE_BYTES, 0), ERROR_QUOTA);

    size_t used = fixture.task->quota->used;
    test_equal(map(fixture.memory, PLACE, PAGES * PAGE_BYTES, 0, RW), PLACE);
    test_equal(fixture.task->quota->used, used);
    test_equal(load(PLACE), 0);
    test_check(store(PLACE + 2 * PAGE_BYTES, 7));
    test_check(fixture.task->quota->used >= used + 2);
    test_equal(script_call(SYSCALL_handle_close, fixture.memory, 0, 0), OK);
    test_equal(load(PLACE + 2 * PAGE_BYTES), 7); /* the region keeps it */
    end();
}

TEST(SYS0051, "a clone has the content of its parent, and needs the right to read it", ALWAYS)
{
    if (!begin(4)) {
        return;
    }
    test_equal(map(fixture.memory, PLACE, PAGES * PAGE_BYTES, 0, RW), PLACE);
    test_check(store(PLACE, 1));
    int64_t blind = duplicate(fixture.memory, RIGHT_WRITE);
    test_equal(script_call(SYSCALL_memory_clone, fixture.handle, (uint64_t)blind, 0),
               ERROR_NO_RIGHT);
    test_equal(script_call(SYSCALL_memory_clone, fixture.handle, fixture.handle, 0),
               ERROR_WRONG_TYPE);
    int64_t clone = script_call(SYSCALL_memory_clone, fixture.handle, fixture.memory, 0);
    test_check(clone > 0);
    int64_t at = map((uint64_t)clone, 0, PAGES * PAGE_BYTES, 0, RW);
    test_check(at > 0);
    test_check(store(PLACE, 2));
    test_equal(load((uintptr_t)at), 1);
    test_check(store((uintptr_t)at, 3));
    test_equal(load(PLACE), 2);
    test_equal(script_call(SYSCALL_memory_clone, fixture.handle, fixture.memory, 0), ERROR_QUOTA);

    size_t limit = fixture.task->quota->limit;
    test_equal(script_call(SYSCALL_handle_close, (uint64_t)clone, 0, 0), OK);
    fixture.task->quota->limit = fixture.task->quota->used; /* no frame more */
    test_equal(script_call(SYSCALL_memory_clone, fixture.handle, fixture.memory, 0), ERROR_QUOTA);
    fixture.task->quota->limit = limit;
    end();
}

/* A page below 1 MiB that is neither RAM nor in use by the kernel: of video memory or of a ROM. */
static physical_t device_page(void)
{
    physical_t page = 0xa0000;
    while (page < 0x100000 && (mmio_is_ram(page, PAGE_BYTES) || mmio_is_mapped(page, PAGE_BYTES))) {
        page += PAGE_BYTES;
    }
    return page;
}

TEST(SYS0052,
     "physical memory is for those with the right to devices, and never RAM or the kernel's "
     "registers",
     ALWAYS)
{
    if (!begin(6)) {
        return;
    }
    uint32_t system, weak;
    physical_t frame, lapic = msr_read(MSR_APIC_BASE) & PAGE_ADDRESS_MASK;
    test_equal(handle_open(&script_handles, kernel_object_system(), RIGHTS_ALL, 0, &system), OK);
    test_equal(handle_open(&script_handles, kernel_object_system(), RIGHT_READ, 0, &weak), OK);
    test_equal(frame_allocate(FRAME_OWNER_TEST, &frame), OK);
    const struct {
        uint64_t handle, base, bytes;
        int expected;
    } wrong[] = {
        {weak, 0xa0000, PAGE_BYTES, ERROR_NO_RIGHT},
        {fixture.handle, 0xa0000, PAGE_BYTES, ERROR_WRONG_TYPE},
        {system, 0xa0001, PAGE_BYTES, ERROR_INVALID},
        {system, 0xa0000, 100, ERROR_INVALID},
        {system, 0xa0000, 0, ERROR_INVALID},
        {system, 1UL << cpu_physical_bits(), PAGE_BYTES, ERROR_RANGE},
        {system, (1UL << cpu_physical_bits()) - PAGE_BYTES, 2 * PAGE_BYTES, ERROR_RANGE},
        {system, 0, PAGE_BYTES, ERROR_EXISTS},
        {system, 0, 0xb0000, ERROR_EXISTS},
        {system, frame, PAGE_BYTES, ERROR_EXISTS},
        {system, virtual_to_physical(&fixture) & ~(PAGE_BYTES - 1), PAGE_BYTES, ERROR_EXISTS},
    };
    for (unsigned i = 0; i < array_length(wrong); i++) {
        test_equal(
            script_call(SYSCALL_memory_physical, wrong[i].handle, wrong[i].base, wrong[i].bytes),
            wrong[i].expected);
    }
    frame_free(frame, FRAME_OWNER_TEST);
    if (mmio_is_mapped(lapic, PAGE_BYTES)) { /* not by x2APIC */
        test_equal(script_call(SYSCALL_memory_physical, system, lapic, PAGE_BYTES), ERROR_EXISTS);
        test_equal(script_call(SYSCALL_memory_physical, system, lapic - PAGE_BYTES, 3 * PAGE_BYTES),
                   ERROR_EXISTS);
    }
    physical_t device = device_page();
    int64_t video = script_call(SYSCALL_memory_physical, system, device, PAGE_BYTES);
    test_check(video > 0);
    test_equal(script_call(SYSCALL_memory_clone, fixture.handle, (uint64_t)video, 0),
               ERROR_UNSUPPORTED);
    test_equal(map((uint64_t)video, PLACE, PAGE_BYTES, 0, RW), PLACE);
    test_check(byte_at(PLACE, 0) != NULL);
    uint64_t entry = user_tables_entry(&fixture.task->space.tables, PLACE);
    test_equal(entry & PAGE_ADDRESS_MASK, device);
    test_equal(entry & PAGE_UNCACHED, PAGE_UNCACHED);
    test_check(script_call(SYSCALL_memory_physical, system, device, PAGE_BYTES) > 0);
    test_equal(script_call(SYSCALL_memory_physical, system, device, PAGE_BYTES), ERROR_QUOTA);
    end();
}

TEST(
    SYS0053,
    "memory is mapped where the caller says or the kernel chooses, with rights that the handle has",
    ALWAYS)
{
    static const struct {
        uint64_t address, bytes, offset, rights;
        int expected;
    } wrong[] = {
        {PLACE + 1, PAGE_BYTES, 0, RW, ERROR_INVALID},
        {PLACE, 100, 0, RW, ERROR_INVALID},
        {PLACE, 0, 0, RW, ERROR_INVALID},
        {PLACE, PAGE_BYTES, 8, RW, ERROR_INVALID},
        {PLACE, PAGE_BYTES, 0, RIGHT_WRITE, ERROR_INVALID},
        {PLACE, PAGE_BYTES, 0, RW | RIGHT_EXECUTE, ERROR_INVALID},
        {PLACE, PAGE_BYTES, 0, RIGHT_READ | RIGHT_MANAGE, ERROR_INVALID},
        {PLACE, PAGE_BYTES, 0, RIGHT_READ | 1UL << 63, ERROR_INVALID},
        {PLACE, 5 * PAGE_BYTES, 0, RW, ERROR_RANGE},
        {PLACE, PAGE_BYTES, 4 * PAGE_BYTES, RW, ERROR_RANGE},
        {PLACE, PAGE_BYTES, UINT64_MAX - PAGE_BYTES + 1, RW, ERROR_RANGE},
        {USER_BASE - PAGE_BYTES, PAGE_BYTES, 0, RW, ERROR_RANGE},
        {USER_END - PAGE_BYTES, 2 * PAGE_BYTES, 0, RW, ERROR_RANGE},
        {DIRECT_MAP_BASE, PAGE_BYTES, 0, RW, ERROR_RANGE},
        {USER_BASE, PAGE_BYTES, 0, RW | MEMORY_MAP_STACK, ERROR_RANGE},
        {USER_WORLD_CODE, PAGE_BYTES, 0, RW, ERROR_EXISTS},
        {USER_WORLD_CODE - PAGE_BYTES, 2 * PAGE_BYTES, 0, RW, ERROR_EXISTS},
        {USER_WORLD_DATA + PAGE_BYTES, PAGE_BYTES, 0, RW | MEMORY_MAP_STACK, ERROR_EXISTS},
    };
    if (!begin(5)) {
        return;
    }
    struct address_space *space = &fixture.task->space;
    uint32_t regions = space->region_count;
    for (unsigned i = 0; i < array_length(wrong); i++) {
        test_equal(
            map(fixture.memory, wrong[i].address, wrong[i].bytes, wrong[i].offset, wrong[i].rights),
            wrong[i].expected);
    }
    test_equal(map(fixture.handle, PLACE, PAGE_BYTES, 0, RW), ERROR_WRONG_TYPE);
    test_equal(map(0, PLACE, PAGE_BYTES, 0, RW), ERROR_BAD_HANDLE);
    test_equal(script_call(SYSCALL_memory_map, fixture.handle, fixture.memory, USER_WORLD_TOP - 16),
               ERROR_FAULT);
    test_equal(script_call(SYSCALL_memory_map, fixture.handle, fixture.memory, DIRECT_MAP_BASE),
               ERROR_FAULT);
    space->region_count += SPACE_REGIONS_MAX;
    test_equal(map(fixture.memory, PLACE, PAGE_BYTES, 0, RW), ERROR_QUOTA);
    test_equal(map(fixture.memory, PLACE, PAGE_BYTES, 0, RW | MEMORY_MAP_STACK), ERROR_QUOTA);
    space->region_count -= SPACE_REGIONS_MAX;
    test_equal(space->region_count, regions);

    /* A part of the object, and what another handle may not. */
    uint64_t reader = (uint64_t)duplicate(fixture.memory, RIGHT_READ);
    test_equal(map(fixture.memory, PLACE, 2 * PAGE_BYTES, PAGE_BYTES, RW), PLACE);
    test_equal(map(reader, PLACE + 0x10000, PAGES * PAGE_BYTES, 0, RIGHT_READ), PLACE + 0x10000);
    test_check(store(PLACE, 9));
    test_equal(load(PLACE + 0x10000 + PAGE_BYTES), 9);
    test_check(!store(PLACE + 0x10000, 1));
    test_equal(map(reader, 0, PAGE_BYTES, 0, RW), ERROR_NO_RIGHT);
    test_equal(map(reader, 0, PAGE_BYTES, 0, RIGHT_READ | RIGHT_EXECUTE), ERROR_NO_RIGHT);
    test_equal(protect(PLACE + 0x10000, PAGE_BYTES, RW), ERROR_NO_RIGHT);
    test_equal(protect(PLACE + 0x10000, PAGE_BYTES, RIGHT_READ | RIGHT_EXECUTE), ERROR_NO_RIGHT);

    /* A stack has a guard below, wherever it lies. */
    int64_t stack = map(fixture.memory, 0, PAGES * PAGE_BYTES, 0, RW | MEMORY_MAP_STACK);
    int64_t next = map(fixture.memory, 0, PAGES * PAGE_BYTES, 0, RW | MEMORY_MAP_STACK);
    const char *reason = "";
    test_check(stack >= (int64_t)(SPACE_ANYWHERE + MEMORY_STACK_GUARD_BYTES));
    test_check(next >= stack + (int64_t)(PAGES * PAGE_BYTES + MEMORY_STACK_GUARD_BYTES));
    test_check(store((uintptr_t)stack, 1) && !store((uintptr_t)stack - 1, 1));
    test_equal(address_space_fault(space, (uintptr_t)next - MEMORY_STACK_GUARD_BYTES,
                                   PAGE_FAULT_USER | PAGE_FAULT_WRITE, &reason),
               ERROR_FAULT);
    test_check(strstr(reason, "overflow") != NULL);
    test_equal(load((uintptr_t)stack + PAGES * PAGE_BYTES), -1);

    task_kill(fixture.task, 0);
    test_equal(map(fixture.memory, PLACE, PAGE_BYTES, 0, RW), ERROR_PEER_DIED);
    end();
}

TEST(SYS0054, "memory is unmapped and gets other rights by whole pages, all of it or nothing",
     ALWAYS)
{
    static const struct {
        uint64_t address, bytes;
        int expected;
    } wrong[] = {
        {PLACE + 1, PAGE_BYTES, ERROR_INVALID},
        {PLACE, 100, ERROR_INVALID},
        {PLACE, 0, ERROR_INVALID},
        {0, PAGE_BYTES, ERROR_RANGE},
        {USER_END, PAGE_BYTES, ERROR_RANGE},
        {PLACE, UINT64_MAX - PAGE_BYTES + 1, ERROR_RANGE},
        {PLACE + 0x100000, PAGE_BYTES, ERROR_NOT_FOUND},
    };
    if (!begin(3)) {
        return;
    }
    struct address_space *space = &fixture.task->space;
    test_equal(map(fixture.memory, PLACE, PAGES * PAGE_BYTES, 0, RW), PLACE);
    test_check(store(PLACE, 1) && store(PLACE + PAGE_BYTES, 2));
    for (unsigned i = 0; i < array_length(wrong); i++) {
        test_equal(
            script_call(SYSCALL_memory_unmap, fixture.handle, wrong[i].address, wrong[i].bytes),
            wrong[i].expected);
        test_equal(protect(wrong[i].address, wrong[i].bytes, RIGHT_READ), wrong[i].expected);
    }
    test_equal(protect(PLACE, PAGE_BYTES, RW | RIGHT_EXECUTE), ERROR_INVALID);
    test_equal(protect(PLACE, PAGE_BYTES, RIGHT_MANAGE), ERROR_INVALID);
    test_equal(protect(PLACE, PAGE_BYTES, MEMORY_MAP_STACK | RW), ERROR_INVALID);
    test_equal(protect(PLACE, (PAGES + 1) * PAGE_BYTES, RIGHT_READ), ERROR_NOT_FOUND);
    space->region_count += SPACE_REGIONS_MAX;
    test_equal(script_call(SYSCALL_memory_unmap, fixture.handle, PLACE + PAGE_BYTES, PAGE_BYTES),
               ERROR_QUOTA);
    test_equal(protect(PLACE + PAGE_BYTES, PAGE_BYTES, RIGHT_READ), ERROR_QUOTA);
    space->region_count -= SPACE_REGIONS_MAX;
    test_check(store(PLACE + PAGE_BYTES, 3));

    test_equal(protect(PLACE, PAGE_BYTES, RIGHT_READ), OK);
    test_check(!store(PLACE, 4) && store(PLACE + PAGE_BYTES, 5));
    test_equal(protect(PLACE, PAGE_BYTES, RIGHT_READ | RIGHT_EXECUTE), OK);
    test_check(byte_at(PLACE, PAGE_FAULT_FETCH) != NULL);
    test_equal(protect(PLACE, PAGE_BYTES, 0), OK);
    test_equal(load(PLACE), -1);
    test_equal(script_call(SYSCALL_memory_unmap, fixture.handle, PLACE + PAGE_BYTES, PAGE_BYTES),
               OK);
    test_equal(load(PLACE + PAGE_BYTES), -1);
    test_equal(load(PLACE + 2 * PAGE_BYTES), 0);
    test_equal(map(fixture.memory, PLACE + PAGE_BYTES, PAGE_BYTES, PAGE_BYTES, RIGHT_READ),
               PLACE + PAGE_BYTES);
    test_equal(load(PLACE + PAGE_BYTES), 5);

    task_kill(fixture.task, 0);
    test_equal(protect(PLACE, PAGE_BYTES, RIGHT_READ), ERROR_PEER_DIED);
    test_equal(script_call(SYSCALL_memory_unmap, fixture.handle, PLACE, PAGE_BYTES),
               ERROR_PEER_DIED);
    end();
}

TEST(SYS0055, "memory that is committed has its frames at once, as far as the quota goes", ALWAYS)
{
    if (!begin(3)) {
        return;
    }
    uint64_t memory = fixture.memory;
    struct frame_quota *quota = fixture.task->quota;
    size_t limit = quota->limit;
    int64_t reader = duplicate(memory, RIGHT_READ);
    test_equal(script_call(SYSCALL_memory_commit, memory, 1, PAGE_BYTES), ERROR_INVALID);
    test_equal(script_call(SYSCALL_memory_commit, memory, 0, 100), ERROR_INVALID);
    test_equal(script_call(SYSCALL_memory_commit, memory, 0, 0), ERROR_INVALID);
    test_equal(script_call(SYSCALL_memory_commit, memory, 0, (PAGES + 1) * PAGE_BYTES),
               ERROR_RANGE);
    test_equal(script_call(SYSCALL_memory_commit, memory, PAGES * PAGE_BYTES, PAGE_BYTES),
               ERROR_RANGE);
    test_equal(script_call(SYSCALL_memory_commit, memory, UINT64_MAX - PAGE_BYTES + 1, PAGE_BYTES),
               ERROR_RANGE);
    test_equal(script_call(SYSCALL_memory_commit, (uint64_t)reader, 0, PAGE_BYTES), ERROR_NO_RIGHT);
    size_t used = quota->used;
    test_equal(script_call(SYSCALL_memory_commit, memory, PAGE_BYTES, 2 * PAGE_BYTES), OK);
    test_equal(quota->used, used + 3); /* two pages, and the list that names them */
    test_equal(script_call(SYSCALL_memory_commit, memory, PAGE_BYTES, 2 * PAGE_BYTES), OK);
    test_equal(quota->used, used + 3);
    quota->limit = quota->used + 1;
    test_equal(script_call(SYSCALL_memory_commit, memory, 0, PAGES * PAGE_BYTES), ERROR_QUOTA);
    test_equal(quota->used, quota->limit); /* the pages before the one that failed have theirs */
    quota->limit = limit;
    test_equal(script_call(SYSCALL_memory_commit, memory, 0, PAGES * PAGE_BYTES), OK);
    test_equal(quota->used, used + PAGES + 1);
    end();
}

TEST(SYS0056,
     "a region gets a pager by the right to call an endpoint, and gives it up with its end", ALWAYS)
{
    if (!begin(20)) {
        return;
    }
    int64_t endpoint = script_call(SYSCALL_endpoint_create, 0, 0, 0);
    int64_t receives = duplicate((uint64_t)endpoint, RIGHT_RECEIVE);
    struct object *object;
    test_equal(handle_find(&script_handles, (uint64_t)endpoint, OBJECT_ENDPOINT, 0, &object, NULL),
               OK);
    static const struct {
        uint64_t address, bytes, rights;
        int expected;
    } wrong[] = {
        {PLACE + 1, PAGE_BYTES, RW, ERROR_INVALID},
        {PLACE, PAGE_BYTES, RW | RIGHT_EXECUTE, ERROR_INVALID},
        {PLACE, PAGE_BYTES, RIGHT_READ | RIGHT_MANAGE, ERROR_INVALID},
        {PLACE, (PAGES + 1) * PAGE_BYTES, RW, ERROR_RANGE},
        {DIRECT_MAP_BASE, PAGE_BYTES, RW, ERROR_RANGE},
    };
    for (unsigned i = 0; i < array_length(wrong); i++) {
        test_equal(map(fixture.memory, wrong[i].address, wrong[i].bytes, 0, wrong[i].rights),
                   wrong[i].expected);
        test_equal(map_paged(MAPPING_AT, (uint64_t)endpoint, UINT64_MAX), wrong[i].expected);
    }
    test_equal(map(fixture.memory, PLACE, PAGES * PAGE_BYTES, 0, RW), PLACE);
    test_equal(map_paged(MAPPING_AT, (uint64_t)endpoint, UINT64_MAX), ERROR_EXISTS);
    test_equal(script_call(SYSCALL_memory_unmap, fixture.handle, PLACE, PAGES * PAGE_BYTES), OK);
    test_equal(map_paged(MAPPING_AT, (uint64_t)receives, UINT64_MAX), ERROR_NO_RIGHT);
    test_equal(map_paged(MAPPING_AT, fixture.memory, UINT64_MAX), ERROR_WRONG_TYPE);
    test_equal(map_paged(MAPPING_AT, 0, UINT64_MAX), ERROR_BAD_HANDLE);
    test_equal(map_paged(USER_END, (uint64_t)endpoint, UINT64_MAX), ERROR_FAULT);
    fixture.task->space.region_count += SPACE_REGIONS_MAX;
    test_equal(map_paged(MAPPING_AT, (uint64_t)endpoint, UINT64_MAX), ERROR_QUOTA);
    fixture.task->space.region_count -= SPACE_REGIONS_MAX;
    test_equal(object_handle_count(object), 2);
    test_equal(map_paged(MAPPING_AT, (uint64_t)endpoint, UINT64_MAX), PLACE);
    test_equal(object_handle_count(object), 3);
    test_equal(load(PLACE), -1); /* a thread without user mode asks nobody */
    /* Both parts of a region that is cut have the pager. */
    test_equal(script_call(SYSCALL_memory_unmap, fixture.handle, PLACE + PAGE_BYTES, PAGE_BYTES),
               OK);
    test_equal(object_handle_count(object), 3);
    test_equal(script_call(SYSCALL_memory_unmap, fixture.handle, PLACE, PAGE_BYTES), OK);
    test_equal(object_handle_count(object), 3);
    task_kill(fixture.task, 0);
    test_equal(object_handle_count(object), 2);
    test_equal(map_paged(MAPPING_AT, (uint64_t)endpoint, UINT64_MAX), ERROR_PEER_DIED);
    test_equal(object_handle_count(object), 2);
    object_release(object);
    end();
}
