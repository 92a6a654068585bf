/* The FPU: whose registers are in it, and who can read them. */
#include "arch/x86_64/cpu/fpu.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/ipc/endpoint.h"
#include "kernel/program/program.h"
#include "lib/error.h"
#include "lib/string.h"
#include "sched/core/schedule.h"
#include "tests/support/threads.h"
#include "tests/task/task_fixture.h"
#include "tests/test.h"

extern const char user_code_fpu_keep[], user_code_fpu_look[], user_code_fpu_reserved[],
    user_code_fpu_divide[], user_code_fpu_caller[], user_code_ipc_server[], user_code_sse[];

/* What user_code.asm:fpu_look writes at its argument: an image by FXSAVE, and upper halves of YMM. */
#define IMAGE_BYTES   (IMAGE_YMM0 + 256)
#define IMAGE_OPCODE  6 /* of the last x87 instruction; then its addresses */
#define IMAGE_MXCSR   24
#define IMAGE_MASK    28 /* which bits of MXCSR there are: no register */
#define IMAGE_ST0     32
#define IMAGE_XMM0    160
#define IMAGE_YMM0    416
#define FILL          0xee
#define LOOK_AT       1024 /* in the page of data */
#define LOOKS         10
#define KEEPER_ROUNDS 20
#define WAIT_NS       SELFTEST_EVENTUALLY_NS

static uint64_t this_cpu_alone(void)
{
    return 1UL << cpu_number();
}

/* Starts a thread with the FPU at a label of user_code.asm. NULL fails the test. */
static struct user_thread *fpu_start(struct task *task, unsigned index, const char *code,
                                     uint64_t argument, uint64_t affinity)
{
    struct user_thread *user;
    int error = user_thread_create(task, THREAD_PRIORITY_DEFAULT, affinity, &user);
    if (error == OK) {
        error = user_thread_fpu_give(user);
        if (error == OK) {
            error = user_thread_start(user, user_world_address(code),
                                      TASK_STACKS + (index + 1) * TASK_STACK_STEP, argument);
        }
        if (error != OK) {
            object_release(&user->object);
        }
    }
    test_equal(error, OK);
    return error == OK ? user : NULL;
}

static int thread_end(struct user_thread *user)
{
    int status = ERROR_TIMEOUT;
    if (user != NULL) {
        test_equal(user_thread_wait(user, WAIT_NS, &status), OK);
        object_release(&user->object);
    }
    return status;
}

static int task_end(struct task *task, int status)
{
    if (task != NULL) {
        task_kill(task, status);
        test_equal(task_wait(task, WAIT_NS, &status), OK);
        object_release(&task->object);
    }
    return status;
}

/* Returns whether a byte of an image may be left as it was: FXSAVE need not write it. */
static bool byte_may_stay(unsigned i)
{
    bool last_instruction = i >= IMAGE_OPCODE && i < IMAGE_MXCSR; /* QEMU does not write these */
    bool mask = i >= IMAGE_MASK && i < IMAGE_ST0;
    bool padding = i >= IMAGE_ST0 && i < IMAGE_XMM0 && i % 16 >= 10;
    bool no_avx = i >= IMAGE_YMM0 && fpu_components() < 4;
    return i == 5 || last_instruction || mask || padding || no_avx;
}

/* Checks that an image, which was filled with FILL before, shows clean registers. */
static void image_check_clean(const uint8_t *image, const char *whose)
{
    static const struct {
        uint8_t at, value;
    } expected[] = {{0, 0x7f}, {1, 0x03}, {IMAGE_MXCSR, 0x80}, {IMAGE_MXCSR + 1, 0x1f}};

    for (unsigned i = 0; i < IMAGE_BYTES; i++) {
        uint8_t value = 0;
        for (unsigned k = 0; k < array_length(expected); k++) {
            value = expected[k].at == i ? expected[k].value : value;
        }
        if (image[i] != value && !(image[i] == FILL && byte_may_stay(i)) &&
            !(i >= IMAGE_MASK && i < IMAGE_ST0)) {
            test_fail(__FILE__, __LINE__, "%s: byte %u of the registers is 0x%x, not 0x%x", whose,
                      i, image[i], value);
            return;
        }
    }
}

/* A task with a thread that keeps its registers full of marks, and checks that they stay. */
struct keeper {
    struct task *task;
    struct user_thread *user;
    volatile uint64_t *data; /* rounds; the word that stops it; whether the marks were ever wrong */
};

static bool keeper_begin(struct keeper *keeper, uint64_t affinity)
{
    *keeper = (struct keeper){.task = task_fixture_create(LOOKS + 1)};
    if (keeper->task == NULL) {
        return false;
    }
    keeper->data = task_fixture_data(keeper->task);
    keeper->user = fpu_start(keeper->task, 0, user_code_fpu_keep, USER_WORLD_DATA, affinity);
    if (keeper->user != NULL) {
        test_eventually(keeper->data[0] > 0, "the thread that keeps marks does not run");
    }
    return keeper->user != NULL;
}

