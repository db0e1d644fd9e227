-- Bounds are midnights in UTC, whatever the session's time zone. A week begins on Monday.

-- A moment as a bound of a partition whose key is of this type.
CREATE OR REPLACE FUNCTION partitions.bound(moment timestamptz, kind regtype) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $body$
    SELECT CASE kind
        WHEN 'date'::regtype THEN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD')
        WHEN 'timestamp'::regtype THEN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
        ELSE to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'
    END;
$body$;

-- The partitions of a table and what each covers, the default one not among them.
CREATE OR REPLACE FUNCTION partitions.ranges(parent regclass)
RETURNS TABLE (relation regclass, from_at timestamptz, until_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $body$
BEGIN
    RETURN QUERY
    SELECT found.relation,
           CASE found.bounds[1] WHEN 'MINVALUE' THEN '-infinity' ELSE found.bounds[1]::timestamptz END,
           CASE found.bounds[2] WHEN 'MAXVALUE' THEN 'infinity' ELSE found.bounds[2]::timestamptz END
    FROM (
        SELECT child.oid::regclass AS relation,
               regexp_match(
                   pg_get_expr(child.relpartbound, child.oid), $re$^FOR VALUES FROM \('?([^')]+)'?\) TO \('?([^')]+)'?\)$re$
               ) AS bounds
        FROM pg_inherits link JOIN pg_class child ON child.oid = link.inhrelid
        WHERE link.inhparent = parent AND NOT link.inhdetachpending
    ) found
    WHERE found.bounds IS NOT NULL;
END;
$body$;

-- The span of time around a moment that a new partition may take: a whole interval, less what others cover of it.
CREATE OR REPLACE FUNCTION partitions.span(
    parent regclass, every text, moment timestamptz, OUT from_at timestamptz, OUT until_at timestamptz
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $body$
BEGIN
    from_at := date_trunc(every, moment);
    until_at := from_at + ('1 ' || every)::interval;
    SELECT greatest(span.from_at, max(other.until_at) FILTER (WHERE other.until_at <= moment)),
           least(span.until_at, min(other.from_at) FILTER (WHERE other.from_at > moment))
    INTO from_at, until_at
    FROM partitions.ranges(parent) other;
END;
$body$;

-- The names of a table's columns that a row is copied by: what the server computes is computed again.
CREATE OR REPLACE FUNCTION partitions.plain_columns(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $body$
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
    FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
$body$;

-- Makes sure that a partition covers a moment, and returns where that one ends. Rows that waited in the default
-- partition move into it in the same transaction.
CREATE OR REPLACE FUNCTION partitions.cover(rule partitions.rules, moment timestamptz) RETURNS timestamptz
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET row_security = off
SET lock_timeout = '10s' AS $body$
DECLARE
    parent regclass := to_regclass(format('public.%I', rule.table_name));
    kind regtype;
    waiting regclass;
    ending timestamptz;
    span record;
    fresh text;
    condition text;
    waits boolean := false;
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', parent);
    SELECT until_at INTO ending FROM partitions.ranges(parent) WHERE from_at <= moment AND until_at > moment;
    IF FOUND THEN
        RETURN ending;
    END IF;
    SELECT * INTO span FROM partitions.span(parent, rule.every, moment);
    SELECT atttypid INTO kind FROM pg_attribute WHERE attrelid = parent AND attname = rule.key_column;
    fresh := format('partitions.%I', rule.table_name || to_char(
        span.from_at, CASE WHEN date_trunc('day', span.from_at) = span.from_at THEN '"_p"YYYYMMDD' ELSE '"_p"YYYYMMDDHH24MISS' END
    ));
    -- Neither its indexes nor its identity columns: attaching it gives it its table's.
    EXECUTE format(
        'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE '
        'INCLUDING COMPRESSION)', fresh, parent
    );
    SELECT nullif(partdefid, 0) INTO waiting FROM pg_partitioned_table WHERE partrelid = parent;
    IF waiting IS NOT NULL THEN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', waiting);
        condition := format(
            '%1$I >= %2$L AND %1$I < %3$L',
            rule.key_column, partitions.bound(span.from_at, kind), partitions.bound(span.until_at, kind)
        );
        EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s WHERE %s)', waiting, condition) INTO waits;
    END IF;
    IF waits THEN
        -- The rows stay in their table: no trigger may take the move for a deletion.
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', waiting);
        EXECUTE format(
            'WITH moved AS (DELETE FROM ONLY %1$s WHERE %2$s RETURNING %3$s) INSERT INTO %4$s (%3$s) SELECT %3$s FROM moved',
            waiting, condition, partitions.plain_columns(parent), fresh
        );
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', waiting);
    END IF;
    EXECUTE format(
        'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
        parent, fresh, partitions.bound(span.from_at, kind), partitions.bound(span.until_at, kind)
    );
    RETURN span.until_at;
END;
$body$;
