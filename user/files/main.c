/*
 * The file server (user/protocol/files.h). A badge of 0 is the service itself; each open file has a
 * badge of its own, which says all about it, so nothing is left when its client ends.
 */
#include "lib/string.h"
#include "user/files/archive_folder.h"
#include "user/files/file_tree.h"
#include "user/files/share.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/lib/touch.h"
#include "user/syscalls.h"

#define PROTOCOL_FILES_SERVER
#define PROTOCOL_BYTES_SERVER
#define PROTOCOL_RINGS_SERVER
#include "user/bytes_protocol.h"
#include "user/files_protocol.h"
#include "user/rings_protocol.h"

/*
 * The badge of an open file: number of the node or of the archive's file, generation, and these. Of
 * a ring: its number, BADGE_FILE and BADGE_RING.
 */
#define BADGE_FILE              (1UL << 63)
#define BADGE_ARCHIVE           (1UL << 62)
#define BADGE_WRITE             (1UL << 61)
#define BADGE_APPEND            (1UL << 60)
#define BADGE_RING              (1UL << 59)
#define BADGE_NUMBER_BITS       16
#define BADGE_NUMBER(badge)     ((unsigned)(0xffff & (badge)))
#define BADGE_GENERATION(badge) ((uint32_t)((badge) >> BADGE_NUMBER_BITS))

static struct file_tree tree;
static uint32_t endpoint;

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

