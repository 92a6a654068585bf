/*
 * The way in which NASM files get constants of C. offsets.c and stack_offsets.c are never linked.
 * make compiles them to assembly text, and turns each line "->NAME value" of it into "%define NAME
 * value" in an .inc file.
 */
#pragma once

/* Defines a constant for NASM: an integer constant expression. Stands in a function. */
#define DEFINE(name, value) __asm__ volatile(".ascii \"->" name " %0\"" ::"i"(value))
