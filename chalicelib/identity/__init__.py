"""Identity: users' tokens, and the resume tokens and cursors that the stack issues itself."""
