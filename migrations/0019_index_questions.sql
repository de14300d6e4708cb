-- Why: questions of compliance staff over tens of millions of texts. What stops tell of themselves is
--      read from columns instead of parsed at each view; rare lines of the log, tries that were proven
--      unsent, texts that came in and the days of texts are found without reading the rest.
-- Locks: ACCESS EXCLUSIVE on ledger while it is rewritten with two columns (about ten seconds a million
--      lines: stops wait); SHARE on message and outcome while indexes are built (about a second a
--      million texts: sending waits).
-- Undo: DROP INDEX ledger_source, ledger_kind_seq, ledger_stop, message_created, message_inbound,
--      message_again, outcome_unsent; ALTER TABLE ledger DROP COLUMN source, DROP COLUMN honoured_seconds;
--      ALTER TABLE message ALTER created_at RESET (n_distinct_inherited), attempt slot_at likewise.

-- Read from the hashed words themselves, so they cannot say anything else.
ALTER TABLE ledger
    ADD COLUMN source text GENERATED ALWAYS AS (entry::jsonb #>> '{details,source}') STORED,
    -- From the person's words until the stop held; of stops that a person sent and that were new.
    ADD COLUMN honoured_seconds double precision GENERATED ALWAYS AS (
        CASE WHEN kind = 'stop' AND entry::jsonb #>> '{details,already_out}' = 'false'
            AND entry::jsonb #>> '{details,source}' IN ('text', 'page')
            AND jsonb_typeof(entry::jsonb #> '{details,received_at}') = 'number'
            AND jsonb_typeof(entry::jsonb #> '{details,effective_at}') = 'number'
        THEN (entry::jsonb #>> '{details,effective_at}')::double precision
            - (entry::jsonb #>> '{details,received_at}')::double precision END) STORED;

-- A page of rare lines, wherever they lie: by source, by kind.
CREATE INDEX ledger_source ON ledger (organisation_id, source, seq) WHERE source IS NOT NULL;
CREATE INDEX ledger_kind_seq ON ledger (organisation_id, kind, seq);
-- The figures of the last days, from the index alone.
CREATE INDEX ledger_stop ON ledger (organisation_id, at) INCLUDE (source, honoured_seconds)
    WHERE kind = 'stop';

-- A few bytes for every 128 pages: what a span of days holds is found, and a text pays next to nothing.
CREATE INDEX message_created ON message USING brin (created_at)
    WITH (pages_per_range = 128, autosummarize = on);
-- Texts are summed by minute, by several processes at once. The planner knows of instants only that
-- nearly each is another, and would sum in one; this is what it takes their number for.
ALTER TABLE message ALTER COLUMN created_at SET (n_distinct_inherited = 5000);
ALTER TABLE attempt ALTER COLUMN slot_at SET (n_distinct_inherited = 5000);
-- Only what people write to us: sending pays nothing.
CREATE INDEX message_inbound ON message (organisation_id, created_at) INCLUDE (sender_id)
    WHERE kind = 6;
-- Only texts that a person re-created after a doubt: no list of recipients leads to them.
CREATE INDEX message_again ON message (organisation_id, contact_id) WHERE replaces IS NOT NULL;
-- Only tries that were proven unsent.
CREATE INDEX outcome_unsent ON outcome (organisation_id, message_id, n) WHERE result = 3;
