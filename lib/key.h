/*
 * Keys, as both the keyboard and the serial line deliver them. Values below 128 are ASCII, control
 * characters included; the others are keys without a character.
 */
#pragma once

enum key {
    KEY_NONE = -1, /* no key yet, or one that means nothing here */
    KEY_BACKSPACE = 8,
    KEY_TAB = 9,
    KEY_ENTER = 10,
    KEY_UP = 0x100,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_LOST, /* no key: keys were lost here */
};

/* The code of control together with a letter. */
#define KEY_CONTROL(letter) (0x1f & (letter))