static void keeper_end(struct keeper *keeper)
{
    if (keeper->user != NULL) {
        uint64_t rounds = keeper->data[0];
        test_eventually(keeper->data[0] > rounds + KEEPER_ROUNDS, "the keeper does not go on");
        test_equal(keeper->data[2], 0);
        keeper->data[1] = 1; /* the task, and its memory, may end with the thread */
        test_equal(thread_end(keeper->user), 0);
    }
    ignore_result(task_end(keeper->task, 0));
}

/* Runs a thread of a task that looks at its registers as it starts. */
static void look(struct task *task, unsigned index, uint64_t affinity, const char *whose)
{
    volatile uint64_t *state = task_fixture_data(task) + LOOK_AT / sizeof(uint64_t) - 1;
    uint8_t *image = (uint8_t *)(uintptr_t)(state + 1);
    *state = 0;
    memset(image, FILL, IMAGE_BYTES);
    struct user_thread *user =
        fpu_start(task, index, user_code_fpu_look, USER_WORLD_DATA + LOOK_AT, affinity);
    if (user != NULL) {
        test_eventually(*state == 1, "the thread does not look at its registers");
        image_check_clean(image, whose);
        *state = 2; /* the task, and its memory, may end with the thread */
        test_equal(thread_end(user), 0);
    }
}

TEST(FPU0001, "a thread starts with clean registers, after one of its own task that filled them",
     ALWAYS)
{
    struct keeper keeper;
    if (keeper_begin(&keeper, this_cpu_alone())) {
        for (unsigned i = 1; i <= LOOKS; i++) {
            look(keeper.task, i, keeper.user->affinity, "a thread of the task");
        }
    }
    keeper_end(&keeper);
}

TEST(FPU0002, "a thread starts with clean registers, after one of another task that filled them",
     ALWAYS)
{
    struct keeper keeper;
    if (keeper_begin(&keeper, this_cpu_alone())) {
        for (unsigned i = 0; i < LOOKS; i++) {
            struct task *other = task_fixture_create(1);
            if (other != NULL) {
                look(other, 0, keeper.user->affinity, "a thread of another task");
            }
            ignore_result(task_end(other, 0));
        }
    }
    keeper_end(&keeper);
}

/* Reads this CPU's registers but AVX's, as if there were no rule against it. Returns CR0.TS. */
static bool registers_read(uint8_t *image)
{
    memset(image, FILL, IMAGE_BYTES);
    uint64_t flags = interrupts_save();
    uint64_t cr0 = cr0_read();
    cr0_write(cr0 & ~CR0_TASK_SWITCHED);
    __asm__ volatile("fxsave64 (%0)" ::"r"(image) : "memory");
    cr0_write(cr0);
    interrupts_restore(flags);
    return (cr0 & CR0_TASK_SWITCHED) != 0;
}

TEST(FPU0003,
     "when a thread has left the CPU its registers are cleared, and an exception guards them",
     ALWAYS)
{
    static uint8_t image[IMAGE_BYTES] aligned_to(16);
    struct keeper keeper;
    uint64_t affinity = this_cpu_alone();

    ignore_result(thread_affinity_set(thread_current(), affinity));
    if (keeper_begin(&keeper, affinity)) {
        for (unsigned i = 0; i < KEEPER_ROUNDS; i++) {
            uint64_t rounds = keeper.data[0];
            test_eventually(keeper.data[0] > rounds, "the thread that keeps marks does not run");
            test_check(registers_read(image));
            memset(image + IMAGE_YMM0, 0, IMAGE_BYTES - IMAGE_YMM0);
            image_check_clean(image, "the CPU");
        }
    }
    keeper_end(&keeper);
    ignore_result(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL));
}

TEST(FPU0004, "registers stay a thread's own while it moves from CPU to CPU", TWO_CPUS)
{
    struct keeper keeper;
    if (keeper_begin(&keeper, 1)) {
        for (unsigned i = 0; i < 50; i++) {
            uint64_t rounds = keeper.data[0];
            uint64_t flags = spin_lock_irq_save(&keeper.user->lock);
            struct thread *thread = keeper.user->thread;
            const uint64_t affinity = 1UL << (i % cpu_online_count());
            if (thread != NULL) {
                schedule_change(thread, SCHEDULE_CHANGE_AFFINITY, affinity);
            }
            spin_unlock_irq_restore(&keeper.user->lock, flags);
            test_eventually(keeper.data[0] > rounds, "the thread that keeps marks does not run");
        }
    }
    keeper_end(&keeper);
}

