"""NUMA nodes: a CPU's own node comes first, and frames of another node are counted as far."""

from runner.mutant import Mutant

NUMA_COUNTS = "mm/frame/numa_counts.c"
FRAME = "mm/frame/frame.c"
FRAME_NODE = "mm/frame/frame_node.c"
FREE_LIST = "mm/frame/frame_free_list.c"
STACK = "mm/stack/stack.c"

MUTANTS = (
    Mutant("own-node-is-not-first", "I7", "DOM0001", "far_frames is", cpus=4, nodes=2,
           edits=((FREE_LIST, "frame_batch_take(frame_nodes[cpu->node], cpu->free_list);",
                   "frame_batch_take(frame_nodes[0], cpu->free_list);"),)),
    Mutant("far-frames-stay", "I7", "DOM0002", "numa_node_of|free_after", cpus=4, nodes=2,
           edits=((FRAME, "    if (numa_node_of(address) == cpu->node) {", "    if (true) {"),)),
    Mutant("frames-go-home-to-the-first-node", "I7", "DOM0002", "free_after", cpus=4, nodes=2,
           edits=((FRAME_NODE, "    buddy_put(home, number, 0);",
                   "    buddy_put(&frame_buddy, number, 0);"),)),
    Mutant("no-frame-from-another-node", "I7", "DOM0002", "error is", cpus=4, nodes=2,
           edits=((FRAME_NODE, "for (unsigned i = 1; i < numa_node_count && count == 0; i++) {",
                   "for (unsigned i = 1; i < 1; i++) {"),)),
    Mutant("far-counted-as-near", "I7", "DOM0004", "remote", cpus=4, nodes=2, edits=((NUMA_COUNTS,
        "if (numa_node_of(frame) == node) {", "if (numa_node_of(frame) != node) {"),)),
    Mutant("creation-asks-the-wrong-node", "I7", "DOM0003", "far_pages is", cpus=4, nodes=2,
           edits=((STACK, "    error = stack_back_new(node, size, whole, slot);\n",
                   "    error = stack_back_new(FRAME_NODE_OWN, size, whole, slot);\n"),)),
    Mutant("whole-creation-asks-the-wrong-node", "I7", "DOM0003", "far_pages is", cpus=4, nodes=2,
           modes=("eager",), edits=((FRAME_NODE, """\
        if (buddy_take(frame_nodes[numa_node_nearest(own, i)], order, first)) {
""", """\
        if (own < numa_node_count && buddy_take(frame_nodes[i], order, first)) {
"""),)),
)
