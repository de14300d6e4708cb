-- Why: who asked at the door to be reminded is told, once, when they can begin; then forgotten.
-- Locks: ACCESS EXCLUSIVE on join_request for an instant, SHARE while a small index is built.
-- Undo: DROP INDEX join_request_due; ALTER TABLE join_request DROP COLUMN due_at, DROP COLUMN told_at.
ALTER TABLE join_request
    ADD COLUMN due_at timestamptz NOT NULL DEFAULT now(),  -- a reminder leaves no earlier
    ADD COLUMN told_at timestamptz;
CREATE INDEX join_request_due ON join_request (organisation_id, campaign_id, due_at)
    WHERE kind = 'reminder';
