-- Why a plain table cannot be split by time without losing something, a line each.
CREATE OR REPLACE FUNCTION partitions.obstacles(source regclass, key_column text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $body$
DECLARE
    key smallint;
    missing bigint;
BEGIN
    SELECT attnum INTO key FROM pg_attribute WHERE attrelid = source AND attname = key_column;
    EXECUTE format('SELECT count(*) FROM %s WHERE %I IS NULL', source, key_column) INTO missing;
    IF missing > 0 THEN
        RETURN NEXT format('%s rows have no %s', missing, key_column);
    END IF;
    RETURN QUERY
    SELECT format('foreign key %s of %s refers to it', conname, conrelid::regclass)
    FROM pg_constraint WHERE contype = 'f' AND confrelid = source AND conparentid = 0
    UNION ALL
    SELECT format('exclusion constraint %s', conname) FROM pg_constraint WHERE contype = 'x' AND conrelid = source
    UNION ALL
    SELECT format('unique index %s does not have the column %s', indexrelid::regclass, key_column)
    FROM pg_index WHERE indrelid = source AND indisunique AND NOT indisprimary AND NOT key = ANY (indkey)
    UNION ALL
    SELECT DISTINCT format('view %s reads it', rule.ev_class::regclass)
    FROM pg_depend link JOIN pg_rewrite rule ON link.classid = 'pg_rewrite'::regclass AND link.objid = rule.oid
    WHERE link.refclassid = 'pg_class'::regclass AND link.refobjid = source AND rule.ev_class <> source
    UNION ALL
    SELECT DISTINCT format('function %s is bound to it', link.objid::regprocedure)
    FROM pg_depend link
    WHERE link.classid = 'pg_proc'::regclass AND link.refclassid = 'pg_class'::regclass AND link.refobjid = source
    UNION ALL
    SELECT format('rule %s', rulename) FROM pg_rewrite WHERE ev_class = source
    UNION ALL
    SELECT format('trigger %s is not in its usual state', tgname)
    FROM pg_trigger WHERE tgrelid = source AND NOT tgisinternal AND tgenabled <> 'O'
    UNION ALL
    SELECT format('publication %s names it', pubname)
    FROM pg_publication_rel link JOIN pg_publication ON pg_publication.oid = link.prpubid WHERE link.prrelid = source
    UNION ALL
    SELECT format('it inherits from, or is inherited by, %s', CASE inhparent WHEN source THEN inhrelid ELSE inhparent END::regclass)
    FROM pg_inherits WHERE source IN (inhparent, inhrelid);
END;
$body$;

-- The statements that give a table in the same place what this one has beside its columns, checks and primary key.
CREATE OR REPLACE FUNCTION partitions.belongings(source regclass) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $body$
    SELECT pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = source AND NOT indisprimary AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'u')
    UNION ALL
    SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', source, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = source AND contype IN ('u', 'f')
    UNION ALL
    SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = source AND NOT tgisinternal
    UNION ALL
    SELECT format(
        'CREATE POLICY %I ON %s AS %s FOR %s TO %s', polname, source,
        CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ') FROM unnest(polroles) role)
    ) || coalesce(' USING (' || pg_get_expr(polqual, polrelid) || ')', '')
      || coalesce(' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')', '')
    FROM pg_policy WHERE polrelid = source
    UNION ALL
    SELECT format('ALTER TABLE %s %s ROW LEVEL SECURITY', source, verb)
    FROM pg_class, LATERAL (
        SELECT 'ENABLE' WHERE relrowsecurity UNION ALL SELECT 'FORCE' WHERE relforcerowsecurity
    ) setting (verb)
    WHERE oid = source
    UNION ALL
    SELECT format(
        'GRANT %s%s ON %s TO %s%s', entry.privilege_type, ' (' || quote_ident(columns.attname) || ')', source,
        CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(entry.grantee)) END,
        CASE WHEN entry.is_grantable THEN ' WITH GRANT OPTION' END
    )
    FROM (
        SELECT relacl AS acl, NULL::name AS attname FROM pg_class WHERE oid = source
        UNION ALL
        SELECT attacl, attname FROM pg_attribute WHERE attrelid = source AND attacl IS NOT NULL AND NOT attisdropped
    ) columns, LATERAL aclexplode(columns.acl) entry
    UNION ALL
    SELECT format('COMMENT ON TABLE %s IS %L', source, obj_description(source, 'pg_class'))
    WHERE obj_description(source, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT format('ALTER TABLE %s OWNER TO %I', source, pg_get_userbyid(relowner)) FROM pg_class WHERE oid = source;
$body$;

-- The statements that make columns number rows as before: identities go on where they were, sequences of `serial`
-- columns change their owner, or they would go with the old table.
CREATE OR REPLACE FUNCTION partitions.numbering(source regclass) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    owned record;
    reached record;
BEGIN
    FOR owned IN
        SELECT sequence.oid::regclass AS name, attname, attidentity, settings.*
        FROM pg_depend link
        JOIN pg_class sequence ON sequence.oid = link.objid AND sequence.relkind = 'S'
        JOIN pg_sequence settings ON settings.seqrelid = sequence.oid
        JOIN pg_attribute ON attrelid = link.refobjid AND attnum = link.refobjsubid
        WHERE link.classid = 'pg_class'::regclass AND link.refobjid = source AND link.deptype IN ('a', 'i')
    LOOP
        IF owned.attidentity = '' THEN
            EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', owned.name);
            RETURN NEXT format('ALTER SEQUENCE %s OWNED BY %s.%I', owned.name, source, owned.attname);
        ELSE
            EXECUTE format('SELECT last_value, is_called FROM %s', owned.name) INTO reached;
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', source, owned.attname);
            RETURN NEXT format(
                'ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY (INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s)',
                source, owned.attname, CASE owned.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                owned.seqincrement, owned.seqmin, owned.seqmax, owned.seqstart
            );
            RETURN NEXT format(
                'SELECT setval(pg_get_serial_sequence(%L, %L), %s, %L)', source, owned.attname, reached.last_value, reached.is_called
            );
        END IF;
    END LOOP;
END;
$body$;

-- Makes a table ready for `maintain`: a plain one becomes the default partition of a new one in its place, with all its
-- rows and at once; their partitions are made by `maintain`, one transaction each. Returns what it found.
CREATE OR REPLACE FUNCTION partitions.adopt(rule partitions.rules) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET lock_timeout = '1min' AS $body$
DECLARE
    source regclass := to_regclass(format('public.%I', rule.table_name));
    place text := format('public.%I', rule.table_name);
    rest text := format('partitions.%I', rule.table_name || '_default');
    form "char";
    statements text[];
    statement text;
    key_name text;
    key_columns text;
    key_fits boolean;
    trigger_name text;
BEGIN
    IF source IS NULL THEN
        RAISE NOTICE 'table % does not exist yet: make it (PARTITION BY RANGE (%) or plain), then run this again', place, rule.key_column;
        RETURN 'missing';
    END IF;
    -- Everything is looked at and done under one lock: two at once do not convert a table twice.
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', source);
    SELECT relkind INTO form FROM pg_class WHERE oid = source;
    IF form IS NULL THEN
        RETURN partitions.adopt(rule);
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = source AND attname = rule.key_column AND NOT attisdropped
        AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
    ) THEN
        RAISE EXCEPTION 'table % has no column % of type timestamptz, timestamp or date', place, rule.key_column;
    END IF;
    IF form = 'p' THEN
        IF pg_get_partkeydef(source) <> format('RANGE (%I)', rule.key_column) THEN
            RAISE EXCEPTION 'table % is partitioned by %, not by RANGE (%)', place, pg_get_partkeydef(source), rule.key_column;
        END IF;
        IF (SELECT partdefid = 0 FROM pg_partitioned_table WHERE partrelid = source) THEN
            EXECUTE format('CREATE TABLE %s PARTITION OF %s DEFAULT', rest, source);
        END IF;
        RETURN 'partitioned';
    END IF;
    IF form <> 'r' THEN
        RAISE EXCEPTION '% is not a table', place;
    END IF;
    SELECT string_agg(obstacle, '; ') INTO statement FROM partitions.obstacles(source, rule.key_column) obstacle;
    IF statement IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot be split by %: %', place, rule.key_column, statement;
    END IF;

    statements := ARRAY(SELECT partitions.belongings(source));
    SELECT conname, string_agg(quote_ident(attname), ', ' ORDER BY place.number), bool_or(attname = rule.key_column)
    INTO key_name, key_columns, key_fits
    FROM pg_constraint, unnest(conkey) WITH ORDINALITY place (attnum, number)
    JOIN pg_attribute ON pg_attribute.attnum = place.attnum
    WHERE conrelid = source AND attrelid = source AND contype = 'p'
    GROUP BY conname;
    statements := ARRAY(SELECT partitions.numbering(source)) || statements;
    FOR trigger_name IN SELECT tgname FROM pg_trigger WHERE tgrelid = source AND NOT tgisinternal LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', trigger_name, source);
    END LOOP;
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', source, rule.key_column);
    IF key_name IS NOT NULL AND NOT key_fits THEN
        -- A partitioned table's key has the column that it is split by: PostgreSQL checks it in each partition alone.
        key_columns := key_columns || ', ' || quote_ident(rule.key_column);
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I PRIMARY KEY (%s)', source, key_name, key_columns);
    END IF;
    EXECUTE format('ALTER TABLE %s SET SCHEMA partitions', source);
    EXECUTE format('ALTER TABLE %s RENAME TO %I', source, rule.table_name || '_default');
    EXECUTE format(
        'CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY) PARTITION BY RANGE (%I)',
        place, rest, rule.key_column
    );
    IF key_name IS NOT NULL THEN
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (%s)', place, key_name, key_columns);
    END IF;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s DEFAULT', place, rest);
    FOREACH statement IN ARRAY statements LOOP
        EXECUTE statement;
    END LOOP;
    RETURN 'converted';
END;
$body$;
