"""Sphinx' configuration for the book. `make book` (tools/build/book.py) copies the chapters to
build/book/source, adds what Sphinx needs beyond them, and runs Sphinx there."""

project = "Stalactite"
author = "the Stalactite developers"
extensions = ["myst_parser"]
root_doc = "index"
source_suffix = {".md": "markdown"}
exclude_patterns = ["tree"]  # the sources, for the code that is shown
myst_heading_anchors = 4
html_title = "Stalactite"
html_theme = "alabaster"
html_theme_options = {
    "description": "A microkernel whose kernel stacks grow on demand",
    "page_width": "72rem",
    "sidebar_width": "16rem",
    "fixed_sidebar": True,
}
html_sidebars = {"**": ["about.html", "searchbox.html", "globaltoc.html"]}
html_show_copyright = False
html_copy_source = False
html_use_index = False
pygments_style = "friendly"


def setup(app):
    """A page of code shows what it has, not where it stands among all of them: working that out for each of some
    hundred pages takes most of the time of the book."""
    def sidebars_choose(_app, name, _template, context, _doctree):
        if name.startswith("code/"):
            context["sidebars"] = ["about.html", "searchbox.html", "localtoc.html"]
    app.connect("html-page-context", sidebars_choose)
