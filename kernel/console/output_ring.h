/*
 * The ring between the code that writes to the console and the code that shows the text: a queue of
 * texts, each of which goes in whole or not at all. A change of style is a mark in the text,
 * because only the reader knows which devices show colours. The writers need a lock among
 * themselves, and so do the readers; a writer and a reader need no common lock.
 */
#pragma once

#include "lib/compiler.h"

#define OUTPUT_RING_BYTES 32768 /* a power of two */

struct output_ring {
    uint64_t written; /* all texts before this position are whole */
    uint64_t next;    /* where the writer goes on: above `written` within a text */
    uint64_t taken;   /* the reader has taken all before this position */
    uint32_t lost;    /* texts that found no room, and that no notice counts yet */
    bool full;        /* the text under way finds no room */
    uint32_t room;    /* in bytes: OUTPUT_RING_BYTES; tests make it smaller */
    char bytes[OUTPUT_RING_BYTES];
};

/* clang-format off */
#define OUTPUT_RING() {.room = OUTPUT_RING_BYTES}
/* clang-format on */

/* What the reader finds at its position: nothing, a byte, or the begin of a style. */
enum output_kind { OUTPUT_NOTHING, OUTPUT_BYTE, OUTPUT_STYLE };

struct output_item {
    enum output_kind kind;
    uint8_t value;  /* the byte, or the number of the style that begins */
    uint8_t length; /* of the item in the ring */
};

/*
 * Adds to the text under way: an output function for format_write(). NUL bytes, which would be
 * taken for marks, are left out. Context: ANY, with the writers' lock.
 */
void output_ring_add(void *ring, const char *text, size_t bytes);

/* Adds the mark that a style begins here. Context: ANY, with the writers' lock. */
void output_ring_style(struct output_ring *ring, uint8_t style);

/*
 * Ends the text under way: the reader may have it. Returns false if it found no room; then nothing
 * of it is in the ring, and it is counted as lost. Context: ANY, with the writers' lock.
 */
bool output_ring_end(struct output_ring *ring);

/*
 * If texts were lost, writes a notice with their number, if the notice finds room. Context: ANY,
 * with the writers' lock, between texts.
 */
void output_ring_tell_lost(struct output_ring *ring);

/* Returns the next item, and leaves it in the ring. Context: ANY, with the readers' lock. */
struct output_item output_ring_next(const struct output_ring *ring);

/* Removes the item that output_ring_next() returned. Context: ANY, with the readers' lock. */
void output_ring_take(struct output_ring *ring, struct output_item item);

/* Returns the position behind all whole texts. Context: ANY. */
static inline uint64_t output_ring_written(const struct output_ring *ring)
{
    return __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);
}

/* Returns the position up to which all has been taken. Context: ANY. */
static inline uint64_t output_ring_taken(const struct output_ring *ring)
{
    return __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE);
}
