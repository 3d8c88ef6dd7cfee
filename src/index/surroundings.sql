-- What surrounds objects and datasets, as the newest listing found it.

CREATE TABLE IF NOT EXISTS surroundings ( -- objects of which more is known than their bytes tell
  uri_hash BLOB PRIMARY KEY,            -- as in object
  role     TEXT NOT NULL CONSTRAINT surroundings_role CHECK (role IN ('data', 'history', 'bookkeeping')),
  as_of    INTEGER                      -- the moment whose state it shows; NULL: nothing says so
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dataset_kind ( -- datasets that were recognised as a kind of export
  dataset TEXT PRIMARY KEY,             -- as in dataset.name
  kind    TEXT NOT NULL                 -- 'rds-export'
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS source_type ( -- columns as the database that they come from declared them
  dataset TEXT NOT NULL,
  field   TEXT NOT NULL,                -- as shown
  type    TEXT NOT NULL,                -- 'character varying'
  PRIMARY KEY (dataset, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS store_fact ( -- settings of the stores (buckets) that the newest run looked at
  store TEXT NOT NULL,                  -- 's3://bucket'
  name  TEXT NOT NULL,                  -- 'encryption'
  value TEXT,                           -- as shown; NULL: not known
  why   TEXT,                           -- why it is not known
  PRIMARY KEY (store, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS run_cost (   -- what runs and exports cost, as estimated or billed
  run_id INTEGER PRIMARY KEY,           -- below 0: an export that was started before a run
  at     INTEGER NOT NULL,
  usd    REAL NOT NULL
) STRICT;
