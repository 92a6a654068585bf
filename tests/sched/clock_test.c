/* The clock goes on and never back, and its units agree. Tests assert no upper bounds on time. */
#include "arch/x86_64/time/clock.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "tests/test.h"

TEST(CLK0001, "time goes on and never back on one CPU", ALWAYS)
{
    preempt_disable();
    uint64_t first = clock_now_ns(), last = first;
    unsigned backward = 0;
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t now = clock_now_ns();
        backward += now < last ? 1 : 0;
        last = now;
    }
    preempt_enable();
    test_equal(backward, 0);
    test_check(last > first);
}

TEST(CLK0002, "ticks and nanoseconds convert both ways to within a millionth or two ticks", ALWAYS)
{
    static const uint64_t samples[] = {1000000, 123456789, 10000000000, 86400000000000};

    for (unsigned i = 0; i < array_length(samples); i++) {
        uint64_t back = clock_tsc_to_ns(clock_ns_to_tsc(samples[i]));
        uint64_t difference = back > samples[i] ? back - samples[i] : samples[i] - back;
        test_check(difference <= samples[i] / 1000000 + clock_tsc_to_ns(2) + 2);
    }
    test_check(clock_tsc_to_ns(clock_tsc_per_ms()) <= 1000000);
    test_check(clock_tsc_to_ns(clock_tsc_per_ms()) > 999900);
}

TEST(CLK0003, "a delay takes no less than was asked for", ALWAYS)
{
    static const unsigned delays_us[] = {0, 1, 10, 1000, 20000};

    for (unsigned i = 0; i < array_length(delays_us); i++) {
        uint64_t start = tsc_read();
        clock_delay_us(delays_us[i]);
        uint64_t ticks = tsc_read() - start;
        test_check(ticks >= clock_tsc_per_ms() * delays_us[i] / 1000);
    }
}

TEST(CLK0004, "the TSC runs at the rate that was measured at boot", ALWAYS)
{
    uint64_t flags = interrupts_save();
    uint64_t per_ms = clock_measure_tsc_per_ms();
    interrupts_restore(flags);

    test_note("%s: %llu kHz at boot, %llu kHz now", clock_reference_name(),
              (unsigned long long)clock_tsc_per_ms(), (unsigned long long)per_ms);
    if (per_ms == 0) {
        test_skip("there is no other clock to measure the TSC by");
        return;
    }
    test_check(per_ms > clock_tsc_per_ms() / 100 * 95);
    test_check(per_ms < clock_tsc_per_ms() / 100 * 105);
}

TEST(CLK0005, "a reference that did not count gives no rate, and no division by 0", ALWAYS)
{
    test_equal(clock_rate_per_ms(1000000, 0, 3579545), 0);
    test_equal(clock_rate_per_ms(20000000, 71590, 3579500), 1000000);
}
