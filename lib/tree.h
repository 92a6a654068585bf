/*
 * Intrusive ordered tree (red-black) with a 64-bit key in each node: timeouts, addresses.
 * Insertion, removal and search take logarithmic time without recursion; the first node takes
 * constant time. Nodes with equal keys stay in the order of their insertion. The caller guards the
 * tree. Context of all functions: ANY.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

struct tree_node {
    uint64_t key; /* set by tree_insert(); changes only while the node is in no tree */
    struct tree_node *parent;
    struct tree_node *child[2]; /* smaller, larger */
    bool red;
};

/* An empty tree is all zeroes. */
struct tree {
    struct tree_node *root;
    struct tree_node *first; /* with the smallest key */
};

/* The object of type `type` whose member `member` is the node. */
#define tree_entry(node, type, member) container_of(node, type, member)

/* Initialises a node that is in no tree; needed once before tree_node_linked(). */
static inline void tree_node_init(struct tree_node *node)
{
    node->parent = node;
}

static inline bool tree_node_linked(const struct tree_node *node)
{
    return node->parent != node;
}

static inline bool tree_empty(const struct tree *tree)
{
    return tree->root == NULL;
}

/* Returns the node with the smallest key, or NULL. */
static inline struct tree_node *tree_first(const struct tree *tree)
{
    return tree->first;
}

/* Returns the next node in order of keys, or NULL. */
struct tree_node *tree_next(const struct tree_node *node);

/* Returns the previous node in order of keys, or NULL. */
struct tree_node *tree_previous(const struct tree_node *node);

/* Inserts the node behind all nodes with the same or a smaller key. */
void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key);

/* Removes the node, which must be in this tree. */
void tree_remove(struct tree *tree, struct tree_node *node);

/* Returns the last node whose key is at most `key`, or NULL. */
struct tree_node *tree_find_at_most(const struct tree *tree, uint64_t key);

/* Returns the first node whose key is at least `key`, or NULL. */
struct tree_node *tree_find_at_least(const struct tree *tree, uint64_t key);
