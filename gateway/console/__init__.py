"""The console: commands typed by an operator, completion, history, and the log as it comes."""
