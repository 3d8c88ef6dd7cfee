-- The piimap index. Times are milliseconds since 1970-01-01T00:00:00Z. Hashes are keyed; no table holds a raw personal
-- value. Names (uri, field.name) that are personal data themselves are shown as {classifier} and sealed under the key.

CREATE TABLE meta (             -- about this file
  key   TEXT PRIMARY KEY,       -- 'created', 'key_fingerprint' (keyed hash of a constant),
                                -- 'pruned_run': what only runs before this one saw may have been removed by `index prune`,
                                -- 'removals': how often `forget` or `prune` removed something
  value TEXT NOT NULL
) STRICT;

CREATE TABLE wrapped_key (      -- the data key, encrypted under the user's key; one row
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE run (              -- one pass over the sources
  id             INTEGER PRIMARY KEY,
  started        INTEGER NOT NULL,
  completed      INTEGER,       -- NULL: still going on, stopped or killed
  ended          INTEGER,       -- when it completed or was stopped; NULL: still going on, or killed
  hold           TEXT,          -- legal hold: why nothing that this run saw may be removed; NULL: none
  classifier_set TEXT NOT NULL, -- fingerprint of all definitions
  sources        TEXT NOT NULL, -- what was asked for, a line each
  listed         INTEGER NOT NULL DEFAULT 0,
  unchanged      INTEGER NOT NULL DEFAULT 0,
  read           INTEGER NOT NULL DEFAULT 0,
  partial        INTEGER NOT NULL DEFAULT 0,
  unread         INTEGER NOT NULL DEFAULT 0,
  gone           INTEGER NOT NULL DEFAULT 0,
  bytes_stored   INTEGER NOT NULL DEFAULT 0, -- of the objects read
  bytes_decoded  INTEGER NOT NULL DEFAULT 0,
  records        INTEGER NOT NULL DEFAULT 0,
  sightings      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE dataset (          -- objects that are one logical table or stream
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE object (           -- one stored thing at one version
  id             INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: postings of deleted ones may stay for a while
  uri            TEXT NOT NULL, -- as shown to people
  uri_hash       BLOB NOT NULL, -- keyed hash of the true uri: what tells objects apart
  uri_sealed     BLOB,          -- the true uri under the key; NULL where uri is the true one
  version        TEXT NOT NULL, -- S3 ETag or version id; mtime, size and inode of a file
  size           INTEGER NOT NULL,
  modified       INTEGER,
  dataset_id     INTEGER NOT NULL REFERENCES dataset (id),
  status         TEXT NOT NULL CONSTRAINT object_status CHECK (status IN ('read', 'partial', 'unread')),
  retry          INTEGER NOT NULL DEFAULT 0, -- 1: the next run tries again even if the version is the same
  kind           TEXT,          -- format that read it
  decoded        INTEGER NOT NULL DEFAULT 0, -- bytes after decompression
  records        INTEGER NOT NULL DEFAULT 0,
  classifier_set TEXT NOT NULL,
  first_run      INTEGER NOT NULL REFERENCES run (id),
  last_run       INTEGER NOT NULL REFERENCES run (id), -- newest run that saw it listed, unless `seen` tells of a newer one
  ended_run      INTEGER REFERENCES run (id), -- first run that saw it replaced or gone; NULL: current
  published      INTEGER NOT NULL DEFAULT 0, -- 0: being written; does not count
  digest         INTEGER,       -- sum of a hash of each of its links and unattributed rows; NULL: not known
  until          INTEGER,       -- when it was overwritten or deleted, of a version listed beside the current one; NULL: not, or not known
  version_of     BLOB           -- uri_hash of the object of which it is such a version; NULL: it is none
) STRICT;
CREATE INDEX object_uri ON object (uri_hash);
CREATE INDEX object_dataset ON object (dataset_id);

CREATE TABLE field (            -- a column, a JSON path; '' for running text
  id         INTEGER PRIMARY KEY,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id),
  member     TEXT NOT NULL,     -- path in the archives that hold it, as shown; '' for an object itself
  name       TEXT NOT NULL,
  UNIQUE (dataset_id, member, name)
) STRICT;

CREATE TABLE classifier (       -- every classifier ever seen by this index
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL UNIQUE, -- 'us.ssn'
  element  TEXT NOT NULL,        -- what laws count
  identity TEXT NOT NULL CONSTRAINT classifier_identity CHECK (identity IN ('strong', 'weak', 'none'))
) STRICT;

CREATE TABLE field_summary (    -- what a field of an object holds
  object_id     INTEGER NOT NULL REFERENCES object (id),
  field_id      INTEGER NOT NULL REFERENCES field (id),
  classifier_id INTEGER NOT NULL REFERENCES classifier (id),
  sightings     INTEGER NOT NULL,
  test_values   INTEGER NOT NULL, -- of these, published test values and fillers
  cells         INTEGER NOT NULL, -- values of the field that are not empty; 0 for text
  confidence    REAL NOT NULL,    -- highest
  PRIMARY KEY (object_id, field_id, classifier_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE field_state (      -- what a field of an object holds that does not count as found
  object_id     INTEGER NOT NULL REFERENCES object (id),
  field_id      INTEGER NOT NULL REFERENCES field (id),
  classifier_id INTEGER NOT NULL REFERENCES classifier (id), -- what it would be
  state         TEXT NOT NULL CONSTRAINT field_state CHECK (state IN ('allowed', 'masked', 'truncated', 'hashed', 'tokenised', 'encrypted')),
  count         INTEGER NOT NULL,
  cells         INTEGER NOT NULL, -- values of the field that are not empty; 0 for text
  PRIMARY KEY (object_id, field_id, classifier_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE reading (          -- what object versions were read as before they were read again with other classifiers; a row without
  object_id     INTEGER NOT NULL, -- field (0) stands for each such reading
  run_id        INTEGER NOT NULL REFERENCES run (id), -- the run that read it again: what it was before
  field_id      INTEGER NOT NULL,
  classifier_id INTEGER NOT NULL,
  sightings     INTEGER NOT NULL,
  cells         INTEGER NOT NULL,
  confidence    REAL NOT NULL,
  PRIMARY KEY (object_id, run_id, field_id, classifier_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage (         -- what was not, or not fully, read
  id        INTEGER PRIMARY KEY,
  object_id INTEGER REFERENCES object (id), -- NULL: a folder or prefix that could not be listed
  run_id    INTEGER NOT NULL REFERENCES run (id),
  uri       TEXT NOT NULL,
  member    TEXT,               -- path inside an archive
  status    TEXT NOT NULL CONSTRAINT coverage_status CHECK (status IN ('partial', 'unread')),
  reason    TEXT NOT NULL,      -- a closed list, see `piimap coverage --help`
  detail    TEXT NOT NULL
) STRICT;
CREATE INDEX coverage_object ON coverage (object_id);

-- Who is who, packed: entries in the order of their keys, many a row. The format is told in the source, index/packed.
CREATE TABLE standing (         -- strong identifiers that are not simply a consumer of their own: the consumer that records join
  id    INTEGER PRIMARY KEY,    -- them to, or that they join too many others to link anything: nobody's in particular
  first BLOB NOT NULL UNIQUE,
  data  BLOB NOT NULL
) STRICT;

CREATE TABLE consumer (         -- consumers of two or more identifiers: the hashes of these
  id    INTEGER PRIMARY KEY,
  first BLOB NOT NULL UNIQUE,
  data  BLOB NOT NULL
) STRICT;

CREATE TABLE seen (             -- objects that a run saw unchanged, by ranges of their numbers; no two overlap
  first  INTEGER PRIMARY KEY,
  last   INTEGER NOT NULL,      -- in the range
  run_id INTEGER NOT NULL       -- the newest such run
) STRICT;

CREATE TABLE unsettled (        -- object versions that began or ceased to count since consumers were settled; 0: any of them
  object_id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE consumer_alias (   -- earlier ids of consumers that were merged or split
  old BLOB NOT NULL,
  new BLOB NOT NULL,
  PRIMARY KEY (old, new)
) STRICT, WITHOUT ROWID;

CREATE TABLE link (             -- records that hold several strong identifiers, the evidence for consumers: many a row, see index/links
  id        INTEGER PRIMARY KEY,
  object_id INTEGER NOT NULL REFERENCES object (id),
  data      BLOB NOT NULL
) STRICT;
CREATE INDEX link_object ON link (object_id);

CREATE TABLE shape (            -- what sightings say besides where and how often
  id            INTEGER PRIMARY KEY,
  field_id      INTEGER NOT NULL,
  classifier_id INTEGER NOT NULL,
  certainty     INTEGER NOT NULL, -- 0 itself, 1 its record, 2 possible, 3 weak
  kind          INTEGER NOT NULL, -- of place: 0 rows, 1 bytes, 2 bytes of a single document
  UNIQUE (field_id, classifier_id, certainty, kind)
) STRICT;

-- What objects say about identifiers (strong ones, and weak ones, which can be looked up but make nobody a consumer):
-- sightings, links, residence. Packed; the format is told in the source, index/postings.
CREATE TABLE segment (          -- a batch of postings, written once
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id      INTEGER NOT NULL, -- the newest in it
  base        INTEGER NOT NULL, -- no object in it has a smaller number
  identifiers INTEGER NOT NULL,
  postings    INTEGER NOT NULL
) STRICT;

CREATE TABLE segment_identifier ( -- its identifiers in the order of their hashes
  id         INTEGER PRIMARY KEY,
  segment_id INTEGER NOT NULL,
  first      BLOB NOT NULL,
  data       BLOB NOT NULL
) STRICT;
CREATE INDEX segment_identifier_first ON segment_identifier (segment_id, first);

CREATE TABLE segment_posting (  -- what is said of each
  id         INTEGER PRIMARY KEY,
  segment_id INTEGER NOT NULL,
  first      INTEGER NOT NULL,
  data       BLOB NOT NULL
) STRICT;
CREATE INDEX segment_posting_first ON segment_posting (segment_id, first);

CREATE TABLE segment_object (   -- of whom an object speaks
  id         INTEGER PRIMARY KEY,
  segment_id INTEGER NOT NULL,
  object_id  INTEGER NOT NULL,
  data       BLOB NOT NULL
) STRICT;
CREATE INDEX segment_object_object ON segment_object (object_id);
CREATE INDEX segment_object_segment ON segment_object (segment_id, object_id);

CREATE TABLE segment_joint (    -- sightings in `segment_object` of all objects of a segment, by what they say: whom, and how often.
  id         INTEGER PRIMARY KEY, -- For segments that are large, and where it is much smaller
  segment_id INTEGER NOT NULL,
  shape_id   INTEGER NOT NULL,
  data       BLOB NOT NULL      -- packed; the format is told in the source, index/postings/joint.rs
) STRICT;
CREATE INDEX segment_joint_shape ON segment_joint (segment_id, shape_id);

CREATE TABLE unattributed (     -- sightings that are nobody's
  id            INTEGER PRIMARY KEY,
  object_id     INTEGER NOT NULL,
  field_id      INTEGER NOT NULL,
  classifier_id INTEGER NOT NULL,
  kind          INTEGER NOT NULL,
  count         INTEGER NOT NULL,
  places        BLOB NOT NULL
) STRICT;
CREATE INDEX unattributed_object ON unattributed (object_id);

CREATE TABLE suppressed (       -- identifiers of people who were forgotten: later runs do not index them
  hash  BLOB PRIMARY KEY,       -- keyed hash of the identifier's hash
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
