"""What an operator can ask and order: one table of commands for console, event socket and whatever else comes.

Pure: a command gets the node, the time and what its process offers (`Host`), and gives text, rows or an answer that
comes later.
"""
