/*
 * Red-black tree. Two rules keep it shallow: a red node has no red child, and every path from a
 * node down has the same number of black nodes. So no path is more than twice as long as another.
 * The left child is child[0] and the right one child[1], so that each case is written only once.
 */
#include "lib/tree.h"

static bool is_red(const struct tree_node *node)
{
    return node != NULL && node->red;
}

/* Returns which child of its parent a node is. */
static int side_of(const struct tree_node *node)
{
    return node->parent->child[1] == node;
}

/* Puts `fresh`, which may be null, where `old` hangs. */
static void replace(struct tree *tree, struct tree_node *old, struct tree_node *fresh)
{
    if (old->parent == NULL) {
        tree->root = fresh;
    } else {
        old->parent->child[side_of(old)] = fresh;
    }
    if (fresh != NULL) {
        fresh->parent = old->parent;
    }
}

/* Moves `node` one level down to `side`; its child on the other side takes its place. */
static void rotate(struct tree *tree, struct tree_node *node, int side)
{
    struct tree_node *rising = node->child[!side];

    node->child[!side] = rising->child[side];
    if (rising->child[side] != NULL) {
        rising->child[side]->parent = node;
    }
    replace(tree, node, rising);
    rising->child[side] = node;
    node->parent = rising;
}

/* The outermost node of a subtree on one side. */
static struct tree_node *outermost(struct tree_node *node, int side)
{
    while (node != NULL && node->child[side] != NULL) {
        node = node->child[side];
    }
    return node;
}

static struct tree_node *neighbour(const struct tree_node *node, int side)
{
    if (node->child[side] != NULL) {
        return outermost(node->child[side], !side);
    }
    while (node->parent != NULL && side_of(node) == side) {
        node = node->parent;
    }
    return node->parent;
}

struct tree_node *tree_next(const struct tree_node *node)
{
    return neighbour(node, 1);
}

struct tree_node *tree_previous(const struct tree_node *node)
{
    return neighbour(node, 0);
}

/*
 * Repairs the tree after an insertion: `node` is red, and its parent may be red too. Each step
 * changes colours and goes on two levels higher, or ends the repair by one or two rotations.
 */
static void repair_insertion(struct tree *tree, struct tree_node *node)
{
    while (is_red(node->parent)) {
        struct tree_node *parent = node->parent;
        struct tree_node *grand = parent->parent; /* there is one: the root is never red */
        int side = side_of(parent);

        if (is_red(grand->child[!side])) {
            parent->red = false;
            grand->child[!side]->red = false;
            grand->red = true;
            node = grand;
            continue;
        }
        if (side_of(node) != side) {
            rotate(tree, parent, side);
            parent = node;
        }
        parent->red = false;
        grand->red = true;
        rotate(tree, grand, !side);
        break;
    }
    tree->root->red = false;
}

void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key)
{
    struct tree_node *parent = NULL;
    struct tree_node **link = &tree->root;
    bool smallest = true;

    while (*link != NULL) {
        int side = key >= (*link)->key;

        parent = *link;
        link = &parent->child[side];
        if (side == 1) {
            smallest = false;
        }
    }
    *node = (struct tree_node){.key = key, .parent = parent, .red = true};
    *link = node;
    if (smallest) {
        tree->first = node;
    }
    repair_insertion(tree, node);
}

/*
 * Repairs the tree after a removal: the paths through `node`, a child of `parent` that may be NULL,
 * have one black node less than the others.
 */
static void repair_removal(struct tree *tree, struct tree_node *node, struct tree_node *parent)
{
    while (parent != NULL && !is_red(node)) {
        int side = parent->child[1] == node;
        struct tree_node *sibling =
            parent->child[!side]; /* not null, or the tree was wrong before */

        if (sibling->red) {
            sibling->red = false;
            parent->red = true;
            rotate(tree, parent, side);
            sibling = parent->child[!side];
        }
        if (!is_red(sibling->child[0]) && !is_red(sibling->child[1])) {
            sibling->red = true;
            node = parent;
            parent = node->parent;
            continue;
        }
        if (!is_red(sibling->child[!side])) {
            sibling->child[side]->red = false;
            sibling->red = true;
            rotate(tree, sibling, !side);
            sibling = parent->child[!side];
        }
        sibling->red = parent->red;
        parent->red = false;
        sibling->child[!side]->red = false;
        rotate(tree, parent, side);
        return;
    }
    if (node != NULL) {
        node->red = false;
    }
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *child, *parent;
    bool lost_red;

    if (tree->first == node) {
        tree->first = tree_next(node);
    }
    if (node->child[0] == NULL || node->child[1] == NULL) {
        child = node->child[node->child[0] == NULL];
        parent = node->parent;
        lost_red = node->red;
        replace(tree, node, child);
    } else { /* the next node, which has no left child, takes this one's place and colour */
        struct tree_node *next = outermost(node->child[1], 0);

        child = next->child[1];
        parent = next->parent == node ? next : next->parent;
        lost_red = next->red;
        if (parent != next) {
            replace(tree, next, child);
            next->child[1] = node->child[1];
            next->child[1]->parent = next;
        }
        replace(tree, node, next);
        next->child[0] = node->child[0];
        next->child[0]->parent = next;
        next->red = node->red;
    }
    if (!lost_red) {
        repair_removal(tree, child, parent);
    }
    tree_node_init(node);
}

struct tree_node *tree_find_at_most(const struct tree *tree, uint64_t key)
{
    struct tree_node *best = NULL;

    for (struct tree_node *node = tree->root; node != NULL;) {
        if (node->key <= key) {
            best = node;
            node = node->child[1];
        } else {
            node = node->child[0];
        }
    }
    return best;
}

struct tree_node *tree_find_at_least(const struct tree *tree, uint64_t key)
{
    struct tree_node *best = NULL;

    for (struct tree_node *node = tree->root; node != NULL;) {
        if (node->key >= key) {
            best = node;
            node = node->child[0];
        } else {
            node = node->child[1];
        }
    }
    return best;
}
