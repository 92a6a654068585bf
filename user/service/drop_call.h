/* The calls in whose midst a client is ended (drop.h). */
#pragma once

#include "user/lib/paged.h"
#include "user/lib/stream.h"
#include "user/service/victim.h"

struct drop_call {
    const char *holds; /* the service whose server is stopped with the call */
    const char *ends;  /* the service whose server ends then; NULL: the client does */
    /* These return errors as negative codes. The client prepares and makes the call. */
    int64_t (*prepare)(struct drop_call *call);
    int64_t (*make)(struct drop_call *call);
    int64_t (*check)(struct drop_call *call); /* by another program, when the client is gone */
    /* What the call uses, if it does: */
    const struct victim *victim;
    uint32_t service;
    struct stream file;
    struct paged paged;
};

/* Looks for a call by its name. Errors: those of victim_find(). */
must_check int64_t drop_call_find(const char *name, struct drop_call *call);
