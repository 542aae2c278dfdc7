"""The control plane: moto's models behind one HTTP endpoint, and what moto lacks.

`endpoint.py` tells requests apart, `moto_server.py` runs moto's own request handlers. Every other
file is what moto lacks of one service, as it could be offered to moto: its classes extended, the
behaviour that of the service's API reference.
"""
