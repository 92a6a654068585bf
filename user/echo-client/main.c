/*
 * echo-client CALLS: calls an echo server so many times, and checks every word, the label and every
 * byte of the answers. The server's endpoint is what its creator gave it.
 */
#include "lib/number.h"
#include "lib/random.h"
#include "lib/string.h"
#include "user/lib/print.h"
#include "user/lib/program.h"
#include "user/syscalls.h"

#define SEED      1
#define LONG_EACH 16 /* each 16th message is a long one */

static struct message_buffer buffer;
static uint8_t sent[MESSAGE_BYTES_MAX];
static struct random random;

/* Makes a message, and fills the buffer if it is a long one. */
static struct sys_message message_make(uint64_t number)
{
    unsigned bytes = number % LONG_EACH == 0 ? 1 + random_below(&random, MESSAGE_BYTES_MAX) : 0;
    struct sys_message message = {.tag = message_tag(random_below(&random, 0x10000), 0, bytes)};

    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        message.words[i] = random_next(&random);
    }
    for (unsigned i = 0; i < bytes; i++) {
        sent[i] = (uint8_t)random_next(&random);
    }
    memcpy(buffer.bytes, sent, bytes);
    return message;
}

static bool is_echo(const struct sys_message *question, const struct sys_message *answer)
{
    return answer->tag == question->tag &&
           memcmp(answer->words, question->words, sizeof(question->words)) == 0 &&
           memcmp(buffer.bytes, sent, message_tag_bytes(question->tag)) == 0;
}

/* Returns an error of the kernel, or the number of answers that were wrong. */
static int64_t calls_make(uint64_t calls)
{
    uint32_t endpoint = program_start.handles[PROGRAM_HANDLE_PARENT];
    int64_t wrong = 0;

    for (uint64_t i = 0; i < calls; i++) {
        struct sys_message question = message_make(i), answer = question;
        int64_t error = sys_ipc_call(endpoint, &answer);

        if (error != OK) {
            return error;
        }
        wrong += !is_echo(&question, &answer);
    }
    return wrong;
}

int main(unsigned count, char **words)
{
    uint64_t calls;
    int64_t wrong = sys_message_buffer_set((uintptr_t)&buffer);

    if (count != 2 || number_parse_u64(words[1], &calls) != OK) {
        printf("usage: echo-client CALLS");
        return 2;
    }
    random_begin(&random, SEED, 0);
    if (wrong == OK) {
        wrong = calls_make(calls);
    }
    if (wrong < 0) {
        printf("a call failed: %s", error_name((int)wrong));
    } else {
        printf("%lu calls, %ld wrong answers", calls, wrong);
    }
    return wrong == 0 ? 0 : 1;
}
