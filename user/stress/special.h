/*
 * Loads of one kind:
 *
 *   stress asleep COUNT SECONDS   starts so many programs that only sleep, and goes
 *   stress crashes COUNT          starts so many programs that crash, each in another way than the
 *                                 one before, and checks how they end
 *   stress pipes PAIRS SECONDS    pairs of threads send bytes to and fro by pipes (pipes.h)
 *   stress memory SECONDS [PAUSE] takes all memory there is, and holds it so long; with a pause
 *                                 before, again and again (memory.h)
 *   stress clients ENDS           calls the servers until that of the names has ended so often
 *                                 (clients.h)
 *   stress files STREAMS          reads one file by so many streams, and compares (files.h)
 *   stress rings ROUNDS           writes by rings, and lies to the file server in one (rings.h)
 *   stress bomb SECONDS           starts copies of itself, which do the same (bomb.h)
 */
#pragma once

/* Runs the load that the words name, and returns the program's status. */
int special_run(unsigned count, char **words);
