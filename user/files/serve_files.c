/* The protocol files (user/protocol/files.h): paths, in the archive's folder and in the tree. */
#include "lib/error.h"
#include "lib/string.h"
#include "user/files/archive_folder.h"
#include "user/files/opened.h"
#include "user/files/serve.h"

#define PROTOCOL_FILES_SERVER
#include "user/files_protocol.h"

/* What a path names: a node of the tree, a file of the archive, or the folder of the archive. */
struct place {
    enum { PLACE_NODE, PLACE_ARCHIVE_FILE, PLACE_ARCHIVE_FOLDER } kind;
    unsigned number;
};

/* Copies a path, terminated and without leading slashes. */
static int path_copy(char *to, const char *path, size_t bytes)
{
    while (bytes > 0 && *path == '/') {
        path++;
        bytes--;
    }
    if (bytes > FILES_PATH_BYTES) {
        return ERROR_TOO_LONG;
    }
    memcpy(to, path, bytes);
    to[bytes] = '\0';
    return memchr(to, '\0', bytes) != NULL ? ERROR_INVALID : OK;
}

static int place_find(const char *path, struct place *place)
{
    const char *name = archive_folder_path(path);
    int found;

    if (name == NULL) {
        found = file_tree_find(&tree, path);
        *place = (struct place){PLACE_NODE, (unsigned)found};
        return found < 0 ? found : OK;
    }
    *place = (struct place){PLACE_ARCHIVE_FOLDER, 0};
    if (*name == '\0') {
        return OK;
    }
    found = archive_folder_find(name);
    *place = (struct place){PLACE_ARCHIVE_FILE, (unsigned)found};
    return found < 0 ? found : OK;
}

/* Copies the path, and finds what it names. */
static int place_of(const char *path, size_t bytes, char *copy, struct place *place)
{
    int error = path_copy(copy, path, bytes);

    return error != OK ? error : place_find(copy, place);
}

static int64_t node_open(unsigned number, uint64_t flags, uint32_t *file, uint64_t *size)
{
    struct file_tree_node *node = &tree.nodes[number];

    if (node->kind != FILES_FILE) {
        return ERROR_INVALID;
    }
    if ((flags & FILES_TRUNCATE) != 0) {
        file_tree_truncate(&tree, number);
    }
    *size = node->size;
    return opened_handle(number | (uint64_t)node->generation << BADGE_NUMBER_BITS |
                             ((flags & FILES_WRITE) != 0 ? BADGE_WRITE : 0) |
                             ((flags & FILES_APPEND) != 0 ? BADGE_APPEND : 0),
                         file);
}

static int64_t files_serve_open(struct protocol_request *request maybe_unused, uint64_t flags,
                                const char *path, size_t path_bytes, uint32_t *file, uint64_t *size)
{
    char copy[FILES_PATH_BYTES + 1];
    struct place place;
    int error = place_of(path, path_bytes, copy, &place);

    if (error == ERROR_NOT_FOUND && (flags & FILES_CREATE) != 0) {
        int made = archive_folder_path(copy) != NULL ? ERROR_NO_RIGHT
                                                     : file_tree_make(&tree, copy, FILES_FILE);

        place = (struct place){PLACE_NODE, (unsigned)made};
        error = made < 0 ? made : OK;
    }
    if (error != OK) {
        return error;
    }
    if (place.kind == PLACE_NODE) {
        return node_open(place.number, flags, file, size);
    }
    if (place.kind == PLACE_ARCHIVE_FOLDER) {
        return ERROR_INVALID;
    }
    if ((flags & (FILES_WRITE | FILES_TRUNCATE)) != 0) {
        return ERROR_NO_RIGHT;
    }
    *size = archive_folder_file(place.number)->bytes;
    return opened_handle(place.number | BADGE_ARCHIVE, file);
}

