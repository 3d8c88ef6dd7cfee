-- What people said of random findings and non-findings: numbers, never a value.

CREATE TABLE IF NOT EXISTS review (
  id             INTEGER PRIMARY KEY,
  at             INTEGER NOT NULL, -- when it ended
  run            INTEGER,          -- the newest completed run then
  classifier_set TEXT NOT NULL,    -- of that run
  seed           INTEGER NOT NULL, -- repeats the choice
  scope          TEXT,             -- pattern of the datasets it was confined to; NULL: all
  non_findings   INTEGER NOT NULL, -- that were judged
  missed         INTEGER NOT NULL, -- of these, those that should have been found
  skipped        INTEGER NOT NULL  -- shown, and not judged
) STRICT;

CREATE TABLE IF NOT EXISTS review_findings (
  review_id  INTEGER NOT NULL REFERENCES review (id),
  classifier TEXT NOT NULL,        -- 'us.ssn'
  judged     INTEGER NOT NULL,
  correct    INTEGER NOT NULL,
  PRIMARY KEY (review_id, classifier)
) STRICT, WITHOUT ROWID;
