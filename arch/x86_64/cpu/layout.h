/*
 * The address map of the kernel half, in one place. linker.ld and the NASM files use these
 * constants too. Beside each address stand the four page-table indices (level 4, 3, 2, 1) that the
 * CPU takes from it, so that a reader can follow the walk by hand. mm/space/layout_check.c compares
 * the map with the live page tables at boot.
 *
 *   address             level 4 3 2 1        what
 *   0x0000000000010000    0   0   0  16     user mode, each task in page tables of its own
 *   0xffff800000000000  256   0   0   0     direct map of physical memory, up to 512 GiB
 *   0xffffc00000000000  384   0   0   0     stack object: 16 KiB stacks, 1,048,576 slots of 32 KiB
 *   0xffffc00800000000  384  32   0   0       32 KiB stacks, 524,288 slots of 64 KiB; and so on
 *   0xffffc03000000000  384 192   0   0       1 MiB stacks, 16,384 slots of 2 MiB
 *   0xffffc80000000000  400   0   0   0     recursive mapping: the page tables, as pages
 *   0xffffd00000000000  416   0   0   0     kernel regions, each between two guard pages
 *   0xffffe00000000000  448   0   0   0     entry stacks, 512 KiB of addresses for each CPU
 *   0xffffffff80000000  511 510   0   0     kernel image; physical 0 lies at its start
 */
#pragma once

#ifdef LINKER_SCRIPT
#define LAYOUT_ADDRESS(value) value
#else
#define LAYOUT_ADDRESS(value) value##UL
#endif

#define DIRECT_MAP_BASE  LAYOUT_ADDRESS(0xffff800000000000) /* 256 0 0 0 */
#define DIRECT_MAP_BYTES LAYOUT_ADDRESS(0x0000008000000000) /* 512 GiB: one level-4 entry */

#define STACK_OBJECT_BASE  LAYOUT_ADDRESS(0xffffc00000000000) /* 384 0 0 0 */
#define STACK_REGION_BYTES LAYOUT_ADDRESS(0x0000000800000000) /* 32 GiB for each size of stack */
#define STACK_SIZES        7 /* 16 KiB, 32 KiB, ..., 1 MiB: a region for each, in this order */
#define STACK_OBJECT_BYTES (STACK_REGION_BYTES * STACK_SIZES)

#define PAGE_RECURSIVE_BASE  LAYOUT_ADDRESS(0xffffc80000000000) /* 400 0 0 0 */
#define PAGE_RECURSIVE_INDEX 400

#define VMALLOC_BASE  LAYOUT_ADDRESS(0xffffd00000000000) /* 416 0 0 0 */
#define VMALLOC_BYTES LAYOUT_ADDRESS(0x0000008000000000) /* 512 GiB */

#define ENTRY_STACK_BASE       LAYOUT_ADDRESS(0xffffe00000000000) /* 448 0 0 0 */
#define ENTRY_STACK_CPU_STRIDE LAYOUT_ADDRESS(0x80000)            /* 512 KiB a CPU */
#define ENTRY_STACK_STRIDE     LAYOUT_ADDRESS(0x10000) /* 64 KiB a kind, guards included */

#define KERNEL_BASE     LAYOUT_ADDRESS(0xffffffff80000000) /* 511 510 0 0 */
#define KERNEL_PHYSICAL LAYOUT_ADDRESS(0x100000)           /* 1 MiB: where the image is loaded */

/*
 * User mode has the lower half. The first 64 KiB are never mapped, so that a null pointer faults
 * even with an offset added. The last page of the lower half is never mapped either. A SYSCALL at
 * the end of that page would leave an address in RCX that is not canonical, and SYSRET would raise
 * #GP in ring 0 (SDM volume 2, SYSRET).
 */
#define USER_BASE LAYOUT_ADDRESS(0x10000)
#define USER_END  LAYOUT_ADDRESS(0x00007ffffffff000)

/*
 * The top of the kernel stack of a thread that has a user mode: struct trap_frame, with the user's
 * registers, and 16 bytes that only FRED's frame fills (arch/x86_64/entry/user_context.h).
 */
#define USER_FRAME_ROOM LAYOUT_ADDRESS(192)

/*
 * A slot of the stack object has 16 KiB of guard, then 16 KiB of stack, and is aligned to 16 KiB.
 * In the regions of the larger sizes a slot is 2, 4, ..., 64 times as large: half guard, half
 * stack, and aligned to the size of the stack.
 */
#define STACK_BYTES      LAYOUT_ADDRESS(0x4000)
#define STACK_BYTES_MAX  (STACK_BYTES << (STACK_SIZES - 1))
#define STACK_SLOT_BYTES LAYOUT_ADDRESS(0x8000)

/*
 * An entry stack consists of ENTRY_STACK_AREAS areas. Each entry lowers the address at which the
 * next entry starts by one area, so a nested entry cannot overwrite a live frame. Builds whose code
 * uses more stack (-O0, sanitizers) have larger areas.
 */
#ifdef LARGE_ENTRY_STACKS
#define ENTRY_AREA_BYTES LAYOUT_ADDRESS(0x2000)
#else
#define ENTRY_AREA_BYTES LAYOUT_ADDRESS(0x1000)
#endif

/*
 * Stack bytes that must be left below a frame that is moved to a thread's stack. The preemption
 * that follows runs there with interrupts off, where a stack overflow would be a panic. The build
 * checks that they are enough (docs/stack-bounds.md).
 */
#ifdef LARGE_ENTRY_STACKS
#define ENTRY_CONTINUE_BYTES 2688
#else
#define ENTRY_CONTINUE_BYTES 1280
#endif

/*
 * How many bytes below the stack pointer a patch site touches the stack (patch_site.h). So with
 * stack=prefault a section with interrupts or preemption off has at least as many backed bytes. The
 * build fails if such a section can need more (docs/stack-bounds.md).
 */
#define SITE_TOUCH_BYTES ENTRY_AREA_BYTES

#define ENTRY_STACK_AREAS 3
#define ENTRY_STACK_BYTES (ENTRY_AREA_BYTES * ENTRY_STACK_AREAS)
