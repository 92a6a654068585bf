/* What a first boot shows: stacks that grow page by page. */
#pragma once

/* Runs it. Thread context; takes about a second. */
void demonstration_run(void);
