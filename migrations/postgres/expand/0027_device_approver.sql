-- The person who approved the screen; NULL where an operator's token did, or a version before this.
ALTER TABLE devices ADD COLUMN approved_by UUID;
