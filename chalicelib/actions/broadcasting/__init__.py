"""Messages to many: a speaker's broadcasts and controls, topics, messages to a tenant."""
