"""Call records on their way from the journal to those who want them: databases, web services, serial lines."""
