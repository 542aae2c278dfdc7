"""What a speaker sends to a session: broadcasts and controls; and topics."""
