"""The operations on items. Each is prepared (the request is checked) and then carried out."""
