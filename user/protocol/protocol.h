/*
 * How the list of a protocol is written. user/protocol/NAME.h defines NAME_PROTOCOL, a number that
 * no other protocol has, and NAME_OPERATIONS(OPERATION), one entry for each operation:
 *
 *   OPERATION(number, name, arguments, results, errors, sentence)
 *
 *   number     1, 2, 3 ... in the order of the list
 *   arguments  "name: type sentence" for each, separated by semicolons; the sentence may be left out:
 *                value   64 bits; up to six of them
 *                bytes   up to PROTOCOL_BYTES_MAX bytes; one at most
 *                handle  a handle, which needs RIGHT_TRANSFER; the sender keeps its own; one at most
 *   results    as the arguments, with up to five values
 *   errors     names of lib/error.h without ERROR_, separated by commas; they tell a reader what to
 *              expect, and each server may give others
 *
 * tools/build/protocols.py makes the stubs, the dispatch and docs/protocols.md of it.
 */
#pragma once

#include "lib/abi.h"

#define PROTOCOL_BYTES_MAX MESSAGE_BYTES_MAX
#define PROTOCOL_VALUES    5 /* of a result; the first word is the status */

/* The label of a message: the protocol in the upper half, the operation in the lower one. */
#define PROTOCOL_LABEL(protocol, operation) ((protocol) << 8 | (operation))
