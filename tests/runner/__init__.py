"""The host side of the test suite: boots kernels and judges their KTAP output strictly."""
