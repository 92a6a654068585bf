# The book's pictures: text sources in docs/pictures, drawn by graphviz. The SVGs are kept in the
# tree, so nothing else needs graphviz. And the page that is made from a list in the code.

.PHONY: pictures

## make pictures     draw docs/pictures/*.svg anew where their sources have changed
pictures:
	@$(PYTHON) tools/build/pictures.py

.PHONY: options-page

## make options-page write docs/options.md anew from kernel/option_list.h
options-page:
	@$(PYTHON) tools/build/options_page.py
