"""The control plane: moto's models behind one HTTP endpoint, and what moto lacks.

`endpoint.py` directs each request to its service, `moto_server.py` runs moto's own request
handlers. The files named after a service extend moto's classes as the API reference has it, in a
form that could be offered to moto.
"""
