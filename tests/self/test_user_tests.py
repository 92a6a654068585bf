"""The list of user-mode tests that the kernel is built with."""

import pytest
import user_tests

SOURCE = '''#include "user/test/test.h"

/* USER_TEST(XYZ0009, "in a comment") is no test */
USER_TEST(UMM0002, "two literals "
                   "are one sentence, with (brackets), and commas")
{
}

USER_TEST(UMM0001, "one")
{
}
'''


def test_the_list_has_a_line_for_each_test_in_order():
    assert user_tests.lines([SOURCE, '\nUSER_TEST(UAA0001, "first") {\n']) == (
        'USER_TEST(UAA0001, "first")\n'
        'USER_TEST(UMM0001, "one")\n'
        'USER_TEST(UMM0002, "two literals are one sentence, with (brackets), and commas")\n')
    assert user_tests.lines([]) == ""


@pytest.mark.parametrize("text, words", [
    ('\nUSER_TEST(UAA0001, "a")\n{\n\nUSER_TEST(UAA0001, "b")\n{\n', "stands twice"),
    ('\nUSER_TEST(UAA0001, words)\n{\n', "not of the form"),
    ('\nUSER_TEST(UAA0001, "a")\n', "not of the form"),
])
def test_what_is_no_test_is_refused(text, words):
    with pytest.raises(SystemExit, match=words):
        user_tests.lines([text])


def test_the_list_is_written_only_if_it_changes(tmp_path):
    source, target = tmp_path / "a.c", tmp_path / "list"
    source.write_text(SOURCE)
    user_tests.main(str(target), str(source))
    before = target.stat().st_mtime_ns
    user_tests.main(str(target), str(source))
    assert target.stat().st_mtime_ns == before
    source.write_text(SOURCE.replace("UMM0001", "UMM0003"))
    user_tests.main(str(target), str(source))
    assert "UMM0003" in target.read_text()
