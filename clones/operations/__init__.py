"""What a person asks for, from a page or from a command: the same rules for both."""
