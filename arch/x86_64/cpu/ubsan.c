/*
 * The functions that the compiler calls in the UBSan kernel (-fsanitize=undefined) where the
 * behaviour of C is undefined. Each panics and says what was done, and where. The compiler defines
 * the names and the layout of the data (GCC's libsanitizer, ubsan/ubsan_handlers.h).
 *
 * Context of all: ANY. No state is kept, and panic() may be called anywhere.
 */
#include "lib/compiler.h"

#include "arch/x86_64/cpu/panic.h"

/* A place in the source. The data of each case begins with one. */
struct ubsan_place {
    const char *file;
    uint32_t line;
    uint32_t column;
};

/* A type. For an integer, bit 0 of `information` is the sign; the rest is log2 of its bits. */
struct ubsan_type {
    uint16_t kind;
    uint16_t information;
    char name[];
};

struct ubsan_overflow {
    struct ubsan_place place;
    const struct ubsan_type *type;
};

struct ubsan_shift {
    struct ubsan_place place;
    const struct ubsan_type *left;
    const struct ubsan_type *right;
};

struct ubsan_bounds {
    struct ubsan_place place;
    const struct ubsan_type *array;
    const struct ubsan_type *index;
};

struct ubsan_mismatch {
    struct ubsan_place place;
    const struct ubsan_type *type;
    uint8_t log_alignment;
    uint8_t action;
};

enum { KIND_INTEGER = 0 };

/* Returns the value of an integer that the compiler passed; wider ones are passed by pointer. */
static int64_t value_signed(const struct ubsan_type *type, uint64_t value)
{
    uint32_t bits = 1u << (type->information >> 1);

    if (type->kind != KIND_INTEGER) {
        return 0;
    }
    if (bits > 64) {
        return *(const int64_t *)value;
    }
    if ((type->information & 1) != 0 && bits < 64) {
        return (int64_t)(value << (64 - bits)) >> (64 - bits);
    }
    return (int64_t)value;
}

/* The compiler makes the calls. The declarations satisfy -Wmissing-prototypes. */
#define HANDLER(name, ...)                                                                         \
    void __ubsan_handle_##name(__VA_ARGS__);                                                       \
    void __ubsan_handle_##name(__VA_ARGS__)

#define undefined(place, format, ...)                                                              \
    panic("undefined behaviour at %s:%u: " format, (place)->file, (place)->line, __VA_ARGS__)

static noreturn_function void overflow(const struct ubsan_overflow *data, const char *operation,
                                       uint64_t left, uint64_t right)
{
    undefined(&data->place, "%ld %s %ld does not fit in %s", value_signed(data->type, left),
              operation, value_signed(data->type, right), data->type->name);
}

HANDLER(add_overflow, struct ubsan_overflow *data, uint64_t left, uint64_t right)
{
    overflow(data, "+", left, right);
}

HANDLER(sub_overflow, struct ubsan_overflow *data, uint64_t left, uint64_t right)
{
    overflow(data, "-", left, right);
}

HANDLER(mul_overflow, struct ubsan_overflow *data, uint64_t left, uint64_t right)
{
    overflow(data, "*", left, right);
}

HANDLER(divrem_overflow, struct ubsan_overflow *data, uint64_t left, uint64_t right)
{
    overflow(data, "/", left, right);
}

HANDLER(negate_overflow, struct ubsan_overflow *data, uint64_t value)
{
    overflow(data, "-", 0, value);
}

HANDLER(shift_out_of_bounds, struct ubsan_shift *data, uint64_t left, uint64_t right)
{
    undefined(&data->place, "%ld shifted by %ld, in %s", value_signed(data->left, left),
              value_signed(data->right, right), data->left->name);
}

HANDLER(out_of_bounds, struct ubsan_bounds *data, uint64_t index)
{
    undefined(&data->place, "index %ld is outside %s", value_signed(data->index, index),
              data->array->name);
}

HANDLER(type_mismatch_v1, struct ubsan_mismatch *data, uintptr_t address)
{
    /* In the order of the compiler's enumeration of actions. */
    static const char *const actions[] = {"load from",     "store to",       "reference to",
                                          "access within", "call on",        "constructor call",
                                          "downcast of",   "downcast of",    "upcast of",
                                          "upcast of",     "nonnull use of", "dynamic access to"};
    const char *action = data->action < array_length(actions) ? actions[data->action] : "use of";
    uintptr_t alignment = (uintptr_t)1 << data->log_alignment;

    if (address == 0) {
        undefined(&data->place, "%s a null pointer to %s", action, data->type->name);
    }
    if ((address & (alignment - 1)) != 0) {
        undefined(&data->place, "%s 0x%lx, which is not aligned to %lu for %s", action, address,
                  alignment, data->type->name);
    }
    undefined(&data->place, "%s 0x%lx, where there is no room for %s", action, address,
              data->type->name);
}

HANDLER(pointer_overflow, struct ubsan_place *place, uintptr_t base, uintptr_t result)
{
    undefined(place, "pointer arithmetic from 0x%lx to 0x%lx wraps or leaves null", base, result);
}

HANDLER(load_invalid_value, struct ubsan_overflow *data, uint64_t value)
{
    undefined(&data->place, "0x%lx is no value of %s", value, data->type->name);
}

HANDLER(vla_bound_not_positive, struct ubsan_overflow *data, uint64_t bound)
{
    undefined(&data->place, "an array of %ld elements", value_signed(data->type, bound));
}

HANDLER(builtin_unreachable, struct ubsan_place *place)
{
    undefined(place, "%s", "reached what was said to be unreachable");
}

HANDLER(missing_return, struct ubsan_place *place)
{
    undefined(place, "%s", "the end of a function that must return a value");
}

HANDLER(nonnull_arg, struct ubsan_place *place)
{
    undefined(place, "%s", "a null argument where the function wants none");
}

HANDLER(nonnull_return_v1, void *data, struct ubsan_place *place)
{
    (void)data;
    undefined(place, "%s", "a null result from a function that says it returns none");
}

HANDLER(invalid_builtin, struct ubsan_place *place)
{
    undefined(place, "%s", "clz or ctz of 0");
}

HANDLER(alignment_assumption, struct ubsan_place *place, uintptr_t address)
{
    undefined(place, "0x%lx is not aligned as was assumed", address);
}
