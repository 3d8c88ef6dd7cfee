-- Whose each identifier of a segment is, said once for all questions about many people. Derived from the segments and from
-- `standing`: whatever changes one of these takes the row of segment 0 away, the end of a run writes what is another then. Without that row
-- nothing here holds: it is worked out when asked.

CREATE TABLE IF NOT EXISTS whose (
  segment_id INTEGER NOT NULL, -- 0: a row without data that says that all is there
  first      INTEGER NOT NULL, -- the first ordinal in it
  data       BLOB NOT NULL,    -- packed; the format is told in the source, index/rows.rs
  PRIMARY KEY (segment_id, first)
) STRICT;

-- Where the people of these numbers live, by the records of all their identifiers.
CREATE TABLE IF NOT EXISTS lives (
  first INTEGER PRIMARY KEY,       -- the number of the first person in it; -1: all places where somebody lives
  data  BLOB NOT NULL              -- packed; the format is told in the source, index/lives.rs
) STRICT;
