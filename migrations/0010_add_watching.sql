-- Why: whoever looks at a page needs no notice, whichever process serves it; one process cannot see
--      the streams of another.
-- Locks: ACCESS EXCLUSIVE on member, for as long as a column without default takes.
-- Undo: ALTER TABLE member DROP COLUMN watched_until.
ALTER TABLE member ADD COLUMN watched_until timestamptz;
