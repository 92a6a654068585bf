/* Lists, trees, bitmaps and rings, compared with plain arrays. */
#include <string.h>

#include "lib/bitmap.h"
#include "lib/list.h"
#include "lib/ring.h"
#include "lib/tree.h"
#include "tests/host/host.h"

struct item {
    unsigned number;
    struct list_node node;
};

HOST_TEST(HDS0001, "a list keeps the order over random insertions, removals and appends")
{
    static struct item items[60];
    struct list list = LIST_INITIALIZER(list), other;
    unsigned model[60], count = 0;

    for (unsigned i = 0; i < array_length(items); i++) {
        items[i].number = i;
        list_node_init(&items[i].node);
    }
    for (unsigned step = 0; step < 20000; step++) {
        struct item *item = &items[host_random_below(array_length(items))];
        unsigned place = 0, index = 0;

        if (list_node_linked(&item->node)) {
            while (model[place] != item->number) {
                place++;
            }
            memmove(&model[place], &model[place + 1], (--count - place) * sizeof(model[0]));
            list_remove(&item->node);
        } else {
            place = (unsigned)host_random_below(count + 1);
            memmove(&model[place + 1], &model[place], (count++ - place) * sizeof(model[0]));
            model[place] = item->number;
            if (place == 0) {
                list_add_first(&list, &item->node);
            } else if (place == count - 1) {
                list_add_last(&list, &item->node);
            } else {
                list_insert_after(&items[model[place - 1]].node, &item->node);
            }
        }
        list_for_each (node, &list) {
            host_equal(list_entry(node, struct item, node)->number, model[index++]);
        }
        host_equal(index, count);
        host_equal(list_length(&list), count);
        host_equal(list_empty(&list), count == 0);
    }
    list_init(&other);
    list_append(&other, &list);
    host_check(list_empty(&list));
    host_equal(list_length(&other), count);
    list_append(&other, &list);
    host_equal(list_length(&other), count);
    host_check(count == 0 || list_first(&other) == &items[model[0]].node);
    host_check(count == 0 || list_last(&other) == &items[model[count - 1]].node);
    list_for_each_safe (node, following, &other) {
        list_remove(node);
    }
    host_check(list_empty(&other));
    host_check(list_take_first(&other) == NULL);
    host_check(list_take_last(&other) == NULL);
    list_add_first(&other, &items[0].node);
    host_check(list_next(&other, &items[0].node) == NULL);
    host_check(list_take_last(&other) == &items[0].node);
}

struct leaf {
    struct tree_node node;
    unsigned age;
};

/* Returns the black height of a subtree; checks every rule of the tree on the way. */
static unsigned black_height(const struct tree_node *node, const struct tree_node *parent)
{
    unsigned left, right;

    if (node == NULL) {
        return 1;
    }
    host_check(node->parent == parent);
    host_check(!node->red || parent == NULL || !parent->red);
    left = black_height(node->child[0], node);
    right = black_height(node->child[1], node);
    host_equal(left, right);
    return left + !node->red;
}

HOST_TEST(HDS0002, "a tree stays balanced and in order over random insertions and removals")
{
    static struct leaf leaves[200];
    struct tree tree = {0};
    unsigned age = 0, count = 0;

    for (unsigned i = 0; i < array_length(leaves); i++) {
        tree_node_init(&leaves[i].node);
    }
    for (unsigned step = 0; step < 20000; step++) {
        struct leaf *leaf = &leaves[host_random_below(array_length(leaves))];
        const struct leaf *before = NULL, *at_most = NULL, *at_least = NULL;
        uint64_t key = host_random_below(100);
        unsigned walked = 0;

        if (tree_node_linked(&leaf->node)) {
            tree_remove(&tree, &leaf->node);
            count--;
        } else if (step % 8000 < 4000 || count < 5) {
            leaf->age = age++;
            tree_insert(&tree, &leaf->node, host_random_below(100));
            count++;
        }
        host_check(tree.root == NULL || !tree.root->red);
        black_height(tree.root, NULL);
        for (struct tree_node *node = tree_first(&tree); node != NULL; node = tree_next(node)) {
            struct leaf *at = tree_entry(node, struct leaf, node);

            host_check(tree_previous(node) == (before == NULL ? NULL : &before->node));
            if (before != NULL) {
                host_check(before->node.key < node->key ||
                           (before->node.key == node->key && before->age < at->age));
            }
            if (node->key <= key) {
                at_most = at;
            }
            if (node->key >= key && at_least == NULL) {
                at_least = at;
            }
            before = at;
            walked++;
        }
        host_equal(walked, count);
        host_equal(tree_empty(&tree), count == 0);
        host_check(tree_find_at_most(&tree, key) == (at_most == NULL ? NULL : &at_most->node));
        host_check(tree_find_at_least(&tree, key) == (at_least == NULL ? NULL : &at_least->node));
    }
}

