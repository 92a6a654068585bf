/* The count that the invariant build keeps: see depth_section.h. */
#include "arch/x86_64/cpu/depth_section.h"

#ifdef INVARIANT
PER_CPU(uint32_t, depth_sections);
#endif
