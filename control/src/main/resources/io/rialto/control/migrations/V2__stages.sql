ALTER TABLE snapshot ADD COLUMN reason text NOT NULL DEFAULT '';
ALTER TABLE snapshot ADD COLUMN nodes text;
COMMENT ON COLUMN snapshot.reason IS 'why it was made, for people';
COMMENT ON COLUMN snapshot.nodes IS 'the nodes that get this version, comma-separated; null for all of them';
