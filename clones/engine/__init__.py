"""What the worker does: take due jobs, call Ecwid, write down what came of it.

The database is the truth; django-q2 only rings. HTTP never happens inside a transaction, and the threads that make the
calls never touch the database.
"""
