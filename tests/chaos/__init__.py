"""The engine on its worst day: `python -m tests.chaos`.

Real workers run real clones against the sandbox, while the plan of a seed kills, stops, cuts off, locks and restarts
what they stand on. At the end both sides are compared row by row. It starts servers of its own and touches no others.
"""
