"""Launches that are prepared in steps: what the wizard's pages ask for.

`changing` locks, `making` begins and ends, `rows` keeps the targets, `counting` counts them, `launching` launches,
`leaving_out` keeps what does not go along.
"""
