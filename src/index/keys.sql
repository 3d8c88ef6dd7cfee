-- Key columns: what is known of columns that may be keys, what was decided, and what each object was read with.

CREATE TABLE IF NOT EXISTS key_sample (  -- of a column that may be a key: its smallest keyed hashes (identity/keys/sample.rs)
  id        INTEGER PRIMARY KEY,
  object_id INTEGER NOT NULL,
  field_id  INTEGER NOT NULL,
  sample    BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS key_sample_object ON key_sample (object_id);

CREATE TABLE IF NOT EXISTS object_keys ( -- objects of datasets with key columns
  object_id INTEGER PRIMARY KEY,
  keys      TEXT NOT NULL                -- changes with the dataset's key columns: what was read with others is read again
) STRICT;

CREATE TABLE IF NOT EXISTS key_column (  -- columns whose values are identifiers, as the newest run decided
  dataset  TEXT NOT NULL,
  field    TEXT NOT NULL,
  class    TEXT NOT NULL,                -- 'key.customer', as in classifier.name
  space    TEXT NOT NULL,                -- what goes into the hashes: columns of one space hold the same things
  declared INTEGER NOT NULL,             -- 1: by piimap.toml
  PRIMARY KEY (dataset, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS key_pair (    -- columns that refer to a key, or might; one row each
  dataset    TEXT NOT NULL,
  field      TEXT NOT NULL,
  to_dataset TEXT NOT NULL,
  to_field   TEXT NOT NULL,
  status     TEXT NOT NULL CONSTRAINT key_pair_status CHECK (status IN ('accepted', 'proposed', 'contradicted')),
  verdict    TEXT NOT NULL,
  compared   INTEGER NOT NULL,           -- distinct values that the samples could compare
  contained  INTEGER NOT NULL,           -- of these, in the key
  agree      INTEGER NOT NULL,           -- of these, with rows that name the same people
  differ     INTEGER NOT NULL,           -- and with rows that name others
  all_values INTEGER,                    -- distinct values in all rows; NULL where it does not link
  all_inside INTEGER,                    -- of these, in the key
  PRIMARY KEY (dataset, field, to_dataset, to_field)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS key_refuted ( -- relations that the samples suggested and all values spoke against
  dataset    TEXT NOT NULL,
  field      TEXT NOT NULL,
  to_dataset TEXT NOT NULL,
  to_field   TEXT NOT NULL,
  samples    TEXT NOT NULL,              -- what the samples were; other samples are judged anew
  all_values INTEGER NOT NULL,
  all_inside INTEGER NOT NULL,
  PRIMARY KEY (dataset, field, to_dataset, to_field)
) STRICT, WITHOUT ROWID;
