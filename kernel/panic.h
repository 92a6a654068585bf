/* The end of the line: what a kernel bug looks like to the person who has to find it. */
#pragma once

/* Takes panics over from arch. Once, at boot. */
void panic_init(void);
