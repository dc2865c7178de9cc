"""`make bench`: how fast pages and engine are, as ratios measured in one run.

A section is a module with `run(bench)` (`tests.bench.bench.Bench`), named in `SECTIONS` of `__main__.py`.
"""
