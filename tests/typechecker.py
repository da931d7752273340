"""Shapes and types are checked in the tests; as everywhere in Python, an int may stand where a float is asked for."""

from beartype import BeartypeConf, beartype

typechecked = beartype(conf=BeartypeConf(is_pep484_tower=True))
