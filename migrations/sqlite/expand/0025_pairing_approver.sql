-- The person who approved the screen; NULL where an operator's token did, or a version before this.
ALTER TABLE pairings ADD COLUMN approved_by BLOB;
CREATE INDEX pairings_by_approver ON pairings (approved_by) WHERE approved_by IS NOT NULL;
