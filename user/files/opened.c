/* See opened.h. */
#include "user/files/opened.h"

#include "lib/error.h"
#include "user/syscalls.h"

struct file_tree tree;
static uint32_t endpoint;

void opened_begin(uint32_t of_service)
{
    endpoint = of_service;
    /* Files that an instance before had are gone: badges of it must name nothing. */
    file_tree_init(&tree, (uint32_t)sys_clock_read());
}

int64_t opened_handle(uint64_t badge, uint32_t *file)
{
    int64_t made = sys_endpoint_badge(endpoint, badge | BADGE_FILE,
                                      RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER);

    if (made < 0) {
        return made;
    }
    *file = (uint32_t)made;
    return OK;
}

int opened_node(uint64_t badge)
{
    unsigned number = BADGE_NUMBER(badge);
    const struct file_tree_node *node = &tree.nodes[number % TREE_NODES];

    return number < TREE_NODES && node->kind == FILES_FILE &&
                   node->generation == BADGE_GENERATION(badge)
               ? (int)number
               : ERROR_NOT_FOUND;
}
