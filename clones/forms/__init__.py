"""Forms of the pages: what a person types, checked and made into an operation's input."""
