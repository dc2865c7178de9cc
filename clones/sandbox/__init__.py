"""A stand-in for Ecwid: a Django project and process of its own.

Imports nothing of the rest, so that the two can disagree and a test can notice.
"""
