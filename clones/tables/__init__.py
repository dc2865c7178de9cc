"""Lists as tables: which columns there are, how each cell is written, what one can sort by."""
