-- What `segment_object` says of residences, apart: questions about people read all of it and little else.

CREATE TABLE segment_residence (
  id         INTEGER PRIMARY KEY,
  segment_id INTEGER NOT NULL,
  object_id  INTEGER NOT NULL, -- -1: a row without data that says that all of the segment is there
  data       BLOB NOT NULL
) STRICT;
CREATE INDEX segment_residence_segment ON segment_residence (segment_id);
