/* Frames for all that a program will write, in advance, so that it goes on when there are no more. */
#pragma once

/*
 * Touches each page of the program's variables, and 64 KiB of the stack below the caller. For
 * main() of programs that must go on without memory, before other threads run; not for a program
 * with large variables that it may never use. If there is no memory for it, the kernel ends the
 * program.
 */
void program_touch(void);
