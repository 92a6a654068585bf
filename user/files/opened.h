/*
 * Open files. Each is an endpoint handle whose badge says all about it, so nothing is left when its
 * client ends: the number of the node or of the archive's file, the node's generation, and bits. The
 * badge 0 is the service itself.
 */
#pragma once

#include "user/files/file_tree.h"

/* The bits. The badge of a ring (share.h) is its number, BADGE_FILE and BADGE_RING. */
#define BADGE_FILE              (1UL << 63)
#define BADGE_ARCHIVE           (1UL << 62)
#define BADGE_WRITE             (1UL << 61)
#define BADGE_APPEND            (1UL << 60)
#define BADGE_RING              (1UL << 59)
#define BADGE_NUMBER_BITS       16
#define BADGE_NUMBER(badge)     ((unsigned)(0xffff & (badge)))
#define BADGE_GENERATION(badge) ((uint32_t)((badge) >> BADGE_NUMBER_BITS))

extern struct file_tree tree; /* what is not in the archive */

/* Begins with an empty tree. `endpoint` is that of the service, which open files share. */
void opened_begin(uint32_t endpoint);

/* Makes a handle with a badge, which gets the bit BADGE_FILE. Errors: those of endpoint_badge(). */
must_check int64_t opened_handle(uint64_t badge, uint32_t *file);

/* Returns the number of the node that a badge names. Errors: ERROR_NOT_FOUND (it was removed). */
must_check int opened_node(uint64_t badge);
