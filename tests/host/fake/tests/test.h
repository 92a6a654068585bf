/*
 * Stands in for tests/test.h where an in-kernel test that needs nothing of the machine is compiled
 * for the host: it becomes a host test with its id. Such a test has the condition ALWAYS.
 */
#pragma once

#include "tests/host/host.h"

#define HOST_CONDITION_ALWAYS

#define TEST(id, sentence, condition) HOST_CONDITION_##condition HOST_TEST(id, sentence)
#define test_fail                     host_fail
#define test_check                    host_check
#define test_equal                    host_equal
