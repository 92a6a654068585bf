/*
 * The share of a CPU that a service takes. Services have one of the highest priorities, and their
 * work may never run out. So each works in slices, and after SERVICE_RUN_NS of work it leaves its
 * CPU for as long as it has worked. Over any time its work is at most its rest, plus
 * SERVICE_RUN_NS, plus its longest slice: half of a CPU, under pressure too.
 *
 * Work is measured by the clock. Time in which something more urgent runs within a slice counts as
 * the service's own, so its share is rather less than half.
 */
#pragma once

#include "lib/compiler.h"

#define SERVICE_RUN_NS 4000000UL

enum service { SERVICE_RECLAIMER, SERVICE_SWAPPER, SERVICE_CONSOLE, SERVICE_TEST, SERVICES };

struct service_times {
    uint64_t worked_ns;  /* in slices that have ended */
    uint64_t rested_ns;  /* before slices that have begun */
    uint64_t longest_ns; /* slice */
};

/* A slice of work begins. Context: THREAD, the service itself. */
void service_slice_begin(enum service service);

/* The slice has ended. Context: THREAD, the service itself. */
void service_slice_end(enum service service);

/*
 * Ends the slice and begins the next one; in between it rests if that is due. Without a rest no
 * time passes between the two. Context: THREAD, the service itself, within a slice; may sleep.
 */
void service_slice_next(enum service service);

/*
 * Returns true if the service has worked for so long that it must rest after this slice. Context:
 * THREAD, the service itself, within a slice.
 */
bool service_rest_is_due(enum service service);

/* Rests if that is due. Context: THREAD, the service itself, between slices; sleeps. */
void service_rest(enum service service);

/*
 * Returns how long the service has worked without a rest to match: less than SERVICE_RUN_NS and its
 * longest slice together. Context: ANY.
 */
uint64_t service_debt_ns(enum service service);

/* Reads the times, in the order worked, rested, longest. Context: ANY. */
struct service_times service_times_read(enum service service);
