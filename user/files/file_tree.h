/*
 * Files and directories in memory, of a fixed number of blocks: the quota. Portable; one thread
 * uses it. A node is named by its number and its generation, so what names a node that was removed
 * names nothing.
 */
#pragma once

#include "lib/compiler.h"
#include "user/protocol/files.h"

#define TREE_NODES       256
#define TREE_BLOCKS      256
#define TREE_BLOCK_BYTES 4096
#define TREE_QUOTA       ((uint64_t)TREE_BLOCKS * TREE_BLOCK_BYTES)
#define TREE_ROOT        0

struct file_tree_node {
    uint32_t generation;
    uint16_t parent;
    uint16_t first_block; /* TREE_BLOCKS: none */
    enum files_kind kind; /* 0: the node is free */
    uint64_t size;        /* of a file, in bytes; of a directory, entries */
    char name[FILES_NAME_BYTES + 1];
};

struct file_tree {
    struct file_tree_node nodes[TREE_NODES];
    uint16_t next[TREE_BLOCKS]; /* of the same file, or of the free blocks; TREE_BLOCKS: none */
    uint16_t free_block;
    unsigned blocks_used;
    uint8_t blocks[TREE_BLOCKS][TREE_BLOCK_BYTES];
};

/* Makes the tree of an empty root. Generations begin at `generation`. */
void file_tree_init(struct file_tree *tree, uint32_t generation);

/*
 * Finds the node of a path, which is terminated. Returns its number. Errors: ERROR_NOT_FOUND,
 * ERROR_INVALID (a name on the way is no directory), ERROR_TOO_LONG (a name).
 */
must_check int file_tree_find(const struct file_tree *tree, const char *path);

/*
 * Makes an empty file or directory. Returns its number. Errors: ERROR_EXISTS, ERROR_QUOTA (there is
 * no node), ERROR_INVALID (an empty name, "." or ".."), and those of file_tree_find() for its
 * directory.
 */
must_check int file_tree_make(struct file_tree *tree, const char *path, enum files_kind kind);

/*
 * Removes a file or an empty directory. Errors: those of file_tree_find(); ERROR_BUSY (the
 * directory is not empty), ERROR_NO_RIGHT (the root).
 */
must_check int file_tree_remove(struct file_tree *tree, const char *path);

/* Returns the number of a directory's entry at a place in the order of the names; ERROR_NOT_FOUND. */
must_check int file_tree_entry(const struct file_tree *tree, unsigned directory, uint64_t at);

/* Reads up to `bytes` bytes of a file from a position on. Returns how many. */
size_t file_tree_read(const struct file_tree *tree, unsigned file, uint64_t at, void *to,
                      size_t bytes);

/*
 * Writes bytes at a position, which may lie behind the end: what is between is zero. Returns OK, or
 * ERROR_QUOTA: nothing was written then.
 */
must_check int file_tree_write(struct file_tree *tree, unsigned file, uint64_t at, const void *from,
                               size_t bytes);

/* Removes all bytes of a file. */
void file_tree_truncate(struct file_tree *tree, unsigned file);
