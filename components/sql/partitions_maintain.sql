-- The stages of `maintain`. Each does one piece of work in a transaction of its own and returns whether there may be
-- more of it.

-- The partitions of the time to come.
CREATE OR REPLACE FUNCTION partitions.prepare(rule partitions.rules, moment timestamptz, started timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $body$
DECLARE
    -- Far enough that nobody need hurry when this has failed for days.
    horizon timestamptz := partitions.horizon(rule, moment);
    reached timestamptz := moment;
BEGIN
    WHILE reached < horizon LOOP
        reached := partitions.cover(rule, reached);
    END LOOP;
    RETURN false;
END;
$body$;

CREATE OR REPLACE FUNCTION partitions.horizon(rule partitions.rules, moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $body$
    SELECT moment + CASE rule.every
        WHEN 'day' THEN interval '14 days' WHEN 'week' THEN interval '8 weeks'
        WHEN 'month' THEN interval '3 months' ELSE interval '1 year' END;
$body$;

-- Rows in the default partition that have a place of their own: those of a converted table, and late ones. What lies
-- beyond the horizon waits for its time; what is older than 1900 is a mistake that only its owner can mend.
CREATE OR REPLACE FUNCTION partitions.settle(rule partitions.rules, moment timestamptz, started timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET row_security = off AS $body$
DECLARE
    waiting regclass;
    kind regtype;
    oldest timestamptz;
BEGIN
    SELECT partdefid, atttypid INTO waiting, kind
    FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partdefid AND attname = rule.key_column
    WHERE partrelid = to_regclass(format('public.%I', rule.table_name));
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'SELECT min(%1$I) FROM ONLY %2$s WHERE %1$I >= %3$L AND %1$I < %4$L',
        rule.key_column, waiting,
        partitions.bound('1900-01-01', kind), partitions.bound(partitions.horizon(rule, moment), kind)
    ) INTO oldest;
    IF oldest IS NULL THEN
        RETURN false;
    END IF;
    PERFORM partitions.cover(rule, oldest);
    RETURN true;
END;
$body$;

-- The oldest partition whose last moment is longer ago than rows are kept leaves its table.
CREATE OR REPLACE FUNCTION partitions.detach(rule partitions.rules, moment timestamptz, started timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '10s' AS $body$
DECLARE
    parent regclass := to_regclass(format('public.%I', rule.table_name));
    oldest record;
    mark uuid := gen_random_uuid();
    leaving text;
BEGIN
    SELECT * INTO oldest FROM partitions.ranges(parent)
    WHERE until_at <= moment - make_interval(days => rule.retention_days) ORDER BY until_at LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Its name is free again at once, for a late row.
    leaving := rule.table_name || to_char(
        CASE WHEN isfinite(oldest.from_at) THEN oldest.from_at ELSE oldest.until_at END, '"_p"YYYYMMDD_'
    ) || left(replace(mark::text, '-', ''), 12);
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, oldest.relation);
    IF (SELECT relnamespace <> 'partitions'::regnamespace FROM pg_class WHERE oid = oldest.relation) THEN
        EXECUTE format('ALTER TABLE %s SET SCHEMA partitions', oldest.relation);
    END IF;
    EXECUTE format('ALTER TABLE %s RENAME TO %I', oldest.relation, leaving);
    INSERT INTO partitions.archived (id, table_name, partition_name, from_at, until_at)
    VALUES (mark, rule.table_name, leaving, oldest.from_at, oldest.until_at);
    RETURN true;
END;
$body$;

-- One detached partition goes to the bucket and is dropped, both or neither: if anything fails between, the transaction
-- leaves it as it was, and the next run writes the same object again.
CREATE OR REPLACE FUNCTION partitions.archive(rule partitions.rules, moment timestamptz, started timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET row_security = off
SET lock_timeout = '10s' AS $body$
DECLARE
    one partitions.archived;
    relation text;
    present bigint;
    sent bigint;
    target text;
BEGIN
    SELECT * INTO one FROM partitions.archived
    WHERE table_name = rule.table_name AND archived_at IS NULL AND (tried_at IS NULL OR tried_at < started)
    ORDER BY until_at, id LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    relation := format('partitions.%I', one.partition_name);
    target := format(
        '%s%s/%s-%s.csv', rule.prefix,
        to_char(CASE WHEN isfinite(one.from_at) THEN one.from_at ELSE one.until_at END, 'YYYY/MM'), rule.table_name, one.id
    );
    BEGIN
        -- Nobody adds a row between the count and the end.
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', relation);
        EXECUTE format('SELECT count(*) FROM %s', relation) INTO present;
        IF present > 0 THEN
            -- Without a header, which might count as a row; the columns are in an object of their own beside it.
            SELECT rows_uploaded INTO sent FROM aws_s3.query_export_to_s3(
                format('SELECT * FROM %s', relation),
                aws_commons.create_s3_uri(rule.bucket, target, rule.bucket_region), 'format csv'
            );
            IF sent IS DISTINCT FROM present THEN
                RAISE EXCEPTION '% of % rows were exported', coalesce(sent, 0), present;
            END IF;
            PERFORM aws_s3.query_export_to_s3(
                format(
                    'SELECT attname, pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute '
                    'WHERE attrelid = %L::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum', relation
                ),
                aws_commons.create_s3_uri(rule.bucket, target || '.columns', rule.bucket_region), 'format csv'
            );
        END IF;
        EXECUTE format('DROP TABLE %s', relation);
        UPDATE partitions.archived
        SET archived_at = clock_timestamp(), tried_at = clock_timestamp(), last_error = NULL, row_count = present,
            object_key = CASE WHEN present > 0 THEN target END
        WHERE id = one.id;
    EXCEPTION WHEN OTHERS THEN
        UPDATE partitions.archived SET tried_at = clock_timestamp(), last_error = SQLERRM WHERE id = one.id;
    END;
    RETURN true;
END;
$body$;

-- All of it, for every table, one transaction per piece. One run at a time: another one ends at once. What fails does
-- not keep the rest from being done; it is named at the end, as an error, which the log and cron.job_run_details show.
CREATE OR REPLACE PROCEDURE partitions.maintain(moment timestamptz DEFAULT now())
LANGUAGE plpgsql AS $body$
DECLARE
    started timestamptz := clock_timestamp();
    rule partitions.rules;
    stage text;
    more boolean;
    failures text[] := '{}';
BEGIN
    FOR rule IN SELECT * FROM partitions.rules ORDER BY table_name LOOP
        IF NOT EXISTS (
            SELECT FROM pg_catalog.pg_partitioned_table
            WHERE partrelid = pg_catalog.to_regclass(pg_catalog.format('public.%I', rule.table_name))
        ) THEN
            RAISE NOTICE 'table % is not partitioned yet: see partitions.adopt', rule.table_name;
            CONTINUE;
        END IF;
        FOREACH stage IN ARRAY ARRAY['prepare', 'settle', 'detach', 'archive'] LOOP
            LOOP
                -- Held to the end of this transaction: a session that dies holds nothing.
                IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('partitions.maintain', 0)) THEN
                    RAISE NOTICE 'partitions: another run is at it';
                    RETURN;
                END IF;
                BEGIN
                    EXECUTE pg_catalog.format('SELECT partitions.%I($1, $2, $3)', stage) INTO more USING rule, moment, started;
                EXCEPTION WHEN OTHERS THEN
                    more := false;
                    failures := failures || pg_catalog.format('%s %s: %s', stage, rule.table_name, SQLERRM);
                END;
                COMMIT;
                EXIT WHEN NOT more;
            END LOOP;
        END LOOP;
    END LOOP;
    SELECT failures || coalesce(pg_catalog.array_agg(pg_catalog.format('archive %s: %s', partition_name, last_error)), '{}')
    INTO failures FROM partitions.archived WHERE archived_at IS NULL AND tried_at >= started;
    IF pg_catalog.cardinality(failures) > 0 THEN
        RAISE EXCEPTION 'partitions: %', pg_catalog.array_to_string(failures, '; ');
    END IF;
END;
$body$;
