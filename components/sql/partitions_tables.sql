-- What is kept beside the data. Partitions live in this schema too: nobody is granted anything in it, so rows are
-- reached only through their table, with its grants and its row security.
CREATE SCHEMA IF NOT EXISTS partitions;

-- One row per table that is split by time.
CREATE TABLE IF NOT EXISTS partitions.rules (
    table_name     text PRIMARY KEY,
    key_column     text NOT NULL,
    every          text NOT NULL CHECK (every IN ('day', 'week', 'month', 'year')),
    retention_days integer NOT NULL CHECK (retention_days > 0),
    bucket         text NOT NULL,
    bucket_region  text NOT NULL,
    prefix         text NOT NULL
);

-- One row per partition that has left its table: first detached, then archived and dropped. The id is part of the
-- object's name: neither a late row's second partition nor another shard's writes over it.
CREATE TABLE IF NOT EXISTS partitions.archived (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    table_name     text NOT NULL,
    partition_name text NOT NULL UNIQUE,
    from_at        timestamptz NOT NULL,
    until_at       timestamptz NOT NULL,
    detached_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at       timestamptz,
    last_error     text,
    archived_at    timestamptz,
    row_count      bigint,
    object_key     text
);
CREATE INDEX IF NOT EXISTS archived_waiting ON partitions.archived (table_name, until_at) WHERE archived_at IS NULL;
