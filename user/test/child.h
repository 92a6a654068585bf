/* The roles of the program `test` if a test starts it as another program: `test child ROLE ...`. */
#pragma once

/* Plays the role that the words name, from the word behind `child` on. Returns the status. */
int child_main(unsigned count, char **words);
