-- What a vendor shows of a message on a device that is away: a template of the topic and values, JSON.

ALTER TABLE message ADD COLUMN notice text;
COMMENT ON COLUMN message.notice IS 'template and values of what vendors show, JSON, or null for nothing';

ALTER TABLE scheduled ADD COLUMN notice text;
