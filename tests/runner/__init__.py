"""The host side of the test suite: boots the kernel, reads its KTAP, and is strict about it."""
