/*
 * The error codes that functions return: OK for success, or a negative code. A function that can
 * fail is marked must_check, so that no error is ignored by accident.
 */
#pragma once

enum error {
    OK = 0,
    ERROR_NO_MEMORY = -1,      /* no frame, no slot or no object left */
    ERROR_INVALID = -2,        /* an argument is not valid */
    ERROR_NOT_FOUND = -3,      /* nothing has that name, number or address */
    ERROR_EXISTS = -4,         /* something has it already */
    ERROR_BUSY = -5,           /* in use; trying again later may help */
    ERROR_TIMEOUT = -6,        /* it did not happen in time */
    ERROR_RANGE = -7,          /* a number is too small or too large */
    ERROR_UNSUPPORTED = -8,    /* this machine or this build cannot do it */
    ERROR_CORRUPT = -9,        /* a table or a checksum is wrong */
    ERROR_KILLED = -10,        /* the thread was killed while it waited */
    ERROR_AGAIN = -11,         /* not now, and waiting is not allowed here */
    ERROR_BAD_HANDLE = -12,    /* no call ever returned this handle to the task */
    ERROR_STALE_HANDLE = -13,  /* the handle was closed, and its entry names another object now */
    ERROR_WRONG_TYPE = -14,    /* the handle names an object of another type */
    ERROR_NO_RIGHT = -15,      /* the handle lacks a right that the call needs */
    ERROR_PEER_DIED = -16,     /* the other side of the communication is gone */
    ERROR_FAULT = -17,         /* an address is not accessible */
    ERROR_QUOTA = -18,         /* the task may have no more of it */
    ERROR_TOO_LONG = -19,      /* a message or a text is longer than its limit */
    ERROR_CLOSED_HANDLE = -20, /* the handle was closed */
    ERROR_DEADLOCK = -21,      /* the thread would wait for itself */
};

/* Returns the name of an error code in words, for messages. Context: ANY. */
const char *error_name(int error);
