# The portable core under ASan and UBSan on this machine. A new module is tested by adding its
# sources to HOST_MODULES and a *_test.c beside this file.

HOST_CC      := gcc
HOST_CFLAGS  :=
HOST_TESTS   :=
HOST_OUT     := build/host
HOST_MODULES := $(filter-out lib/symbols.c,$(wildcard lib/*.c)) \
    $(filter-out mm/frame/frame_collect.c,$(wildcard mm/frame/*.c)) $(wildcard mm/heap/*.c mm/stack/*.c boot/*.c arch/x86_64/acpi/*.c) \
    $(addprefix mm/stack_modes/,stack_lend.c stack_swap.c) sched/stack/gate.c sched/core/run_queue.c \
    $(addprefix kernel/object/,handle_table.c object.c) $(addprefix kernel/console/,framebuffer.c) \
    kernel/monitor/arguments.c user/lib/heap.c \
    user/lib/mutex.c user/lib/ring.c user/shell/parse.c user/files/file_tree.c user/console/discipline.c \
    user/init/config.c \
    tests/support/firmware_image.c
# In-kernel tests that need nothing of the machine (tests/host/fake/tests/test.h).
HOST_SHARED  := $(addprefix tests/console/,arguments_test.c keyboard_test.c line_editor_test.c \
    screen_test.c)
HOST_MODULES += kernel/console/output_ring.c
HOST_SOURCES := $(HOST_MODULES) $(HOST_SHARED) $(wildcard tests/host/*.c)
HOST_OBJECTS := $(HOST_SOURCES:%.c=$(HOST_OUT)/%.o) $(HOST_SOURCES:%.c=$(HOST_OUT)/invariant/%.o)
HOST_COMPILE  = $(HOST_CC) -std=gnu11 -g -O1 -fno-omit-frame-pointer -fno-strict-aliasing -DHOST_TEST_BUILD \
    -fsanitize=address,undefined -fno-sanitize-recover=all -Wall -Wextra -Wshadow -Wvla -Wundef \
    -Wno-format-truncation -Itests/host/fake -I. $(if $(CI),-Werror) $(HOST_CFLAGS) -MMD -MP -c

# The functions that the C library has too get other names, so that ours are the ones tested.
HOST_RENAMED := memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp strchr strrchr \
    strstr
HOST_RENAME  := $(foreach name,$(HOST_RENAMED),-D$(name)=kernel_$(name)) -fno-builtin

HOST_NEEDS_RENAME := $(foreach dir,$(HOST_OUT) $(HOST_OUT)/invariant, \
    $(dir)/lib/string.o $(dir)/tests/host/string_test.o)
$(HOST_NEEDS_RENAME): HOST_EXTRA := $(HOST_RENAME)

# What all of it was built with; a change builds it anew.
$(HOST_OUT)/flags: export TEXT = $(HOST_COMPILE) $(HOST_SOURCES)
$(HOST_OUT)/flags: FORCE
	@tools/need $(call tool_probe,HOST_CC,gcc) /usr/include/stdio.h
	@mkdir -p $(sort $(dir $(HOST_OBJECTS)))
	@$(write_if_changed)

# Everything twice: as released, and with the invariants checked.
$(HOST_OUT)/invariant/%.o: %.c $(HOST_OUT)/flags
	@$(SAY) HOST $<
	$(Q)$(HOST_COMPILE) -DINVARIANT $(HOST_EXTRA) -o $@ $<

$(HOST_OUT)/%.o: %.c $(HOST_OUT)/flags
	@$(SAY) HOST $<
	$(Q)$(HOST_COMPILE) $(HOST_EXTRA) -o $@ $<

$(HOST_OUT)/unit: $(HOST_SOURCES:%.c=$(HOST_OUT)/%.o)
$(HOST_OUT)/unit-invariant: $(HOST_SOURCES:%.c=$(HOST_OUT)/invariant/%.o)
$(HOST_OUT)/unit $(HOST_OUT)/unit-invariant:
	@$(SAY) HOST $@
	$(Q)$(HOST_CC) -fsanitize=address,undefined -pthread -o $@ $^

## make host-test    run the host unit tests; HOST_TESTS=PATTERN: those of this id or sentence
host-test: $(HOST_OUT)/unit $(HOST_OUT)/unit-invariant
	@$(HOST_OUT)/unit $(if $(HOST_TESTS),$(call quote,$(HOST_TESTS)))
	@$(HOST_OUT)/unit-invariant $(if $(HOST_TESTS),$(call quote,$(HOST_TESTS)))

.PHONY: host-test
-include $(HOST_OBJECTS:.o=.d)
