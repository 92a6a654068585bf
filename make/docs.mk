# The book's pictures: text sources in docs/pictures, drawn by graphviz. The SVGs are kept in the
# tree, so nothing else needs graphviz.

.PHONY: pictures

## make pictures     draw docs/pictures/*.svg anew where their sources have changed
pictures:
	@$(PYTHON) tools/build/pictures.py
