/* The PS/2 keyboard of a console, at an i8042 controller that the kernel has set up. */
#pragma once

#include "lib/compiler.h"

/* Opens the controller's ports with the handle that the program was given. Errors: those of ports_create(). */
must_check int keyboard_open(void);

/* Forgets which keys are held down. */
void keyboard_init(void);

/*
 * Takes a byte that has come. Stores the key (lib/key.h) that was pressed by it, or KEY_NONE.
 * Returns false if there is no byte.
 */
must_check bool keyboard_receive(int *key);
