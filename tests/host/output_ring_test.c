/* The ring between those who write to the console and its devices. */
#include <stdio.h>
#include <string.h>

#include "kernel/console/output_ring.h"
#include "tests/host/host.h"

static struct output_ring ring = OUTPUT_RING();

static bool text_put(const char *text)
{
    output_ring_add(&ring, text, strlen(text));
    return output_ring_end(&ring);
}

/* Takes everything; a style n is shown as <n>. */
static char *text_take(char *text, size_t size)
{
    size_t length = 0;
    struct output_item item;
    while ((item = output_ring_next(&ring)).kind != OUTPUT_NOTHING && length + 4 < size) {
        if (item.kind == OUTPUT_STYLE) {
            text[length++] = '<';
            text[length++] = (char)('0' + item.value);
            text[length++] = '>';
        } else {
            text[length++] = (char)item.value;
        }
        output_ring_take(&ring, item);
    }
    text[length] = '\0';
    return text;
}

HOST_TEST(HOR0001, "a text is not to be had before it is whole, and a NUL is no mark")
{
    char seen[64];
    output_ring_style(&ring, 3);
    output_ring_add(&ring, "a\0b", 3);
    host_equal(output_ring_next(&ring).kind, OUTPUT_NOTHING);
    output_ring_style(&ring, 0);
    host_check(output_ring_end(&ring));
    host_equal_text(text_take(seen, sizeof(seen)), "<3>ab<0>");
    host_equal(output_ring_taken(&ring), output_ring_written(&ring));
}

HOST_TEST(HOR0002, "a text without room leaves nothing, and the notice comes in its place")
{
    static char big[OUTPUT_RING_BYTES - 2], seen[OUTPUT_RING_BYTES + 8];
    char expected[128];
    memset(big, 'x', sizeof(big));
    output_ring_add(&ring, big, sizeof(big));
    host_check(output_ring_end(&ring));
    host_check(!text_put("abc"));
    host_check(!text_put("abc"));
    output_ring_tell_lost(&ring); /* the notice finds no room either, and is no text */
    host_equal(ring.lost, 2);
    host_equal(output_ring_written(&ring), sizeof(big));
    host_check(text_put("ok"));
    text_take(seen, sizeof(seen));
    host_equal_text(seen + sizeof(big), "ok");
    output_ring_tell_lost(&ring);
    host_check(text_put("end"));
    snprintf(expected, sizeof(expected),
             "# console: %u texts lost here: they came faster than they "
             "could be shown\nend",
             2U);
    host_equal_text(text_take(seen, sizeof(seen)), expected);
    host_equal(ring.lost, 0);
}

HOST_TEST(HOR0003, "a thousand texts go round the ring in order")
{
    char text[32], seen[64];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "line %u of the test", i);
        host_check(text_put(text));
        host_equal_text(text_take(seen, sizeof(seen)), text);
    }
    host_check(output_ring_written(&ring) > 2 * OUTPUT_RING_BYTES);
}
