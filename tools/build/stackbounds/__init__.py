"""The parts of tools/build/stack_bounds.py: annotations, call graph, listing, bounds, report."""
