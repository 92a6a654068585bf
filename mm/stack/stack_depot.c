/*
 * Chains of whole stacks, one for each NUMA node: see stack_depot.h. A depot's lock is taken with
 * interrupts off, and no other lock is taken under it.
 */
#include "mm/stack/stack_depot.h"

#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/spinlock.h"
#include "mm/frame/frame.h"
#include "mm/frame/numa_node.h"

struct stack_depot {
    struct spinlock lock;
    struct stack_chain stacks;
};

static struct stack_depot depots[NUMA_NODE_MAX] = {
    [0 ... NUMA_NODE_MAX - 1] = {.lock = SPINLOCK("stack depot")}};

uint32_t stack_depot_total;

static void total_add(uint32_t difference)
{
    __atomic_add_fetch(&stack_depot_total, difference, __ATOMIC_RELAXED);
}

static struct stack_depot *own_depot(void)
{
    return &depots[frame_node_of_cpu(cpu_number())];
}

static uint32_t depot_most(void)
{
    size_t most = frame_total_count() / STACK_DEPOT_FRAMES;
    return most < STACK_DEPOT_MAX ? (uint32_t)most : STACK_DEPOT_MAX;
}

bool stack_depot_put(struct stack_chain *chain)
{
    struct stack_depot *depot = own_depot();
    spin_lock(&depot->lock);
    bool room = depot->stacks.count + chain->count <= depot_most();
    if (room) {
        total_add(chain->count);
        stack_chain_join(&depot->stacks, chain);
    }
    spin_unlock_quietly(&depot->lock);
    return room;
}

uint32_t stack_depot_take(uint32_t *slots, uint32_t most)
{
    struct stack_depot *depot = own_depot();
    uint32_t count = 0;
    spin_lock(&depot->lock);
    while (count < most && depot->stacks.count != 0) {
        slots[count++] = stack_chain_pop(&depot->stacks);
    }
    total_add(-count);
    spin_unlock_quietly(&depot->lock);
    return count;
}

bool stack_depot_drain(void)
{
    bool any = false;
    for (unsigned node = 0; node < numa_node_count; node++) {
        struct stack_depot *depot = &depots[node];
        if (__atomic_load_n(&depot->stacks.count, __ATOMIC_RELAXED) != 0) {
            uint64_t flags = spin_lock_irq_save(&depot->lock);
            struct stack_chain all = depot->stacks;
            depot->stacks = (struct stack_chain){0};
            spin_unlock_irq_restore(&depot->lock, flags);
            any |= all.count != 0;
            total_add(-all.count);
            stack_reap_add_chain(&all);
        }
    }
    return any;
}

void stack_depot_count(uint32_t *slots, size_t *pages)
{
    for (unsigned node = 0; node < numa_node_count; node++) {
        uint64_t flags = spin_lock_irq_save(&depots[node].lock);
        stack_chain_count(&depots[node].stacks, slots, pages);
        spin_unlock_irq_restore(&depots[node].lock, flags);
    }
}
