"""`make bench`: how pages grow with the number of clones, as ratios measured in one run."""
