/*
 * The file server. Below /boot lie the files of the boot archive, which can only be read.
 * Everything else is a tree in memory, which may grow up to a quota. A path begins at the root,
 * with or without a '/'.
 */
#pragma once

#include "user/protocol/protocol.h"

#define FILES_PROTOCOL   4
#define FILES_PATH_BYTES 255 /* of the longest path */
#define FILES_NAME_BYTES 63  /* of the longest name in a directory */

/* How a file is opened. */
#define FILES_WRITE    0x1 /* it may be written, else read */
#define FILES_CREATE   0x2 /* it is made if it does not exist */
#define FILES_TRUNCATE 0x4 /* what is in it is removed first */
#define FILES_APPEND   0x8 /* each write goes behind the last byte */

enum files_kind {
    FILES_FILE = 1,
    FILES_DIRECTORY,
};

/* clang-format off */
#define FILES_OPERATIONS(OPERATION) \
    OPERATION(1, open, "flags: value; path: bytes", "file: handle a stream, which others can be given; size: value", \
        "NOT_FOUND, NO_RIGHT, INVALID, TOO_LONG, QUOTA", \
        "Opens a file. ERROR_NO_RIGHT: it can only be read. ERROR_INVALID: it is a directory.") \
    OPERATION(2, status, "path: bytes", "kind: value one of enum files_kind; size: value in bytes, or the number of entries", \
        "NOT_FOUND, INVALID, TOO_LONG", \
        "Tells what there is at a path.") \
    OPERATION(3, list, "at: value the number of an entry, from 0; path: bytes", "kind: value; size: value; name: bytes", \
        "NOT_FOUND, INVALID, TOO_LONG", \
        "Gives the entries of a directory one by one, in the order of their names. ERROR_NOT_FOUND: there is no more.") \
    OPERATION(4, make_directory, "path: bytes", "", \
        "EXISTS, NOT_FOUND, NO_RIGHT, INVALID, TOO_LONG, QUOTA", \
        "Makes an empty directory.") \
    OPERATION(5, remove, "path: bytes", "", \
        "NOT_FOUND, NO_RIGHT, BUSY, INVALID, TOO_LONG", \
        "Removes a file or an empty directory. ERROR_BUSY: the directory is not empty.") \
    OPERATION(6, space, "", "used: value bytes; quota: value bytes", \
        "", \
        "Tells how much memory the tree uses, and how much it may use.")
/* clang-format on */
