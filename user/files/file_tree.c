/* See file_tree.h. */
#include "user/files/file_tree.h"

#include "lib/error.h"
#include "lib/string.h"

#define NO_BLOCK TREE_BLOCKS

void file_tree_init(struct file_tree *tree, uint32_t generation)
{
    memset(tree->nodes, 0, sizeof(tree->nodes));
    for (unsigned i = 0; i < TREE_NODES; i++) {
        tree->nodes[i].generation = generation;
    }
    for (unsigned i = 0; i < TREE_BLOCKS; i++) {
        tree->next[i] = (uint16_t)(i + 1);
    }
    tree->free_block = 0;
    tree->blocks_used = 0;
    tree->nodes[TREE_ROOT].kind = FILES_DIRECTORY;
    tree->nodes[TREE_ROOT].first_block = NO_BLOCK;
}

/* Takes the next name off a path. Returns its bytes; 0 at the end. */
static size_t name_next(const char **path, const char **name)
{
    size_t bytes = 0;

    while (**path == '/') {
        ++*path;
    }
    *name = *path;
    while ((*path)[bytes] != '\0' && (*path)[bytes] != '/') {
        bytes++;
    }
    *path += bytes;
    return bytes;
}

/* Returns the node of this name in a directory, or ERROR_NOT_FOUND. */
static int child_find(const struct file_tree *tree, unsigned directory, const char *name,
                      size_t bytes)
{
    for (unsigned i = TREE_ROOT + 1; i < TREE_NODES; i++) {
        const struct file_tree_node *node = &tree->nodes[i];

        if (node->kind != 0 && node->parent == directory && strlen(node->name) == bytes &&
            memcmp(node->name, name, bytes) == 0) {
            return (int)i;
        }
    }
    return ERROR_NOT_FOUND;
}

/* Goes from a directory along the first `names` names of a path. */
static int walk(const struct file_tree *tree, const char *path, unsigned names)
{
    int at = TREE_ROOT;
    const char *name;
    size_t bytes;

    while (names-- > 0 && (bytes = name_next(&path, &name)) > 0) {
        if (tree->nodes[at].kind != FILES_DIRECTORY) {
            return ERROR_INVALID;
        }
        if (bytes > FILES_NAME_BYTES) {
            return ERROR_TOO_LONG;
        }
        at = child_find(tree, (unsigned)at, name, bytes);
        if (at < 0) {
            return at;
        }
    }
    return at;
}

/* Counts the names of a path, and finds the last one. */
static unsigned names_count(const char *path, const char **last, size_t *last_bytes)
{
    unsigned count = 0;
    const char *name;
    size_t bytes;

    *last = path;
    *last_bytes = 0;
    while ((bytes = name_next(&path, &name)) > 0) {
        *last = name;
        *last_bytes = bytes;
        count++;
    }
    return count;
}

int file_tree_find(const struct file_tree *tree, const char *path)
{
    return walk(tree, path, UINT32_MAX);
}

/* "." and ".." would mean something else to a reader than to this tree. */
static bool name_is_good(const char *name, size_t bytes)
{
    return bytes > 0 && !(name[0] == '.' && (bytes == 1 || (bytes == 2 && name[1] == '.')));
}

int file_tree_make(struct file_tree *tree, const char *path, enum files_kind kind)
{
    const char *name;
    size_t bytes;
    unsigned count = names_count(path, &name, &bytes);
    int directory = count > 0 ? walk(tree, path, count - 1) : TREE_ROOT;

    if (directory < 0) {
        return directory;
    }
    if (count == 0) {
        return ERROR_EXISTS;
    }
    if (!name_is_good(name, bytes) || tree->nodes[directory].kind != FILES_DIRECTORY) {
        return ERROR_INVALID;
    }
    if (bytes > FILES_NAME_BYTES) {
        return ERROR_TOO_LONG;
    }
    if (child_find(tree, (unsigned)directory, name, bytes) >= 0) {
        return ERROR_EXISTS;
    }
    for (unsigned i = TREE_ROOT + 1; i < TREE_NODES; i++) {
        struct file_tree_node *node = &tree->nodes[i];

        if (node->kind == 0) {
            node->kind = kind;
            node->parent = (uint16_t)directory;
            node->first_block = NO_BLOCK;
            node->size = 0;
            memcpy(node->name, name, bytes);
            node->name[bytes] = '\0';
            tree->nodes[directory].size++;
            return (int)i;
        }
    }
    return ERROR_QUOTA;
}

