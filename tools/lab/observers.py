"""All that an item of a points file may name as its look from outside."""

from . import outside, outside_events, outside_messages, outside_threads

OBSERVERS = {
    "mappings": outside.Mappings, "stack-faults": outside.StackFaults, "refills": outside.Refills,
    "buddy": outside.Buddy, "descriptors": outside_events.Descriptors, "returns": outside_events.Returns,
    "nmi-returns": outside_events.NmiReturns, "guards": outside_threads.Guards,
    "overflows": outside_threads.Overflows, "backtraces": outside_threads.Backtraces,
    "entry-marks": outside_threads.EntryMarks, "depths": outside_threads.Depths,
    "sweep": outside_events.Sweep, "nmi-sweep": outside_events.NmiSweep, "write-sweep": outside_events.WriteSweep,
    "losses": outside_events.Losses, "dispatches": outside_threads.Dispatches, "moves": outside_events.Moves,
    **outside_messages.OBSERVERS,
}
