"""The parts of tools/stack_bounds.py: annotations, call graph, listing, bounds, report."""