int file_tree_remove(struct file_tree *tree, const char *path)
{
    int at = file_tree_find(tree, path);
    struct file_tree_node *node = at >= 0 ? &tree->nodes[at] : NULL;

    if (node == NULL) {
        return at;
    }
    if (at == TREE_ROOT) {
        return ERROR_NO_RIGHT;
    }
    if (node->kind == FILES_DIRECTORY && node->size > 0) {
        return ERROR_BUSY;
    }
    if (node->kind == FILES_FILE) {
        file_tree_truncate(tree, (unsigned)at);
    }
    tree->nodes[node->parent].size--;
    node->kind = 0;
    node->generation++;
    return OK;
}

int file_tree_entry(const struct file_tree *tree, unsigned directory, uint64_t at)
{
    int found = ERROR_NOT_FOUND;
    const char *before = "";

    /* The smallest name that is larger than the one before, `at` + 1 times. */
    for (uint64_t step = 0; step <= at; step++) {
        found = ERROR_NOT_FOUND;
        for (unsigned i = TREE_ROOT + 1; i < TREE_NODES; i++) {
            const struct file_tree_node *node = &tree->nodes[i];

            if (node->kind != 0 && node->parent == directory && strcmp(node->name, before) > 0 &&
                (found < 0 || strcmp(node->name, tree->nodes[found].name) < 0)) {
                found = (int)i;
            }
        }
        if (found < 0) {
            break;
        }
        before = tree->nodes[found].name;
    }
    return found;
}

/* Returns the block that holds byte number `at` of a file, or NO_BLOCK. */
static unsigned block_find(const struct file_tree *tree, const struct file_tree_node *node,
                           uint64_t at)
{
    unsigned block = node->first_block;

    while (block != NO_BLOCK && at >= TREE_BLOCK_BYTES) {
        block = tree->next[block];
        at -= TREE_BLOCK_BYTES;
    }
    return block;
}

static uint64_t blocks_for(uint64_t bytes)
{
    return (bytes + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES;
}

/* Gives a file zeroed blocks for this size. There must be enough of them. */
static void blocks_add(struct file_tree *tree, struct file_tree_node *node, uint64_t size)
{
    uint64_t have = blocks_for(node->size), want = blocks_for(size);
    uint16_t *link = &node->first_block;

    while (*link != NO_BLOCK) {
        link = &tree->next[*link];
    }
    for (; have < want; have++) {
        unsigned block = tree->free_block;

        tree->free_block = tree->next[block];
        tree->next[block] = NO_BLOCK;
        memset(tree->blocks[block], 0, TREE_BLOCK_BYTES);
        *link = (uint16_t)block;
        link = &tree->next[block];
        tree->blocks_used++;
    }
}

/* Returns where byte number `at` of a file lies, and how many of `bytes` bytes lie in the same block. */
static const uint8_t *span(const struct file_tree *tree, const struct file_tree_node *node,
                           uint64_t at, size_t *bytes)
{
    size_t offset = at % TREE_BLOCK_BYTES;

    if (*bytes > TREE_BLOCK_BYTES - offset) {
        *bytes = TREE_BLOCK_BYTES - offset;
    }
    return tree->blocks[block_find(tree, node, at)] + offset;
}

size_t file_tree_read(const struct file_tree *tree, unsigned file, uint64_t at, void *to,
                      size_t bytes)
{
    const struct file_tree_node *node = &tree->nodes[file];
    size_t done = 0, piece;

    if (at >= node->size) {
        return 0;
    }
    bytes = bytes < node->size - at ? bytes : (size_t)(node->size - at);
    for (; done < bytes; done += piece) {
        piece = bytes - done;
        const uint8_t *from = span(tree, node, at + done, &piece);
        memcpy((uint8_t *)to + done, from, piece);
    }
    return done;
}

int file_tree_write(struct file_tree *tree, unsigned file, uint64_t at, const void *from,
                    size_t bytes)
{
    struct file_tree_node *node = &tree->nodes[file];
    uint64_t end = at + bytes, size = end > node->size ? end : node->size;
    size_t piece;

    if (bytes == 0) {
        return OK;
    }
    if (end < at || end > TREE_QUOTA ||
        blocks_for(size) - blocks_for(node->size) > TREE_BLOCKS - tree->blocks_used) {
        return ERROR_QUOTA;
    }
    blocks_add(tree, node, size);
    node->size = size;
    for (size_t done = 0; done < bytes; done += piece) {
        piece = bytes - done;
        uint8_t *to = (uint8_t *)span(tree, node, at + done, &piece);
        memcpy(to, (const uint8_t *)from + done, piece);
    }
    return OK;
}

void file_tree_truncate(struct file_tree *tree, unsigned file)
{
    struct file_tree_node *node = &tree->nodes[file];
    unsigned block = node->first_block;

    while (block != NO_BLOCK) {
        unsigned next = tree->next[block];

        tree->next[block] = tree->free_block;
        tree->free_block = (uint16_t)block;
        tree->blocks_used--;
        block = next;
    }
    node->first_block = NO_BLOCK;
    node->size = 0;
}
