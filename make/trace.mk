# What the kernel did, event by event, as a timeline: docs/tracing.md.
#
#   SCENARIO=demo  what the machine does: idle, demo, ipc, build or churn (tools/trace/timeline.py)
SCENARIO := demo

.PHONY: trace trace-ready watch watch-ready trace-pictures

## make trace        a timeline of CPUs, threads and stacks for Perfetto, and a flame graph; SCENARIO=
trace:
	@tools/setup run python:google.protobuf
	$(AGAIN) trace-ready

trace-ready: build/release/kernel.elf build/boot.tar
	@tools/need $(QEMU) python:google.protobuf
	@$(PYTHON) tools/trace/timeline.py $(call quote,$(SCENARIO)) --words $(call quote,$(CMDLINE))

## make watch        all kernel stacks as they change while a scenario runs; SCENARIO=
watch:
	@tools/setup run python:google.protobuf
	$(AGAIN) watch-ready

watch-ready: build/release/kernel.elf build/boot.tar
	@tools/need $(QEMU) python:google.protobuf
	@$(PYTHON) tools/trace/watch.py $(call quote,$(SCENARIO)) --words $(call quote,$(CMDLINE))

## make trace-pictures  take the book's pictures of a trace anew
trace-pictures: build/release/kernel.elf build/boot.tar
	@tools/need $(QEMU) python:google.protobuf
	$(Q)$(PYTHON) tools/trace/timeline.py demo
	$(Q)$(PYTHON) tools/trace/picture.py build/trace/demo.bin docs/images/trace-timeline.svg
	$(Q)cp build/trace/demo.svg docs/images/trace-flame.svg
	$(Q)$(PYTHON) tools/trace/depth_picture.py build/trace/demo.bin build/release docs/images/stack-profile.svg
	$(Q)$(PYTHON) tools/trace/timeline.py build --out build/trace-pictures
	$(Q)$(PYTHON) tools/trace/watch_picture.py build/trace-pictures/build.bin docs/images/watch.svg