TEST(FPU0005,
     "a thread that did not ask for the FPU gets an exception, whoever ran before on its CPU",
     ALWAYS)
{
    static struct user_world world;
    static struct user_world_thread thread;
    struct keeper keeper;

    if (keeper_begin(&keeper, this_cpu_alone())) {
        user_world_begin();
        if (user_world_create(&world)) {
            for (unsigned i = 0; i < LOOKS; i++) {
                struct thread *made =
                    user_world_start(&thread, &world, user_code_sse, 0, keeper.user->affinity);
                test_equal(test_thread_join(made), 0);
                test_equal(thread.exception.vector, VECTOR_NO_FPU);
                test_equal(thread.exception.rip, user_world_address(user_code_sse));
            }
            user_world_destroy(&world);
        }
        user_world_end();
    }
    keeper_end(&keeper);
}

/* Runs a thread that must end its task by an exception, beside one that must not notice. If there is
 * no exception it ends with status 1. */
static void thread_crash(const char *code)
{
    struct keeper keeper;
    if (keeper_begin(&keeper, this_cpu_alone())) {
        struct task *task = task_fixture_create(1);
        if (task != NULL) {
            int status = thread_end(fpu_start(task, 0, code, 0, keeper.user->affinity));
            int ended;
            /* It ends with its only thread, a moment after others see the thread's end. */
            test_equal(task_wait(task, TEST_EVENTUALLY_NS, &ended), OK);
            test_equal(ended, status);
            ignore_result(task_end(task, 0));
            if (status == 1) {
                test_skip("this processor does not raise the exception");
            } else {
                test_equal(status, ERROR_FAULT);
            }
        }
    }
    keeper_end(&keeper);
}

TEST(FPU0006, "reserved bits of MXCSR end the task that tries to set them, and no other", ALWAYS)
{
    thread_crash(user_code_fpu_reserved);
}

TEST(FPU0007, "a division by zero that is not masked ends its task, and no other", ALWAYS)
{
    thread_crash(user_code_fpu_divide);
}

TEST(FPU0008, "a thread that is killed while its registers are loaded leaves none of them", ALWAYS)
{
    static uint8_t image[IMAGE_BYTES] aligned_to(16);
    uint64_t affinity = this_cpu_alone();

    ignore_result(thread_affinity_set(thread_current(), affinity));
    for (unsigned i = 0; i < LOOKS; i++) {
        struct keeper keeper;
        if (keeper_begin(&keeper, affinity)) {
            test_equal(task_end(keeper.task, -3), -3);
            object_release(&keeper.user->object);
            test_check(registers_read(image));
            memset(image + IMAGE_YMM0, 0, IMAGE_BYTES - IMAGE_YMM0);
            image_check_clean(image, "the CPU");
        } else {
            ignore_result(task_end(keeper.task, 0));
        }
    }
    ignore_result(thread_affinity_set(thread_current(), THREAD_AFFINITY_ALL));
}

TEST(FPU0009, "a program that was compiled with SSE has the FPU from its start", BOOT_ARCHIVE)
{
    const struct program_options options = {.words = "float"};
    struct task *task;
    const char *reason = "";
    int status = -1;

    test_equal(program_run(&options, &task, &reason), OK);
    test_equal(task_wait(task, WAIT_NS, &status), OK);
    test_equal(status, 0);
    object_release(&task->object);
}

/* Starts ipc_server for an endpoint, on these CPUs; it expects its stamp at this word of its page. */
#define SERVER_STAMP_AT 416
#define SERVER_STAMP    2
#define SERVER_BADGE    7

static struct user_thread *server_start(struct task *task, struct endpoint *endpoint,
                                        uint64_t affinity)
{
    uint32_t handle = 0;
    task_fixture_data(task)[SERVER_STAMP_AT] = SERVER_STAMP;
    test_equal(handle_open(&task->handles, &endpoint->object, RIGHT_RECEIVE, 0, &handle), OK);
    return task_fixture_start(task, 0, user_code_ipc_server, handle, affinity);
}

TEST(FPU0010, "a thread keeps its registers over calls whose server has no FPU", ALWAYS)
{
    struct endpoint *endpoint;
    struct task *client = task_fixture_create(1), *server = task_fixture_create(1);
    struct user_thread *user = NULL;
    uint64_t affinity = this_cpu_alone();
    uint32_t handle = 0;

    test_equal(endpoint_create(&endpoint), OK);
    if (client != NULL && server != NULL) {
        test_equal(
            handle_open(&client->handles, &endpoint->object, RIGHT_SEND, SERVER_BADGE, &handle),
            OK);
        user = server_start(server, endpoint, affinity);
        test_equal(thread_end(fpu_start(client, 0, user_code_fpu_caller, handle, affinity)), 0);
    }
    ignore_result(task_end(client, 0));
    ignore_result(task_end(server, 0));
    if (user != NULL) {
        object_release(&user->object);
    }
    object_release(&endpoint->object);
}
