"""The protocol as code: requests, replies, other messages and jobs, and their encoding."""
