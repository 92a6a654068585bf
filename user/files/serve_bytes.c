/* What is done with open files: the protocols bytes and rings (user/protocol/rings.h). */
#include "lib/error.h"
#include "lib/string.h"
#include "user/files/archive_folder.h"
#include "user/files/opened.h"
#include "user/files/serve.h"
#include "user/files/share.h"

#define PROTOCOL_BYTES_SERVER
#define PROTOCOL_RINGS_SERVER
#include "user/bytes_protocol.h"
#include "user/rings_protocol.h"

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
    int node = opened_node(request->badge);
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
    node = opened_node(request->badge);
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

    return error != OK ? error : opened_handle(BADGE_RING | number, filler);
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

int64_t serve_opened(struct protocol_request *request)
{
    return request->label >> 8 == RINGS_PROTOCOL ? rings_dispatch(request)
                                                 : bytes_dispatch(request);
}
