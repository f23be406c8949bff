-- Several bills at one table. The first one has the table's label, and each other one its own id in place of it, since a table
-- has one visit by its label. Then at_table has the label, and bill the number, from 2 on.

ALTER TABLE visits ADD COLUMN at_table TEXT;
ALTER TABLE visits ADD COLUMN bill INTEGER;

CREATE INDEX visits_bills ON visits (restaurant, at_table) WHERE closed_at IS NULL AND at_table IS NOT NULL;
