/*
 * See off_time.h. Each CPU writes its own records only, so no lock is taken: these functions run
 * inside the functions that locks are made of.
 */
#include "arch/x86_64/cpu/off_time.h"

#ifdef LATENCY

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/percpu.h"

struct open_section {
    uint64_t begin; /* 0: none is open */
    uint64_t waited;
    uintptr_t place;
};

struct off_time {
    struct open_section open[OFF_KINDS];
    uint64_t dropped;
    struct off_section sections[OFF_SECTIONS_MAX]; /* hashed by place; place 0: free */
};

static PER_CPU(struct off_time, off_time);
static bool recording;

static struct off_section *section_of(struct off_time *own, uintptr_t place, enum off_kind kind)
{
    unsigned first = (unsigned)(place * 0x9e3779b97f4a7c15UL >> 55) % OFF_SECTIONS_MAX;
    for (unsigned i = 0; i < OFF_SECTIONS_MAX; i++) {
        struct off_section *section = &own->sections[(first + i) % OFF_SECTIONS_MAX];
        if (section->place == 0) {
            section->place = place;
            section->kind = (uint8_t)kind;
        }
        if (section->place == place && section->kind == kind) {
            return section;
        }
    }
    return NULL;
}

static void section_begin(enum off_kind kind, uintptr_t place)
{
    if (recording) {
        struct open_section *open = &this_cpu_pointer(off_time)->open[kind];
        open->waited = 0;
        open->place = place;
        open->begin = tsc_read();
    }
}

static void section_end(enum off_kind kind, uintptr_t place)
{
    struct off_time *own = this_cpu_pointer(off_time);
    struct open_section *open = &own->open[kind];
    if (open->begin == 0) {
        return;
    }
    uint64_t ticks = tsc_read() - open->begin - open->waited;
    open->begin = 0;
    struct off_section *section = section_of(own, open->place, kind);
    if (section == NULL) {
        own->dropped++;
        return;
    }
    section->count++;
    if (ticks > section->longest) {
        section->longest = ticks;
        section->end_place = place;
    }
    section->waited = open->waited > section->waited ? open->waited : section->waited;
}

void off_time_interrupts_begin(uintptr_t place)
{
    section_begin(OFF_INTERRUPTS, place);
}

void off_time_interrupts_place(uintptr_t place)
{
    this_cpu_pointer(off_time)->open[OFF_INTERRUPTS].place = place;
}

void off_time_interrupts_end(uintptr_t place)
{
    section_end(OFF_INTERRUPTS, place);
}

/* With interrupts off already, the section of that kind covers this one. */
void off_time_preemption_begin(uintptr_t place)
{
    if (interrupts_enabled()) {
        section_begin(OFF_PREEMPTION, place);
    }
}

void off_time_preemption_end(uintptr_t place)
{
    section_end(OFF_PREEMPTION, place);
}

void off_time_halt(uintptr_t place)
{
    section_end(OFF_INTERRUPTS, place);
    section_end(OFF_PREEMPTION, place);
}

void off_time_waited(uint64_t since)
{
    uint64_t ticks = tsc_read() - since;
    struct off_time *own = this_cpu_pointer(off_time);
    for (unsigned kind = 0; kind < OFF_KINDS; kind++) {
        own->open[kind].waited += ticks;
    }
}

void off_time_record(bool on)
{
    recording = false;
    for (unsigned cpu = 0; on && cpu < cpu_online_count(); cpu++) {
        cpu_variable(off_time, cpu) = (struct off_time){0};
    }
    recording = on;
}

static uint64_t longest_of(const struct off_section *section)
{
    return section->longest;
}

static uint64_t waited_of(const struct off_section *section)
{
    return section->waited;
}

typedef uint64_t (*section_order)(const struct off_section *section);

/* Inserts into the `count` first so far, at most `most`, by `order`. */
static unsigned ordered_insert(struct off_section *sections, unsigned count, unsigned most,
                               section_order order, const struct off_section *added)
{
    unsigned place = count < most ? count : most;
    while (place > 0 && order(&sections[place - 1]) < order(added)) {
        if (place < most) {
            sections[place] = sections[place - 1];
        }
        place--;
    }
    if (place < most) {
        sections[place] = *added;
    }
    return count < most ? count + 1 : most;
}

/* Collects the sections of a kind (OFF_KINDS: of both) for which `order` is not 0. */
static unsigned collect(unsigned kind, section_order order, struct off_section *sections,
                        unsigned most)
{
    unsigned count = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        const struct off_time *of_cpu = &cpu_variable(off_time, cpu);
        for (unsigned i = 0; i < OFF_SECTIONS_MAX; i++) {
            const struct off_section *section = &of_cpu->sections[i];
            if (section->count != 0 && order(section) != 0 &&
                (kind == OFF_KINDS || section->kind == kind)) {
                count = ordered_insert(sections, count, most, order, section);
            }
        }
    }
    return count;
}

unsigned off_time_longest(enum off_kind kind, struct off_section *sections, unsigned most)
{
    return collect(kind, longest_of, sections, most);
}

unsigned off_time_waited_longest(struct off_section *sections, unsigned most)
{
    return collect(OFF_KINDS, waited_of, sections, most);
}

uint64_t off_time_dropped(void)
{
    uint64_t dropped = 0;
    for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++) {
        dropped += cpu_variable(off_time, cpu).dropped;
    }
    return dropped;
}

#endif
