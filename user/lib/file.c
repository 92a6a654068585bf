/* See file.h. */
#include "user/lib/file.h"

#include "lib/error.h"
#include "lib/string.h"
#include "user/files_protocol.h"
#include "user/lib/print.h"
#include "user/lib/service.h"
#include "user/syscalls.h"

uint32_t files_server(void)
{
    static uint32_t server;

    if (server == 0 && service_find("files", &server) != OK) {
        server = 0;
    }
    return server;
}

int file_open(const char *path, uint64_t flags, struct stream *stream, uint64_t *size)
{
    uint32_t file, server = files_server();
    int64_t error =
        server == 0 ? ERROR_NOT_FOUND : files_open(server, flags, path, strlen(path), &file, size);

    if (error < 0) {
        return (int)error;
    }
    stream_open(stream, file);
    if ((flags & FILES_WRITE) == 0 && *size >= STREAM_RING_BYTES) {
        stream_ring_begin(stream);
    }
    return OK;
}

void file_close(struct stream *stream)
{
    file_ring_end(&stream->ring);
    ignore_result(sys_handle_close(stream->server)); /* file_open() opened it */
    stream->server = 0;
}

void file_complain(const char *name, int error)
{
    if (error != ERROR_KILLED) {
        complain("%s: %s", name[0] != '\0' ? name : "the input", error_name(error));
    }
}

int files_each(unsigned first, unsigned count, char **words,
               int (*work)(struct stream *stream, const char *name))
{
    int worst = 0;

    if (first == count) {
        return work(stream_input(), "");
    }
    for (unsigned i = first; i < count; i++) {
        struct stream stream;
        uint64_t size;
        int status = file_open(words[i], 0, &stream, &size);

        if (status != OK) {
            complain("%s: %s", words[i], error_name(status));
            status = 1;
        } else {
            status = work(&stream, words[i]);
            file_close(&stream);
        }
        if (worst >= 0 && (status < 0 || status > worst)) {
            worst = status;
        }
    }
    return worst;
}

int paths_each(unsigned count, char **words,
               int64_t (*operation)(uint32_t server, const void *path, size_t bytes))
{
    int status = 0;

    if (count < 2) {
        complain("usage: %s PATH ...", words[0]);
        return 2;
    }
    for (unsigned i = 1; i < count; i++) {
        int64_t error = operation(files_server(), words[i], strlen(words[i]));

        if (error < 0) {
            complain("%s: %s", words[i], error_name((int)error));
            status = 1;
        }
    }
    return status;
}
