/* The ring of keys: what a look for one key leaves, and what is said of keys that are lost. */
#include "arch/x86_64/cpu/cpu.h"
#include "kernel/console/console.h"
#include "lib/key.h"
#include "tests/test.h"

static void keys_drop(void)
{
    while (console_try_read_key() != KEY_NONE) {
    }
}

TEST(CON0020, "a look for control-C takes the first one and leaves all other keys in their order",
     ALWAYS)
{
    keys_drop();
    test_check(!console_try_read_stop());
    static const int typed[] = {'a', KEY_CONTROL('C'), 'b', KEY_CONTROL('C'), 'c'};
    for (size_t i = 0; i < array_length(typed); i++) {
        console_key_received(typed[i]);
    }
    test_check(console_try_read_stop());
    test_check(console_key_waits());
    test_equal(console_try_read_key(), 'a');
    test_check(console_try_read_stop());
    test_check(!console_try_read_stop());
    test_equal(console_try_read_key(), 'b');
    test_equal(console_try_read_key(), 'c');
    test_equal(console_try_read_key(), KEY_NONE);
    test_check(!console_key_waits());
    console_key_received(KEY_CONTROL('C'));
    test_equal(console_try_read_key(), KEY_CONTROL('C'));
    test_check(!console_try_read_stop());
}

TEST(CON0021, "after an overrun each line that may be joined of two is marked, and no later one",
     ALWAYS)
{
    keys_drop();
    console_serial_overrun();
    unsigned marks = 0;
    for (unsigned i = 0; i < 30; i++) {
        console_serial_received(i % 6 == 5 ? '\r' : (uint8_t)('a' + i % 6));
    }
    for (unsigned i = 0; i < 30; i++) {
        bool marked = false;
        int key = console_try_read_key();
        for (; key == KEY_LOST; key = console_try_read_key()) {
            marked = true;
            marks++;
        }
        test_equal(key, i % 6 == 5 ? KEY_ENTER : (int)('a' + i % 6));
        test_check(!marked || i <= 16);
        test_check(marked || i > 16 || i % 6 != 5);
    }
    test_check(marks >= 4);
    test_equal(console_try_read_key(), KEY_NONE);
}

TEST(CON0022, "keys that do not fit leave a mark behind those that did", ALWAYS)
{
    keys_drop();
    for (unsigned i = 0; i < 5000; i++) {
        console_key_received('x');
    }
    unsigned kept = 0;
    int key;
    while ((key = console_try_read_key()) == 'x') {
        kept++;
    }
    test_check(kept >= 256 && kept < 5000);
    test_equal(key, KEY_LOST);
    test_equal(console_try_read_key(), KEY_NONE);
    console_key_received('y');
    test_equal(console_try_read_key(), 'y');
}
