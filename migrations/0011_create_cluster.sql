-- Why: after a failover or a restore every number rests until the provider's list has been read back
--      (reference/reliability 2.9): here stands which cluster was seen last, and which of its timelines.
-- Locks: none but on the new table.
-- Undo: DROP TABLE cluster; DROP FUNCTION cluster_identity();

-- "System identifier/timeline": another one after a promotion, a recovery to a point in time, or a
-- restore elsewhere. Fails on a standby, so that nothing is ever sent by one's word.
CREATE FUNCTION cluster_identity() RETURNS text LANGUAGE sql STABLE
    AS $$
        SELECT system_identifier::text || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
        FROM pg_control_system()
    $$;

CREATE TABLE cluster (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    identity text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()   -- when it became this one
);
INSERT INTO cluster (identity) VALUES (cluster_identity());

GRANT SELECT ON cluster TO barnstorm_web, barnstorm_ingress, barnstorm_report;
GRANT SELECT, UPDATE ON cluster TO barnstorm_worker;
