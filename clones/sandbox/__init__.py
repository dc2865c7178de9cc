"""A stand-in for Ecwid: a Django project and process of its own that imports nothing of the rest, so that both can disagree."""
