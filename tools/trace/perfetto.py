"""Writes a model as a Perfetto trace, and checks a Perfetto trace by its rules."""

import schema

SEQUENCE = 1
CLEARED = 1  # SEQ_INCREMENTAL_STATE_CLEARED
GROUPS = {"cpu": (1, "CPUs"), "thread": (2, "Threads"), "reserve": (3, "Memory")}
KINDS = {"begin": schema.BEGIN, "end": schema.END, "instant": schema.INSTANT, "counter": schema.COUNTER}
# Where a flow that begins at an event of a certain name must end. "" is the name of the track on which
# it begins: the run of the thread.
ENDS = {"stack fault": "refill", "waits for memory": "", "swapped out": "swap in",
        "shootdown": "shootdown answered"}
UNITS = {"stack depth": "bytes", "stack pages": "pages", "magazine": "pages", "reserve": "pages"}


class Writer:
    """Collects the packets of a trace. Tracks are described when they are first used."""

    def __init__(self, name_of_thread):
        self.trace, self.tracks, self.name_of_thread = schema.Trace(), {}, name_of_thread
        for uuid, name in GROUPS.values():
            self.describe(uuid, name).process.pid = uuid
            self.trace.packet[-1].track_descriptor.process.process_name = name
        self.trace.packet[0].sequence_flags = CLEARED

    def packet(self):
        """Adds a packet and returns it."""
        return self.trace.packet.add(trusted_packet_sequence_id=SEQUENCE)

    def describe(self, uuid, name):
        """Adds the description of a track and returns it."""
        track = self.packet().track_descriptor
        track.uuid, track.name = uuid, name
        return track

    def uuid(self, track):
        """Returns the number of a track."""
        if track in self.tracks:
            return self.tracks[track]
        counter = len(track) == 3
        parent = self.uuid(track[:2]) if counter else GROUPS[track[0]][0]
        uuid = self.tracks[track] = len(self.tracks) + len(GROUPS) + 1
        name = track[2] if counter else f"CPU {track[1]}" if track[0] == "cpu" else \
            self.name_of_thread(track[1]) if track[0] == "thread" else "reserve"
        described = self.describe(uuid, name)
        described.parent_uuid = parent
        if counter:
            described.counter.unit_name = UNITS[track[2]]
        return uuid

    def add(self, item):
        """Adds an item of the model."""
        uuid = self.uuid(item.track)
        packet = self.packet()
        packet.timestamp = item.ns
        event = packet.track_event
        event.type, event.track_uuid = KINDS[item.kind], uuid
        if item.kind == "counter":
            event.counter_value = item.value
            return
        if item.kind != "end":
            event.name = item.name
            event.categories.append("kernel")
        for name, value in item.notes.items():
            note = event.debug_annotations.add(name=name)
            if isinstance(value, int):
                note.uint_value = value
            else:
                note.string_value = value
        event.flow_ids.extend(item.starts)
        event.terminating_flow_ids.extend(item.ends)


def write(model):
    """Returns the bytes of the Perfetto trace of a model."""
    writer = Writer(model.name)
    for item in model.items:
        writer.add(item)
    return writer.trace.SerializeToString()


class Checker:
    """The rules of a trace; `complaints` has what breaks them, `flows` between which events each leads."""

    def __init__(self, trace):
        self.complaints, self.kinds, self.spans, self.flows = [], {}, {}, {}
        self.names, self.ends = {}, {}  # of tracks; {flow: the name that its end must have}
        self.last_ns, self.counts = 0, {}
        for packet in trace.packet:
            if packet.HasField("track_descriptor"):
                self.track(packet.track_descriptor)
            elif packet.HasField("track_event"):
                self.event(packet.timestamp, packet.track_event)
            else:
                self.complaints.append("a packet with nothing in it")
        for uuid, names in self.spans.items():
            self.complaints += [f"track {uuid}: the span '{name}' never ends" for name in names]
        self.complaints += [f"flow {flow} never ends" for flow, (_, end) in self.flows.items() if not end]

    def flows_between(self, begin, end):
        """Returns how many flows lead from an event of one name to one of the other; "" is any name."""
        return sum((not begin or begin == first) and (not end or end == last)
                   for first, last in self.flows.values())

    def track(self, track):
        """A track is described once, after its parent."""
        if track.uuid in self.kinds:
            self.complaints.append(f"track {track.uuid} is described twice")
        if track.HasField("parent_uuid") and track.parent_uuid not in self.kinds:
            self.complaints.append(f"track {track.uuid} has no parent")
        self.kinds[track.uuid] = track.HasField("counter")
        self.names[track.uuid] = track.name

    def event(self, ns, event):
        """Clocks rise, tracks are known, spans nest, and flows begin before they end."""
        self.counts[event.type] = self.counts.get(event.type, 0) + 1
        if ns < self.last_ns:
            self.complaints.append(f"the clock goes back from {self.last_ns} to {ns}")
        self.last_ns = ns
        if self.kinds.get(event.track_uuid) is not (event.type == schema.COUNTER):
            self.complaints.append(f"{ns}: an event on track {event.track_uuid}, which is of another kind")
        spans = self.spans.setdefault(event.track_uuid, [])
        if event.type == schema.BEGIN:
            spans.append(event.name)
        elif event.type == schema.END:
            if not spans:
                self.complaints.append(f"{ns}: a span of track {event.track_uuid} ends that did not begin")
            else:
                spans.pop()
        elif event.type == schema.COUNTER and event.counter_value < 0:
            self.complaints.append(f"{ns}: a counter below zero")
        self.flow_ends(ns, event)

    def flow_ends(self, ns, event):
        """A flow begins once, ends later, and leads to the kind of event that its beginning must lead to."""
        for flow in event.flow_ids:
            if flow in self.flows:
                self.complaints.append(f"{ns}: flow {flow} begins twice")
            self.flows[flow] = (event.name, None)
            if event.name in ENDS:
                self.ends[flow] = ENDS[event.name] or self.names.get(event.track_uuid)
        for flow in event.terminating_flow_ids:
            begin, end = self.flows.get(flow, (None, None))
            if begin is None or end is not None:
                self.complaints.append(f"{ns}: flow {flow} ends, and does not go on")
            if event.name != self.ends.get(flow, event.name):
                self.complaints.append(f"{ns}: flow {flow} leads from '{begin}' to '{event.name}'")
            self.flows[flow] = (begin, event.name)


def check(data):
    """Decodes a trace by the schema and returns its Checker."""
    trace = schema.Trace()
    trace.ParseFromString(data)
    checker = Checker(trace)
    known = schema.Trace()
    known.CopyFrom(trace)
    known.DiscardUnknownFields()
    if known.ByteSize() != len(data):
        checker.complaints.append("the trace has fields that the schema does not know")
    return checker
