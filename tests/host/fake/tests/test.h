/* In-kernel tests that need no hardware run on the host as well: their words in the host's. */
#pragma once

#include "tests/host/host.h"

#define TEST(test_id, test_sentence) HOST_TEST(#test_id " " test_sentence)
#define test_fail                    host_fail
#define test_check                   host_check
#define test_equal                   host_equal
