# The book's pictures: text sources in docs/pictures, drawn by graphviz. The SVGs are kept in the
# tree, so nothing else needs graphviz. And the pages that are made from lists in the code.

.PHONY: pictures

## make pictures     draw docs/pictures/*.svg anew where their sources have changed
pictures:
	@$(PYTHON) tools/build/pictures.py

.PHONY: screenshot

## make screenshot   take the pictures of the screen anew, from the running system
screenshot: build/stalactite.iso
	@tools/need $(QEMU) $(OVMF)
	$(Q)$(PYTHON) tools/build/screenshot.py $< $(OVMF) docs/images/demonstration.png docs/images/stacks-live.png

.PHONY: options-page

## make options-page write docs/options.md anew from kernel/option_list.h
options-page:
	@$(PYTHON) tools/build/options_page.py

.PHONY: protocols-page

## make protocols-page write docs/protocols.md anew from user/protocol/
protocols-page:
	$(Q)$(PYTHON) tools/build/protocols.py page

.PHONY: syscalls-page

## make syscalls-page write docs/system-calls.md anew from kernel/syscall_list.h
syscalls-page:
	@$(PYTHON) tools/build/syscalls.py page

.PHONY: book

## make book         the chapters as HTML with search, and as one page to print, in build/book
book:
	@tools/need python:sphinx python:myst_parser
	@$(PYTHON) tools/build/book.py build/book
