//! The index file: the only folder that knows SQLite and the tables.
