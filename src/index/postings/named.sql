-- From the id of a consumer of one identifier back to that identifier: in which block of a segment's dictionary it stands. Derived from the
-- dictionary, at the end of a run, for segments that are not small; what stands in none of it is searched for in the dictionary itself.

CREATE TABLE segment_consumer (
  segment_id INTEGER NOT NULL,
  first      INTEGER NOT NULL, -- the first four bytes of the first id in it; -1: a row without ids that says that all are there
  data       BLOB NOT NULL,    -- packed; the format is told in the source, index/postings/named.rs
  PRIMARY KEY (segment_id, first)
) STRICT;
