/* Information from boot loaders, sound and malformed: Multiboot2 tags, PVH start information. */
#include "arch/x86_64/cpu/address.h"
#include "boot/boot_info.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/firmware_image.h"
#include "tests/test.h"

#define IMAGE_BASE  0x10000
#define IMAGE_BYTES 4096

static uint8_t memory[IMAGE_BYTES];
static struct firmware_image image;
static struct boot_info result;

static void multiboot2_begin(void)
{
    firmware_image_init(&image, memory, IMAGE_BYTES, IMAGE_BASE);
    firmware_put(&image, 0, 8);
}

static void tag_put(uint32_t type, const void *contents, uint32_t bytes)
{
    firmware_put(&image, type, 4);
    firmware_put(&image, bytes + 8, 4);
    firmware_put_bytes(&image, contents, bytes);
    firmware_align(&image, 8);
}

static void total_set(uint32_t bytes)
{
    memcpy(memory, &bytes, sizeof(bytes));
}

static int multiboot2_try(void)
{
    struct physical_reader reader = firmware_reader(&image);

    memset(&result, 0, sizeof(result));
    return multiboot2_parse(&reader, IMAGE_BASE, &result);
}

/* Adds the end tag and sets the total. */
static int multiboot2_end(void)
{
    tag_put(0, NULL, 0);
    total_set(image.used);
    return multiboot2_try();
}

static void memory_map_put(uint32_t entry_bytes)
{
    uint32_t map[14] = {entry_bytes, 0, 0, 0, 0xa0000, 0, 1, 0, 0x100000, 0, 0x1000000, 0, 1, 0};

    tag_put(6, map, sizeof(map));
}

TEST(BTI0001, "Multiboot2 gives command line, loader, module, memory map, framebuffer and RSDP",
     ALWAYS)
{
    static const char module[] = "\x00\x00\x20\x00\x00\x10\x20\x00initrd one";
    static const uint8_t screen[30] = {0, 0, 0, 0xfd, 0, 0,  0, 0, 0, 16, 0, 0, 0, 4, 0,
                                       0, 0, 3, 0,    0, 32, 1, 0, 0, 16, 8, 8, 8, 0, 8};
    uint8_t rsdp[36] = {"RSD PTR "};

    multiboot2_begin();
    tag_put(1, "test=STK*", 10);
    tag_put(2, "loader", 7);
    tag_put(3, module, sizeof(module));
    memory_map_put(24);
    tag_put(8, screen, sizeof(screen));
    tag_put(14, rsdp, 20);
    tag_put(15, rsdp, 36);
    tag_put(4711, "whatever", 8);
    test_equal(multiboot2_end(), OK);
    test_check(string_equal(result.command_line, "test=STK*"));
    test_check(!result.command_line_truncated);
    test_check(string_equal(result.loader_name, "loader"));
    test_equal(result.module_count, 1);
    test_equal(result.modules[0].base, 0x200000);
    test_equal(result.modules[0].bytes, 0x1000);
    test_check(string_equal(result.modules[0].name, "initrd one"));
    test_equal(memory_map_bytes(&result.map, MEMORY_USABLE), 0xa0000 + 0x1000000);
    test_equal(result.framebuffer.kind, FRAMEBUFFER_PIXELS);
    test_equal(result.framebuffer.width, 1024);
    test_equal(result.framebuffer.height, 768);
    test_equal(result.framebuffer.red.shift, 16);
    test_equal(result.rsdp_bytes, 36);
}

TEST(BTI0002, "Multiboot2 with a wrong total, no end tag, or an unaligned address is refused",
     ALWAYS)
{
    static const uint32_t totals[] = {0, 8, 15, IMAGE_BYTES + 8, 0x7fffffff, 0xffffffff};
    struct physical_reader reader = firmware_reader(&image);

    for (unsigned i = 0; i < array_length(totals); i++) {
        multiboot2_begin();
        memory_map_put(24);
        tag_put(0, NULL, 0);
        total_set(totals[i]);
        test_equal(multiboot2_try(), ERROR_CORRUPT);
    }
    multiboot2_begin();
    memory_map_put(24);
    total_set(image.used);
    test_equal(multiboot2_try(), ERROR_CORRUPT);
    test_equal(multiboot2_parse(&reader, IMAGE_BASE + 4, &result), ERROR_CORRUPT);
    test_equal(multiboot2_parse(&reader, 0xfffffffffffffff8, &result), ERROR_CORRUPT);
}

