# User programs. Each folder of user/ but lib and protocol is a program, named as its folder; it is
# linked with user/lib. All of them go into build/boot.tar, which the boot loader passes to the
# kernel.
#
# All of this lies in build/user: obj/ with the objects, NAME.elf with symbols and debugging
# information, NAME.stripped as the archive has it, NAME.sym for Bochs if `make bochs` asks for it.

USER_OUT      := build/user
USER_PROGRAMS := $(filter-out lib protocol,$(notdir $(patsubst %/,%,$(wildcard user/*/))))

# What needs no kernel is compiled for user programs too.
USER_LIB_C   := $(sort $(wildcard user/lib/*.c)) $(addprefix lib/,edit_distance.c elf_program.c \
    error.c escape_decoder.c format.c glob.c line_completion.c line_editor.c line_history.c number.c \
    string.c tar.c font.c pixel_grid.c scan_code.c screen.c)
USER_LIB_ASM := $(sort $(wildcard user/lib/*.asm))

# Registers of the FPU are left alone, so that a switch between most programs saves none. There are
# no signals, so nothing writes below the stack pointer: the red zone stays.
USER_CFLAGS_NEEDED := $(filter-out -mcmodel=kernel -mno-red-zone,$(CFLAGS_NEEDED)) -O2 \
    -ffunction-sections -fdata-sections
USER_COMPILE  = $(CC) $(USER_CFLAGS_NEEDED) -isystem $(CC_HEADERS) $(CC_ACCEPTS) $(if $(CI),-Werror) -I. \
    -Ibuild/include $(CFLAGS)
USER_LDFLAGS := $(LDFLAGS_NEEDED) -z separate-code --gc-sections $(LDFLAGS)

user_objects = $(patsubst %.c,$(USER_OUT)/obj/%.o,$(sort $(wildcard user/$(1)/*.c))) \
    $(patsubst %.asm,$(USER_OUT)/obj/%.asm.o,$(sort $(wildcard user/$(1)/*.asm)))
USER_LIB_OBJECTS := $(USER_LIB_C:%.c=$(USER_OUT)/obj/%.o) $(USER_LIB_ASM:%.asm=$(USER_OUT)/obj/%.asm.o)
USER_OBJECTS     := $(USER_LIB_OBJECTS) $(foreach program,$(USER_PROGRAMS),$(call user_objects,$(program)))

.PHONY: user

## make user         build the user programs alone, and the archive of them, build/boot.tar
user: build/boot.tar

$(USER_OUT)/flags: export TEXT = $(CC_VERSION) $(USER_COMPILE) $(USER_LDFLAGS) $(NASMFLAGS) $(USER_OBJECTS)
$(USER_OUT)/flags: FORCE
	@$(toolchain_check)
	@mkdir -p $(sort $(dir $(USER_OBJECTS)))
	@$(write_if_changed)

# The stubs of system calls. A change compiles everything anew.
USER_SYSCALLS := build/include/user/syscalls.h
$(USER_SYSCALLS): kernel/syscall_list.h tools/build/syscalls.py
	@$(SAY) GEN $@
	$(Q)$(PYTHON) tools/build/syscalls.py stubs $@

# The stubs and the dispatch of each protocol.
PROTOCOLS        := $(filter-out protocol,$(basename $(notdir $(wildcard user/protocol/*.h))))
PROTOCOL_HEADERS := $(PROTOCOLS:%=build/include/user/%_protocol.h)
$(PROTOCOL_HEADERS): build/include/user/%_protocol.h: user/protocol/%.h tools/build/protocols.py
	@$(SAY) GEN $@
	$(Q)$(PYTHON) tools/build/protocols.py stubs $* $@

# What the fuzzer knows of them.
FUZZ_TABLE := build/include/user/fuzz_table.h
$(FUZZ_TABLE): kernel/syscall_list.h tools/build/syscalls.py tools/build/fuzz_table.py
	@$(SAY) GEN $@
	$(Q)$(PYTHON) tools/build/fuzz_table.py $@

$(USER_OUT)/obj/user/fuzz/main.o: $(FUZZ_TABLE)

# The list of the tests in user mode, for the kernel (tests/user/user_program_test.c).
USER_TESTS := $(USER_OUT)/tests.inc
$(USER_TESTS): FORCE
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/build/user_tests.py $@ $(sort $(wildcard user/test/*.c))

$(foreach variant,$(VARIANTS) $(MEASURES),build/$(variant)/obj/tests/user/user_program_test.o): \
    $(USER_TESTS)

$(USER_OUT)/obj/%.o: %.c $(USER_OUT)/flags $(USER_SYSCALLS) $(PROTOCOL_HEADERS)
	@$(SAY) USER $<
	$(Q)$(USER_COMPILE) -MMD -MP -c -o $@ $<

$(USER_OUT)/obj/%.asm.o: %.asm $(USER_OUT)/flags
	@$(SAY) USER $<
	$(Q)$(NASM) $(KERNEL_NASMFLAGS) -M -MP -MT $@ -MF $(@:.o=.d) $<
	$(Q)$(NASM) $(KERNEL_NASMFLAGS) -o $@ $<

# Programs whose first thread asks for the FPU. They are compiled with SSE, but for what they share
# with others, and their file has a program header that says so (lib/elf_program.h).
USER_FPU_PROGRAMS := float
$(foreach program,$(USER_FPU_PROGRAMS),$(call user_objects,$(program))): \
    USER_CFLAGS_NEEDED := $(filter-out -mgeneral-regs-only,$(USER_CFLAGS_NEEDED))

$(USER_OUT)/program_fpu.ld: user/program.ld $(USER_OUT)/flags
	$(Q)sed 's/^ *stack PT_GNU_STACK.*/&\n    fpu 0x65667075 FLAGS(0);/' $< > $@

user_script = $(if $(filter $(1),$(USER_FPU_PROGRAMS)),$(USER_OUT)/program_fpu.ld,user/program.ld)

define user_program
$(USER_OUT)/$(1).elf: $(call user_objects,$(1)) $(USER_LIB_OBJECTS) $(call user_script,$(1)) $(USER_OUT)/flags
	@$$(SAY) LD $$@
	$$(Q)$$(LD) $$(USER_LDFLAGS) -T $(call user_script,$(1)) -o $$@ $(call user_objects,$(1)) $(USER_LIB_OBJECTS)
endef
$(foreach program,$(USER_PROGRAMS),$(eval $(call user_program,$(program))))

# For Bochs' debugger. Each name stands behind its program's, because the kernel may have the same name.
$(USER_OUT)/%.sym: $(USER_OUT)/%.elf tools/build/symbols.py
	$(Q)$(NM) -n $< | $(PYTHON) tools/build/symbols.py bochs $*: >$@

$(USER_OUT)/%.stripped: $(USER_OUT)/%.elf
	$(Q)$(OBJCOPY) --strip-all $< $@

# Files of the archive that are no programs, each named as in its folder.
USER_TEXTS := $(sort $(wildcard user/init/*.conf user/shell/*.sh))

build/boot.tar: $(USER_PROGRAMS:%=$(USER_OUT)/%.stripped) $(USER_TEXTS) tools/build/boot_tar.py $(USER_OUT)/flags
	@$(SAY) TAR $@
	$(Q)$(PYTHON) tools/build/boot_tar.py $@ $(foreach program,$(USER_PROGRAMS), \
	    $(program)=$(USER_OUT)/$(program).stripped) $(foreach text,$(USER_TEXTS),$(notdir $(text))=$(text))

-include $(USER_OBJECTS:.o=.d)
