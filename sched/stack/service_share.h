/*
 * Bounds the share of a CPU that a service takes. Services have one of the highest priorities, and
 * their work may never run out. So each works in slices, and after SERVICE_RUN_NS of work it sleeps
 * for as long as it has worked. In any period the time that it works is at most the time that it
 * rests, plus SERVICE_RUN_NS, plus its longest slice: about half of a CPU, also when there is
 * always more work.
 *
 * Work is measured by the clock. If interrupts or more urgent threads run within a slice, that time
 * counts as the service's work, so its real share is less than half.
 */
#pragma once

#include "lib/compiler.h"

#define SERVICE_RUN_NS 4000000UL

enum service { SERVICE_RECLAIMER, SERVICE_SWAPPER, SERVICE_CONSOLE, SERVICE_TEST, SERVICES };

struct service_times {
    uint64_t worked_ns;  /* in slices that have ended */
    uint64_t rested_ns;  /* before slices that have begun */
    uint64_t longest_ns; /* the longest slice */
};

/* Begins a slice of work. Context: THREAD, the service itself, between slices. */
void service_slice_begin(enum service service);

/* Ends the slice. Context: THREAD, the service itself, within a slice. */
void service_slice_end(enum service service);

/*
 * Ends the slice and begins the next one, and rests in between if the service has worked for
 * SERVICE_RUN_NS. Without a rest the next slice begins at the moment at which the last one ended.
 * Context: THREAD, the service itself, within a slice; may sleep.
 */
void service_slice_next(enum service service);

/*
 * Returns true if the service has worked for SERVICE_RUN_NS since it last rested enough, so that it
 * must rest after this slice. Context: THREAD, the service itself, within a slice.
 */
bool service_rest_is_due(enum service service);

/*
 * Sleeps as long as the service has worked without a rest to match, if that is SERVICE_RUN_NS or
 * more. Context: THREAD, the service itself, between slices; sleeps.
 */
void service_rest(enum service service);

/*
 * Returns how long the service has worked without a rest to match: less than SERVICE_RUN_NS and its
 * longest slice together. Context: ANY.
 */
uint64_t service_debt_ns(enum service service);

/* Reads the times, in the order worked, rested, longest. Context: ANY. */
struct service_times service_times_read(enum service service);
