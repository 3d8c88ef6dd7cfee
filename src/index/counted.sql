-- How many people there are in current objects: by field, by dataset and where these live, by classifier, in all. Derived as `whose` is,
-- and emptied when that holds no more. Empty: it is counted when asked.

CREATE TABLE IF NOT EXISTS counted (
  part INTEGER PRIMARY KEY, -- 0, 1, 2 ...: parts of one stream; -1: how long it is
  data BLOB NOT NULL        -- packed; the format is told in the source, index/counted.rs
) STRICT;
