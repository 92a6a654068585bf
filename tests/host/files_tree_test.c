/* The tree of files in memory (user/files/file_tree.h). */
#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/host/host.h"
#include "user/files/file_tree.h"

static struct file_tree tree;

static unsigned make(const char *path, enum files_kind kind)
{
    int made = file_tree_make(&tree, path, kind);

    host_check(made > 0);
    return (unsigned)made;
}

HOST_TEST(HFT0001, "files and directories are made, found by their paths, listed in order, removed")
{
    file_tree_init(&tree, 1);
    unsigned d = make("d", FILES_DIRECTORY), b = make("/d/b", FILES_FILE);
    unsigned a = make("d//a", FILES_FILE);

    host_equal(file_tree_find(&tree, "/"), TREE_ROOT);
    host_equal(file_tree_find(&tree, "/d/b/"), b);
    host_equal(file_tree_entry(&tree, d, 0), a);
    host_equal(file_tree_entry(&tree, d, 1), b);
    host_equal(file_tree_entry(&tree, d, 2), ERROR_NOT_FOUND);
    host_equal(file_tree_remove(&tree, "d"), ERROR_BUSY);
    host_equal(file_tree_remove(&tree, "d/a"), OK);
    host_equal(file_tree_remove(&tree, "d/a"), ERROR_NOT_FOUND);
    host_equal(file_tree_remove(&tree, "d/b"), OK);
    host_equal(file_tree_remove(&tree, "d"), OK);
    host_equal(file_tree_entry(&tree, TREE_ROOT, 0), ERROR_NOT_FOUND);
    host_equal(tree.nodes[b].generation, 2); /* what named it names nothing */
}

HOST_TEST(HFT0002, "paths that name nothing are refused, each with its error")
{
    char name[FILES_NAME_BYTES + 2];

    file_tree_init(&tree, 1);
    make("f", FILES_FILE);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    host_equal(file_tree_find(&tree, "g"), ERROR_NOT_FOUND);
    host_equal(file_tree_find(&tree, "f/g"), ERROR_INVALID);
    host_equal(file_tree_find(&tree, name), ERROR_TOO_LONG);
    host_equal(file_tree_make(&tree, name, FILES_FILE), ERROR_TOO_LONG);
    host_equal(file_tree_make(&tree, "f", FILES_FILE), ERROR_EXISTS);
    host_equal(file_tree_make(&tree, "/", FILES_DIRECTORY), ERROR_EXISTS);
    host_equal(file_tree_make(&tree, "f/g", FILES_FILE), ERROR_INVALID);
    host_equal(file_tree_make(&tree, "g/h", FILES_FILE), ERROR_NOT_FOUND);
    host_equal(file_tree_make(&tree, "..", FILES_FILE), ERROR_INVALID);
    host_equal(file_tree_make(&tree, ".", FILES_FILE), ERROR_INVALID);
    host_equal(file_tree_remove(&tree, "/"), ERROR_NO_RIGHT);
    make("...", FILES_FILE);
}

HOST_TEST(HFT0003, "the quota holds: a write beyond it writes nothing, and what is removed is free")
{
    static uint8_t bytes[TREE_BLOCK_BYTES + 1];
    uint64_t at = 0;

    file_tree_init(&tree, 1);
    unsigned f = make("f", FILES_FILE), g = make("g", FILES_FILE);
    while (file_tree_write(&tree, f, at, bytes, sizeof(bytes)) == OK) {
        at += sizeof(bytes);
    }
    host_equal(tree.nodes[f].size, at);
    host_check(TREE_QUOTA - at < 2 * sizeof(bytes));
    host_equal(file_tree_write(&tree, g, UINT64_MAX, bytes, 2), ERROR_QUOTA);
    host_equal(file_tree_write(&tree, g, UINT64_MAX - 5, bytes, 5), ERROR_QUOTA);
    host_equal(file_tree_write(&tree, g, TREE_QUOTA, bytes, 1), ERROR_QUOTA);
    host_equal(file_tree_write(&tree, g, TREE_QUOTA, bytes, 0), OK);
    host_equal(tree.nodes[g].size, 0);
    host_equal(file_tree_remove(&tree, "f"), OK);
    host_equal(tree.blocks_used, 0);
    host_equal(file_tree_write(&tree, g, TREE_QUOTA - 1, bytes, 1), OK);
    host_equal(tree.blocks_used, TREE_BLOCKS);
    file_tree_truncate(&tree, g);
    host_equal(tree.blocks_used, 0);
    for (unsigned i = 0; i < TREE_NODES - 2; i++) {
        char name[16];
        format_string(name, sizeof(name), "n%u", i);
        make(name, FILES_FILE);
    }
    host_equal(file_tree_make(&tree, "more", FILES_FILE), ERROR_QUOTA);
}

#define FILES 4
#define BYTES 20000

HOST_TEST(HFT0004, "files have the bytes that were written, whatever is written, cut and removed")
{
    static uint8_t model[FILES][BYTES], got[BYTES];
    static uint64_t size[FILES];
    static int node[FILES];

    file_tree_init(&tree, 1);
    for (unsigned i = 0; i < FILES; i++) {
        node[i] = ERROR_NOT_FOUND;
    }
    for (unsigned round = 0; round < 20000; round++) {
        unsigned i = (unsigned)host_random_below(FILES);
        uint64_t at = host_random_below(BYTES), count = host_random_below(BYTES - at + 1);
        char name[2] = {(char)('a' + i), '\0'};

        if (node[i] < 0) {
            node[i] = (int)make(name, FILES_FILE);
            size[i] = 0;
            memset(model[i], 0, BYTES);
        }
        switch (host_random_below(8)) {
        case 0:
            host_equal(file_tree_remove(&tree, name), OK);
            node[i] = ERROR_NOT_FOUND;
            break;
        case 1:
            file_tree_truncate(&tree, (unsigned)node[i]);
            size[i] = 0;
            memset(model[i], 0, BYTES);
            break;
        case 2:
        case 3:
            for (uint64_t byte = at; byte < at + count; byte++) {
                model[i][byte] = (uint8_t)host_random();
            }
            host_equal(file_tree_write(&tree, (unsigned)node[i], at, model[i] + at, count), OK);
            size[i] = count > 0 && at + count > size[i] ? at + count : size[i];
            break;
        default: {
            size_t read = file_tree_read(&tree, (unsigned)node[i], at, got, count);
            uint64_t left = at < size[i] ? size[i] - at : 0;

            host_equal(read, count < left ? count : left);
            host_equal(memcmp(got, model[i] + at, read), 0);
            break;
        }
        }
    }
}
