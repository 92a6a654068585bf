/*
 * The archive of user programs that the boot loader passed as its first module: a tar archive
 * (lib/tar.h), which make builds as build/boot.tar. It stays where the boot loader put it, and is
 * never changed. Programs get a handle with which they can read it.
 */
#pragma once

#include "boot/boot_info.h"
#include "kernel/object/object.h"
#include "lib/tar.h"

/*
 * Checks the first module in `boot` and takes it as the archive. Logs how many programs there are,
 * or why there are none. Context: boot, once, after kmalloc_init().
 */
void boot_archive_take(const struct boot_info *boot);

/*
 * Stores the archive's first byte in the direct map and its size. Returns false if there is no
 * archive, or if it was refused. Context: ANY.
 */
must_check bool boot_archive_get(const void **archive, size_t *bytes);

/* The rights that a program has to the archive. */
#define BOOT_ARCHIVE_RIGHTS (RIGHT_READ | RIGHT_DUPLICATE | RIGHT_TRANSFER)

/*
 * Returns the archive as an object of type OBJECT_MEMORY, which exists for ever; NULL if there is
 * no archive. The caller gets no reference. Context: ANY.
 */
struct object *boot_archive_object(void);
