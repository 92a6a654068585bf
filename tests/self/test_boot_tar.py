"""The archive of user programs: what it depends on, and how it ends."""

import io
import tarfile

import boot_tar

FILES = {"second": b"two" * 300, "first": b"1", "empty": b""}


def test_another_program_reads_it():
    with tarfile.open(fileobj=io.BytesIO(boot_tar.archive(FILES))) as read:
        assert read.getnames() == sorted(FILES)
        for name, data in FILES.items():
            assert read.extractfile(name).read() == data
            assert (read.getmember(name).uid, read.getmember(name).mode) == (0, 0o755)


def test_it_ends_with_two_blocks_of_zeros_and_nothing_else():
    data = boot_tar.archive({"a": b"x" * 512})
    assert len(data) == 512 + 512 + 1024
    assert not any(data[-1024:]) and data[-1025] == ord("x")


def test_order_and_time_of_the_files_do_not_matter(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1735689600")
    backwards = dict(reversed(FILES.items()))
    assert boot_tar.archive(FILES) == boot_tar.archive(backwards)
    with tarfile.open(fileobj=io.BytesIO(boot_tar.archive(FILES))) as read:
        assert {member.mtime for member in read} == {1735689600}
