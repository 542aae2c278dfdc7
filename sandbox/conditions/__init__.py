"""The conditions a stack runs under: its clock, and the faults in force."""
