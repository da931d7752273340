"""A database in one file, or in memory, inside the program: SQLite, with search in text and among vectors.

`apsw` brings a SQLite that may load extensions; that of Python's own `sqlite3` often may not. FTS5 is part of it, and
`sqlite-vec` is the extension that compares vectors.
"""

import apsw
import sqlite_vec


def connect(path: str = ":memory:") -> apsw.Connection:
    """A connection on which FTS5 and sqlite-vec are there."""
    database = apsw.Connection(path)
    database.enable_load_extension(True)
    database.load_extension(sqlite_vec.loadable_path())
    database.enable_load_extension(False)  # nothing that comes in later, such as a question, may load more
    return database
