-- The last ticket of each series on a day, as JSON; NULL before the first. Nodes of the version before leave it as it is.
ALTER TABLE feeds ADD COLUMN tickets TEXT;
