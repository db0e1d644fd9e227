-- What the server must bring: the export to S3 (with aws_commons, which makes its addresses) and the schedule.
CREATE EXTENSION IF NOT EXISTS aws_s3 CASCADE;
CREATE EXTENSION IF NOT EXISTS pg_cron;
