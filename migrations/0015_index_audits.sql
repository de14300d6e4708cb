-- Why: questions of compliance staff in under a second: who has stopped, wrong numbers, what a
--      provider refused. Partial indexes over the few rows that they are about.
-- Locks: SHARE on contact and outcome while they are built: sending waits.
-- Undo: DROP INDEX contact_opted_out, contact_wrong_number, outcome_code.
CREATE INDEX contact_opted_out ON contact (organisation_id, opted_out_at)
    WHERE opted_out_at IS NOT NULL;
CREATE INDEX contact_wrong_number ON contact (organisation_id, wrong_number_at)
    WHERE wrong_number_at IS NOT NULL;
CREATE INDEX outcome_code ON outcome (organisation_id, code) WHERE result = 2;