static int64_t badge_handle(uint64_t badge, uint32_t *file)
{
    int64_t made = sys_endpoint_badge(endpoint, badge | BADGE_FILE,
                                      RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER);

    if (made < 0) {
        return made;
    }
    *file = (uint32_t)made;
    return OK;
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
    return badge_handle(number | (uint64_t)node->generation << BADGE_NUMBER_BITS |
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
    return badge_handle(place.number | BADGE_ARCHIVE, file);
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

/* Returns the number of the node that a badge names; ERROR_NOT_FOUND if it was removed. */
static int badge_node(uint64_t badge)
{
    unsigned number = BADGE_NUMBER(badge);
    const struct file_tree_node *node = &tree.nodes[number % TREE_NODES];

    return number < TREE_NODES && node->kind == FILES_FILE &&
                   node->generation == BADGE_GENERATION(badge)
               ? (int)number
               : ERROR_NOT_FOUND;
}

static int64_t bytes_serve_read(struct protocol_request *request, uint64_t at, uint64_t most,
                                char *data, size_t *data_bytes)
{
    size_t room = most < PROTOCOL_BYTES_MAX ? most : PROTOCOL_BYTES_MAX;

    if ((request->badge & BADGE_ARCHIVE) != 0) {
        unsigned number = BADGE_NUMBER(request->badge);

        if (number >= archive_folder_count()) {
            return ERROR_NOT_FOUND;
        }
        const struct tar_file *file = archive_folder_file(number);
        size_t left = at < file->bytes ? file->bytes - (size_t)at : 0;
        *data_bytes = room < left ? room : left;
        memcpy(data, (const char *)file->data + (left > 0 ? at : 0), *data_bytes);
        return OK;
    }
    int node = badge_node(request->badge);
    if (node < 0) {
        return node;
    }
    *data_bytes = file_tree_read(&tree, (unsigned)node, at, data, room);
    return OK;
}

static int64_t bytes_serve_write(struct protocol_request *request, uint64_t at, const char *data,
                                 size_t data_bytes, uint64_t *written)
{
    int node;

    if ((request->badge & BADGE_WRITE) == 0) {
        return ERROR_NO_RIGHT;
    }
    node = badge_node(request->badge);
    if (node < 0) {
        return node;
    }
    if (at == BYTES_END || (request->badge & BADGE_APPEND) != 0) {
        at = tree.nodes[node].size;
    }
    *written = data_bytes;
    return file_tree_write(&tree, (unsigned)node, at, data, data_bytes);
}

static int64_t rings_serve_begin(struct protocol_request *request, uint32_t *filler)
{
    uint64_t number;
    int error = (request->badge & BADGE_RING) != 0 ? ERROR_UNSUPPORTED
                                                   : share_make(request->badge, &number);

    return error != OK ? error : badge_handle(BADGE_RING | number, filler);
}

/* The ring that a request is for; NULL: it is gone, or the request is for an open file. */
static struct share *ring_of(const struct protocol_request *request)
{
    bool is_ring = (request->badge & BADGE_RING) != 0;

    return is_ring ? share_find(request->badge & (BADGE_RING - 1)) : NULL;
}

static int64_t rings_serve_memory(struct protocol_request *request, uint32_t *memory,
                                  uint64_t *bytes)
{
    const struct share *share = ring_of(request);

    if (share == NULL) {
        return ERROR_NOT_FOUND;
    }
    request->answer_handle_is_lent = true;
    *memory = share->shared;
    *bytes = SHARE_BYTES;
    return OK;
}

/* A client may take bytes out all the while, so this ends when as many as the ring holds were written. */
static int64_t rings_serve_fill(struct protocol_request *request, uint64_t at, uint64_t *filled)
{
    struct share *share = ring_of(request);
    size_t bytes = 1;
    int64_t room, error = OK;
    uint8_t *to;

    if (share == NULL) {
        return ERROR_NOT_FOUND;
    }
    if ((share->stream & BADGE_WRITE) != 0) {
        return ERROR_NO_RIGHT;
    }
    struct protocol_request stream = {.badge = share->stream};
    *filled = 0;
    while (error == OK && bytes > 0 && *filled < share->ring.capacity &&
           (room = ring_room(&share->ring, &to)) != 0) {
        bytes = 0;
        error = room < 0
                    ? room
                    : bytes_serve_read(&stream, at + *filled, (uint64_t)room, (char *)to, &bytes);
        ring_written(&share->ring, bytes);
        *filled += bytes;
    }
    return error;
}

/*
 * A client may put more into the ring all the while, so this ends when as many bytes as the ring
 * holds were taken.
 */
static int64_t rings_serve_drain(struct protocol_request *request, uint64_t at, uint64_t *drained)
{
    struct share *share = ring_of(request);
    int64_t bytes, error = OK;
    uint64_t taken = 0, written;
    uint8_t *from;

    if (share == NULL) {
        return ERROR_NOT_FOUND;
    }
    if ((share->stream & BADGE_WRITE) == 0) {
        return ERROR_NO_RIGHT;
    }
    struct protocol_request stream = {.badge = share->stream};
    *drained = 0;
    while (taken < share->ring.capacity && (bytes = ring_content(&share->ring, &from)) != 0) {
        if (bytes < 0) {
            return bytes;
        }
        bytes = bytes < TREE_BLOCK_BYTES ? bytes : TREE_BLOCK_BYTES;
        if (error == OK) { /* else what is left is dropped */
            error = bytes_serve_write(&stream, at == BYTES_END ? at : at + *drained,
                                      (const char *)from, (size_t)bytes, &written);
            *drained += error == OK ? written : 0;
        }
        ring_taken(&share->ring, (size_t)bytes);
        taken += (uint64_t)bytes;
    }
    return *drained > 0 ? OK : error;
}

/* The service gets the protocol files, an open file the protocols bytes and rings. */
static int64_t dispatch(struct protocol_request *request)
{
    if ((request->badge & BADGE_FILE) == 0) {
        return files_dispatch(request);
    }
    return request->label >> 8 == RINGS_PROTOCOL ? rings_dispatch(request)
                                                 : bytes_dispatch(request);
}

int main(unsigned count maybe_unused, char **words maybe_unused)
{
    int error;

    program_touch();
    endpoint = program_start.handles[PROGRAM_HANDLE_PARENT];
    archive_folder_read();
    /* Files that an instance before had are gone: badges of it must name nothing. */
    file_tree_init(&tree, (uint32_t)sys_clock_read());
    error = protocol_serve(endpoint, dispatch);
    printf("it ends: %s", error_name(error));
    return error == ERROR_PEER_DIED ? 0 : 1;
}
