"""Lets pytest's tests in the folders below import the runner and the matrix: pytest puts the folder of
a conftest.py on the path."""
