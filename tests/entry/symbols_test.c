/* The symbol table, which backtraces and the monitor read. */
#include "lib/symbols.h"

#include "lib/string.h"
#include "tests/test.h"

extern const char __text_start[], __text_end[], __rodata_start[];

TEST(SYM0001, "a function is found by its first byte and by one inside", ALWAYS)
{
    uintptr_t start = (uintptr_t)symbol_find;
    uintptr_t offset = 99;

    test_check(strcmp(symbol_find(start, &offset), "symbol_find") == 0);
    test_equal(offset, 0);
    test_check(strcmp(symbol_find(start + 5, &offset), "symbol_find") == 0);
    test_equal(offset, 5);
    test_check(strcmp(symbol_find(start, NULL), "symbol_find") == 0);
}

TEST(SYM0002, "an address is found by its function's name, and none for an unknown name", ALWAYS)
{
    test_equal(symbol_address("symbol_address"), (uintptr_t)symbol_address);
    test_equal(symbol_address("symbol_addres"), 0);
    test_equal(symbol_address("symbol_address_"), 0);
    test_equal(symbol_address(""), 0);
}

TEST(SYM0003, "no address outside the kernel's text has a name", ALWAYS)
{
    test_check(symbol_find(0, NULL) == NULL);
    test_check(symbol_find((uintptr_t)__text_start - 1, NULL) == NULL);
    test_check(symbol_find((uintptr_t)__text_start, NULL) != NULL);
    test_check(symbol_find((uintptr_t)__text_end - 1, NULL) != NULL);
    test_check(symbol_find((uintptr_t)__text_end, NULL) == NULL);
    test_check(symbol_find((uintptr_t)__rodata_start, NULL) == NULL);
    test_check(symbol_find(~(uintptr_t)0, NULL) == NULL);
}

TEST(SYM0004, "every byte of the text has a name, each function up to the beginning of the next",
     ALWAYS)
{
    uintptr_t address = (uintptr_t)__text_start;
    uint32_t names = 0;

    /* Walk the text by the table: each address has either a new name or still the last one. */
    for (const char *last = NULL; address < (uintptr_t)__text_end; address++) {
        uintptr_t offset;
        const char *name = symbol_find(address, &offset);

        if (offset == 0) {
            names++;
            test_check(name != last);
            last = name;
        } else if (name != last) {
            test_fail(__FILE__, __LINE__, "0x%lx is named %s, in the middle of %s", address, name,
                      last);
            return;
        }
    }
    test_equal(names, symbol_count());
}
