/*
 * Searches the symbol table that tools/build/symbols.py writes. One array has the offset of each
 * function from the first one, in ascending order, and at its end the offset at which the last
 * function ends. A second array says where each name begins. In the first of the two links the
 * table is empty, and nothing is found.
 */
#include "lib/symbols.h"

/* In the assembly file that tools/build/symbols.py writes. */
extern const uint32_t symbol_table_count;
extern const uint64_t symbol_table_base;
extern const uint32_t symbol_table_offsets[];
extern const uint32_t symbol_table_names[];
extern const char symbol_table_text[];

const char *symbol_find(uintptr_t address, uintptr_t *offset)
{
    uint32_t below = 0;
    uint32_t above = symbol_table_count;
    uintptr_t wanted = address - symbol_table_base;

    if (above == 0 || address < symbol_table_base || wanted >= symbol_table_offsets[above]) {
        return NULL;
    }
    /* offsets[below] <= wanted < offsets[above], halved until they are neighbours. */
    while (above - below > 1) {
        uint32_t middle = below + (above - below) / 2;

        if (symbol_table_offsets[middle] <= wanted) {
            below = middle;
        } else {
            above = middle;
        }
    }
    if (offset != NULL) {
        *offset = wanted - symbol_table_offsets[below];
    }
    return symbol_table_text + symbol_table_names[below];
}

uintptr_t symbol_address(const char *name)
{
    for (uint32_t index = 0; index < symbol_table_count; index++) {
        const char *candidate = symbol_table_text + symbol_table_names[index];
        size_t length = 0;

        while (name[length] != '\0' && name[length] == candidate[length]) {
            length++;
        }
        if (name[length] == candidate[length]) {
            return symbol_table_base + symbol_table_offsets[index];
        }
    }
    return 0;
}

uint32_t symbol_count(void)
{
    return symbol_table_count;
}
