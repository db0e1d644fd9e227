-- Stand-ins for the extensions that only RDS has, with the real signatures: aws_commons and aws_s3
-- (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/postgresql-s3-export-functions.html) and pg_cron
-- (https://github.com/citusdata/pg_cron). An upload is a file, which stays when the transaction is rolled back, as an
-- object in S3 does. {folder} is where they go.
CREATE SCHEMA aws_commons;
CREATE TYPE aws_commons._s3_uri_1 AS (bucket text, file_path text, region text);
CREATE FUNCTION aws_commons.create_s3_uri(s3_bucket text, s3_path text, s3_region text) RETURNS aws_commons._s3_uri_1
LANGUAGE sql IMMUTABLE AS $$ SELECT row(s3_bucket, s3_path, s3_region)::aws_commons._s3_uri_1 $$;

CREATE SCHEMA aws_s3;
-- What goes wrong: nothing, 'refused' before or 'broken' after the upload, or rows are 'lost' on the way.
CREATE TABLE aws_s3.weather (trouble text NOT NULL, pattern text NOT NULL);
CREATE FUNCTION aws_s3.query_export_to_s3(
    query text, s3_info aws_commons._s3_uri_1, options text DEFAULT NULL, kms_key text DEFAULT NULL,
    OUT rows_uploaded bigint, OUT files_uploaded bigint, OUT bytes_uploaded bigint
)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    trouble text := (SELECT w.trouble FROM aws_s3.weather w WHERE s3_info.file_path LIKE w.pattern);
BEGIN
    IF trouble = 'refused' THEN
        RAISE EXCEPTION 'could not upload to Amazon S3' USING DETAIL = 'Amazon S3 client returned ''Access Denied''.';
    END IF;
    EXECUTE format(
        'COPY (%s) TO %L WITH (%s)', query,
        '{folder}/' || replace(s3_info.bucket || '/' || s3_info.file_path, '/', '!'), options
    );
    GET DIAGNOSTICS rows_uploaded = ROW_COUNT;
    IF trouble = 'broken' THEN
        RAISE EXCEPTION 'the connection to Amazon S3 broke';
    END IF;
    IF trouble = 'lost' THEN
        rows_uploaded := rows_uploaded - 1;
    END IF;
    files_uploaded := 1;
END;
$$;

CREATE SCHEMA cron;
CREATE TABLE cron.job (
    jobid bigint GENERATED ALWAYS AS IDENTITY, schedule text NOT NULL, command text NOT NULL, jobname name, username text,
    UNIQUE (jobname, username)
);
CREATE TABLE cron.job_run_details (jobid bigint, end_time timestamptz);
CREATE FUNCTION cron.schedule(job_name text, schedule text, command text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER AS $$
    INSERT INTO cron.job (schedule, command, jobname, username) VALUES (schedule, command, job_name, session_user)
    ON CONFLICT ON CONSTRAINT job_jobname_username_key
    DO UPDATE SET schedule = excluded.schedule, command = excluded.command
    RETURNING jobid
$$;

GRANT USAGE ON SCHEMA aws_commons, aws_s3, cron TO app;
GRANT INSERT, DELETE ON aws_s3.weather TO app;
GRANT SELECT ON aws_s3.weather, cron.job TO app;
