# What editors and debuggers are told.

.PHONY: compdb

# The host's tests come last: of a file that they compile, too, the kernel's command is the one.
COMPDB_GOALS = build/$(VARIANT)/kernel.elf build/ubsan/obj/arch/x86_64/cpu/ubsan.o \
    build/$(VARIANT)/offsets.inc build/$(VARIANT)/stack_offsets.inc \
    build/$(VARIANT)/message_offsets.inc build/boot.tar build/host/unit

# The generated headers have to be there for editors, too.
## make compdb       write compile_commands.json, for clangd and editors; VARIANT= picks the kernel
compdb: $(USER_SYSCALLS) $(PROTOCOL_HEADERS) $(FUZZ_TABLE) $(USER_TESTS)
	@$(MAKE) --always-make --dry-run --no-print-directory V=1 $(COMPDB_GOALS) \
	    | $(PYTHON) tools/build/compdb.py compile_commands.json
