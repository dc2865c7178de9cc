"""One module per subject: the API calls that Ecwid has, and the control calls for tests and trainers."""
