/*
 * How NASM files get the values of C constants. make compiles offsets.c and stack_offsets.c to
 * assembly text only; they are never linked. Each DEFINE() leaves a line with "->NAME value" in the
 * text, and make turns it into "%define NAME value" in an .inc file.
 */
#pragma once

/* Defines a constant for NASM. `value` is an integer constant expression. Use it in a function. */
#define DEFINE(name, value) __asm__ volatile(".ascii \"->" name " %0\"" ::"i"(value))
