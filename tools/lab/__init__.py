"""The machinery of the coursework: cuts labs from this tree, carries work forward, and grades it."""
