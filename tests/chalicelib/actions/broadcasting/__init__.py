"""Broadcasts, controls and topics."""