TEST(BTI0003, "Multiboot2: a malformed memory map is refused, and so is a tag of impossible size",
     ALWAYS)
{
    static const struct {
        uint32_t type;
        const char *contents;
        uint32_t bytes;
    } wrong[] = {
        {6, "\x18\0\0\0", 4},                          /* a memory map without a version */
        {6, "\0\0\0\0\0\0\0\0", 8},                    /* entries of no size */
        {6, "\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16}, /* half an entry */
    };

    for (unsigned i = 0; i < array_length(wrong); i++) {
        multiboot2_begin();
        tag_put(wrong[i].type, wrong[i].contents, wrong[i].bytes);
        tag_put(1, "panic=exit", 11);
        test_equal(multiboot2_end(), ERROR_CORRUPT);
        test_check(string_equal(result.command_line, "panic=exit")); /* for what follows */
    }
    for (uint32_t size = 0; size < 8; size++) { /* a size smaller than the size field */
        multiboot2_begin();
        firmware_put(&image, 1, 4);
        firmware_put(&image, size, 4);
        test_equal(multiboot2_end(), ERROR_CORRUPT);
    }
}

TEST(BTI0004, "a command line that is too long is cut, and reported as cut", ALWAYS)
{
    static char text[BOOT_COMMAND_LINE_MAX + 100];

    memset(text, 'x', sizeof(text) - 1);
    multiboot2_begin();
    memory_map_put(24);
    tag_put(1, text, sizeof(text));
    test_equal(multiboot2_end(), OK);
    test_check(result.command_line_truncated);
    test_equal(strlen(result.command_line), BOOT_COMMAND_LINE_MAX - 1);
}

TEST(BTI0005, "of more modules than there is room for, the first sixteen stay", ALWAYS)
{
    multiboot2_begin();
    memory_map_put(24);
    for (unsigned i = 0; i < BOOT_MODULE_MAX + 2; i++) {
        tag_put(3, "\0\0\x20\0\0\0\x30\0m", 10);
    }
    test_equal(multiboot2_end(), OK);
    test_equal(result.module_count, BOOT_MODULE_MAX);
}

/* A sound start_info at the start of the image, with a module, a map of two entries and a command
 * line.
 */
static void pvh_make(physical_t base)
{
    firmware_image_init(&image, memory, IMAGE_BYTES, base);
    firmware_put(&image, BOOT_MAGIC_PVH, 4);
    firmware_put(&image, 1, 4);
    firmware_put(&image, 0, 4);
    firmware_put(&image, 1, 4);
    firmware_put(&image, base + 256, 8); /* modules */
    firmware_put(&image, base + 512, 8); /* command line */
    firmware_put(&image, 0, 8);          /* no RSDP */
    firmware_put(&image, base + 128, 8); /* memory map */
    firmware_put(&image, 2, 4);
    image.used = 128;
    firmware_put(&image, 0, 8);
    firmware_put(&image, 0xa0000, 8);
    firmware_put(&image, 1, 8);
    firmware_put(&image, 0x100000, 8);
    firmware_put(&image, 0x1000000, 8);
    firmware_put(&image, 1, 8);
    image.used = 256;
    firmware_put(&image, 0x200000, 8);
    firmware_put(&image, 0x1000, 8);
    image.used = 512;
    firmware_put_bytes(&image, "exit=1", 7);
}

static int pvh_try(void)
{
    struct physical_reader reader = firmware_reader(&image);

    memset(&result, 0, sizeof(result));
    return pvh_parse(&reader, IMAGE_BASE, &result);
}

TEST(BTI0006, "PVH gives command line, module and memory map", ALWAYS)
{
    pvh_make(IMAGE_BASE);
    test_equal(pvh_try(), OK);
    test_check(string_equal(result.command_line, "exit=1"));
    test_equal(result.module_count, 1);
    test_equal(result.modules[0].base, 0x200000);
    test_equal(memory_map_bytes(&result.map, MEMORY_USABLE), 0xa0000 + 0x1000000);
    test_equal(result.rsdp_bytes, 0);
}

TEST(BTI0007, "PVH with a wrong magic, an old version, or an impossible memory map is refused",
     ALWAYS)
{
    static const struct {
        unsigned offset;
        uint32_t value;
    } wrong[] = {
        {0, 0},           /* magic */
        {4, 0},           /* version without memory map */
        {44, 1},          /* memory map that cannot be read */
        {48, 0},          /* empty memory map */
        {48, 0xffffffff}, /* endless memory map */
    };

    for (unsigned i = 0; i < array_length(wrong); i++) {
        pvh_make(IMAGE_BASE);
        memcpy(memory + wrong[i].offset, &wrong[i].value, sizeof(wrong[i].value));
        test_equal(pvh_try(), ERROR_CORRUPT);
        test_check(wrong[i].offset == 0 || string_equal(result.command_line, "exit=1"));
    }
}

TEST(BTI0008,
     "reading marks page 0, the hole below 1 MiB, kernel and modules; errors change the command "
     "line alone",
     ALWAYS)
{
    physical_t here = virtual_to_physical(memory);

    pvh_make(here);
    memset(&result, 0x5a, sizeof(result));
    memory[48] = 0; /* an empty memory map */
    test_equal(boot_info_read(BOOT_MAGIC_PVH, here, &result), ERROR_CORRUPT);
    test_check(string_equal(result.command_line, "exit=1"));
    memory[0] ^= 1;
    test_equal(boot_info_read(BOOT_MAGIC_PVH, here, &result), ERROR_CORRUPT);
    test_check(string_equal(result.command_line, ""));
    test_equal(boot_info_read(0x2badb002, here, &result), ERROR_UNSUPPORTED);
    memory[48] = 2;
    const uint8_t *bytes = (const uint8_t *)&result;
    unsigned changed = 0;
    for (size_t i = sizeof(result.command_line); i < sizeof(result); i++) {
        changed += bytes[i] != 0x5a ? 1 : 0;
    }
    test_equal(changed, 0);

    memory[0] ^= 1;
    test_equal(boot_info_read(BOOT_MAGIC_PVH, here, &result), OK);
    const struct memory_range *zero = memory_map_find(&result.map, 0);
    const struct memory_range *hole = memory_map_find(&result.map, 0xb8000);
    const struct memory_range *own = memory_map_find(&result.map, KERNEL_PHYSICAL);
    const struct memory_range *module = memory_map_find(&result.map, 0x200000);
    test_check(zero != NULL && zero->kind == MEMORY_RESERVED);
    test_check(hole != NULL && hole->kind == MEMORY_RESERVED);
    test_check(own != NULL && own->kind == MEMORY_KERNEL);
    test_check(module != NULL && module->kind == MEMORY_KERNEL);
}

TEST(BTI0009, "Multiboot2: a malformed description of something optional loses that thing alone",
     ALWAYS)
{
    static const struct {
        uint32_t type;
        const char *contents;
        uint32_t bytes;
    } wrong[] = {
        {1, "no end", 6},                 /* a command line without terminator */
        {1, NULL, 0},                     /* a command line without any byte */
        {2, "no end", 6},                 /* a loader name without terminator */
        {2, NULL, 0},                     /* a loader name without any byte */
        {3, "\0\0\x20\0\0\0\x10\0x", 10}, /* a module that ends before it starts */
        {3, "\0\0\x20\0", 4},             /* a module without an end */
        {8, "\0\0\0\0\0\0\0\0", 8},       /* half a framebuffer */
        {8, "\0\0\0\xfd\0\0\0\0\x10\0\0\0\0\4\0\0\0\3\0\0\x20\1\0\0\x10\x8\x8\x8\0\x8", 30},
        {14, "RSD PTR ", 8},              /* half an RSDP */
        {15, "RSD PTR ............", 20}, /* a new RSDP as short as an old one */
    };

    for (unsigned i = 0; i < array_length(wrong); i++) {
        multiboot2_begin();
        tag_put(wrong[i].type, wrong[i].contents, wrong[i].bytes);
        memory_map_put(24);
        test_equal(multiboot2_end(), OK);
        test_check(string_equal(result.command_line, ""));
        test_check(string_equal(result.loader_name, ""));
        test_equal(result.module_count, 0);
        test_equal(result.framebuffer.kind, FRAMEBUFFER_NONE);
        test_equal(result.rsdp_bytes, 0);
        test_equal(memory_map_bytes(&result.map, MEMORY_USABLE), 0xa0000 + 0x1000000);
    }
}

TEST(BTI0010, "Multiboot2: a module without a name, or whose name has no end, keeps its memory",
     ALWAYS)
{
    multiboot2_begin();
    tag_put(3, "\0\0\x20\0\0\0\x30\0", 8);
    tag_put(3, "\0\0\x40\0\0\0\x50\0no end", 14);
    memory_map_put(24);
    test_equal(multiboot2_end(), OK);
    test_equal(result.module_count, 2);
    test_equal(result.modules[0].base, 0x200000);
    test_equal(result.modules[1].bytes, 0x100000);
    test_check(string_equal(result.modules[1].name, ""));
}

TEST(BTI0011, "PVH: a malformed description of something optional loses that thing alone", ALWAYS)
{
    static const struct {
        unsigned offset;
        uint32_t value;
    } wrong[] = {
        {12, 65},          /* number of modules */
        {20, 1},           /* a list of modules that cannot be read */
        {28, 0xffffffff},  /* a command line that cannot be read */
        {36, 1},           /* an RSDP that cannot be read */
        {260, 0xffffffff}, /* a module whose end, with the next, wraps around */
    };

    for (unsigned i = 0; i < array_length(wrong); i++) {
        pvh_make(IMAGE_BASE);
        memcpy(memory + wrong[i].offset, &wrong[i].value, sizeof(wrong[i].value));
        if (wrong[i].offset == 260) {
            memset(memory + 264, 0xff, 8);
        }
        test_equal(pvh_try(), OK);
        test_check(string_equal(result.command_line, i == 2 ? "" : "exit=1"));
        test_equal(result.module_count, i == 2 || i == 3 ? 1 : 0);
        test_equal(memory_map_bytes(&result.map, MEMORY_USABLE), 0xa0000 + 0x1000000);
    }
    pvh_make(IMAGE_BASE);
    memset(memory + 512, 'x', IMAGE_BYTES - 512); /* a command line longer than is kept */
    test_equal(pvh_try(), OK);
    test_check(result.command_line_truncated);
}