static int64_t files_serve_status(struct protocol_request *request maybe_unused, const char *path,
                                  size_t path_bytes, uint64_t *kind, uint64_t *size)
{
    char copy[FILES_PATH_BYTES + 1];
    struct place place;
    int error = place_of(path, path_bytes, copy, &place);

    if (error != OK) {
        return error;
    }
    switch (place.kind) {
    case PLACE_ARCHIVE_FILE:
        *kind = FILES_FILE;
        *size = archive_folder_file(place.number)->bytes;
        break;
    case PLACE_ARCHIVE_FOLDER:
        *kind = FILES_DIRECTORY;
        *size = archive_folder_count();
        break;
    case PLACE_NODE:
    default:
        *kind = tree.nodes[place.number].kind;
        *size = tree.nodes[place.number].size + (place.number == TREE_ROOT); /* and the archive */
        break;
    }
    return OK;
}

/* Stores an entry of a directory as the answer. */
static int64_t entry_put(enum files_kind its_kind, uint64_t its_size, const char *its_name,
                         uint64_t *kind, uint64_t *size, char *name, size_t *name_bytes)
{
    *kind = its_kind;
    *size = its_size;
    *name_bytes = strlen(its_name);
    memcpy(name, its_name, *name_bytes);
    return OK;
}

static int64_t files_serve_list(struct protocol_request *request maybe_unused, uint64_t at,
                                const char *path, size_t path_bytes, uint64_t *kind, uint64_t *size,
                                char *name, size_t *name_bytes)
{
    char copy[FILES_PATH_BYTES + 1];
    struct place place;
    int error = place_of(path, path_bytes, copy, &place);

    if (error != OK) {
        return error;
    }
    if (place.kind == PLACE_ARCHIVE_FOLDER && at < archive_folder_count()) {
        const struct tar_file *file = archive_folder_file((unsigned)at);

        return entry_put(FILES_FILE, file->bytes, file->name, kind, size, name, name_bytes);
    }
    if (place.kind != PLACE_NODE) {
        return place.kind == PLACE_ARCHIVE_FILE ? ERROR_INVALID : ERROR_NOT_FOUND;
    }
    if (tree.nodes[place.number].kind != FILES_DIRECTORY) {
        return ERROR_INVALID;
    }
    if (place.number == TREE_ROOT && at-- == 0) {
        return entry_put(FILES_DIRECTORY, archive_folder_count(), ARCHIVE_FOLDER, kind, size, name,
                         name_bytes);
    }
    int entry = file_tree_entry(&tree, place.number, at);
    if (entry < 0) {
        return entry;
    }
    const struct file_tree_node *node = &tree.nodes[entry];
    return entry_put(node->kind, node->size, node->name, kind, size, name, name_bytes);
}

static int64_t files_serve_make_directory(struct protocol_request *request maybe_unused,
                                          const char *path, size_t path_bytes)
{
    char copy[FILES_PATH_BYTES + 1];
    int made = path_copy(copy, path, path_bytes);

    if (made == OK) {
        const char *inside = archive_folder_path(copy);

        made = inside == NULL    ? file_tree_make(&tree, copy, FILES_DIRECTORY)
               : *inside == '\0' ? ERROR_EXISTS
                                 : ERROR_NO_RIGHT;
    }
    return made < 0 ? made : OK;
}

static int64_t files_serve_remove(struct protocol_request *request maybe_unused, const char *path,
                                  size_t path_bytes)
{
    char copy[FILES_PATH_BYTES + 1];
    int error = path_copy(copy, path, path_bytes);

    if (error == OK) {
        error = archive_folder_path(copy) != NULL ? ERROR_NO_RIGHT : file_tree_remove(&tree, copy);
    }
    return error;
}

static int64_t files_serve_space(struct protocol_request *request maybe_unused, uint64_t *used,
                                 uint64_t *quota)
{
    *used = (uint64_t)tree.blocks_used * TREE_BLOCK_BYTES;
    *quota = TREE_QUOTA;
    return OK;
}

int64_t serve_files(struct protocol_request *request)
{
    return files_dispatch(request);
}
