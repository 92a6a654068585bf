/*
 * The error codes that functions return: OK for success, or a negative code. A function that can
 * fail is marked must_check, so that no error is ignored by accident.
 */
#pragma once

enum error {
    OK = 0,
    ERROR_NO_MEMORY = -1,   /* no frame, no slot or no object left */
    ERROR_INVALID = -2,     /* an argument is not valid */
    ERROR_NOT_FOUND = -3,   /* nothing has that name, number or address */
    ERROR_EXISTS = -4,      /* something has it already */
    ERROR_BUSY = -5,        /* in use; trying again later may help */
    ERROR_TIMEOUT = -6,     /* it did not happen in time */
    ERROR_RANGE = -7,       /* a number is too small or too large */
    ERROR_UNSUPPORTED = -8, /* this machine or this build cannot do it */
    ERROR_CORRUPT = -9,     /* a table or a checksum is wrong */
    ERROR_KILLED = -10,     /* the thread was killed while it waited */
    ERROR_AGAIN = -11,      /* not now, and waiting is not allowed here */
};

/* Returns the name of an error code in words, for messages. Context: ANY. */
const char *error_name(int error);
