/*
 * The archive of user programs that the boot loader passed as its first module: a tar archive
 * (lib/tar.h), which make builds as build/boot.tar. It stays where the boot loader put it, and is
 * never changed.
 */
#pragma once

#include "boot/boot_info.h"
#include "lib/tar.h"

/*
 * Checks the first module in `boot` and takes it as the archive. Logs how many programs there are,
 * or why there are none. Context: boot, once, after the kernel's page tables are loaded.
 */
void boot_archive_take(const struct boot_info *boot);

/*
 * Stores the archive's first byte in the direct map and its size. Returns false if there is no
 * archive, or if it was refused. Context: ANY.
 */
must_check bool boot_archive_get(const void **archive, size_t *bytes);