HOST_TEST(HDS0003, "a bitmap finds the same as an array of booleans")
{
    for (unsigned bits = 1; bits < 300; bits += 7) {
        uint64_t words[BITMAP_WORDS(300)];
        bool model[300] = {false};

        memset(words, 0xff, sizeof(words)); /* bits after the end must not matter */
        for (unsigned i = 0; i < bits; i++) {
            bitmap_clear(words, i);
        }
        for (unsigned step = 0; step < 400; step++) {
            unsigned bit = (unsigned)host_random_below(bits), found, set = 0;
            bool value = host_random_below(2);

            if (value) {
                bitmap_set(words, bit);
            } else {
                bitmap_clear(words, bit);
            }
            model[bit] = value;
            host_equal(bitmap_test(words, bit), value);
            bit = (unsigned)host_random_below(bits + 5);
            value = host_random_below(2);
            for (found = bit; found < bits && model[found] != value; found++) {
            }
            host_equal(bitmap_find(words, bits, bit, value),
                       found < bits ? found : (long long)BITMAP_NONE);
            for (unsigned i = 0; i < bits; i++) {
                set += model[i];
            }
            host_equal(bitmap_count(words, bits), set);
        }
        bitmap_fill(words, bits, true);
        host_equal(bitmap_count(words, bits), bits);
        host_equal(bitmap_find_clear(words, bits, 0), (long long)BITMAP_NONE);
        bitmap_fill(words, bits, false);
        host_equal(bitmap_find_set(words, bits, 0), (long long)BITMAP_NONE);
    }
}

static uint8_t bytes[16];
static struct byte_ring ring = BYTE_RING(bytes);

static void pass_through_ring(unsigned cpu)
{
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte;

        if (cpu == 0) {
            while (!byte_ring_put(&ring, (uint8_t)(i * 7))) {
            }
        } else {
            while (!byte_ring_take(&ring, &byte)) {
            }
            if (byte != (uint8_t)(i * 7)) {
                host_fail(__FILE__, __LINE__, "byte %u is 0x%x", i, byte);
                return;
            }
        }
    }
}

HOST_TEST(HDS0004,
          "a ring passes bytes from one CPU to another in order, through counters that wrap")
{
    ring.counters.written = ring.counters.taken = UINT32_MAX - 1000;
    host_cpus_run(2, pass_through_ring);
    host_equal(ring_count(&ring.counters), 0);
}

HOST_TEST(HDS0005, "a ring takes exactly its size and then reports that it is full")
{
    void *pointers[4], *pointer;
    struct pointer_ring small = POINTER_RING(pointers);

    for (unsigned round = 0; round < 10; round++) {
        for (uintptr_t i = 0; i < 4; i++) {
            host_check(pointer_ring_put(&small, (void *)(i + round)));
            host_equal(ring_count(&small.counters), i + 1);
        }
        host_check(!pointer_ring_put(&small, &small));
        for (uintptr_t i = 0; i < 4; i++) {
            host_check(pointer_ring_take(&small, &pointer));
            host_equal((uintptr_t)pointer, i + round);
        }
        host_check(!pointer_ring_take(&small, &pointer));
    }
}
