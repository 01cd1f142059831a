-- After a take-over by a database that lacks the newest messages their sequences are never given again, or a device that has them would
-- pass over new ones: the sequences of a head go on above all that could have been given before. Devices are told of what lies
-- between as of messages that are not kept. Messages to everyone are copied from their owner with their sequences.
CREATE FUNCTION number_on() RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    newest bigint;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.uid <> '' AND NEW.last > OLD.last THEN
            SELECT max(t.generation) INTO newest FROM rialto.takeover t;
            NEW.last := greatest(NEW.last, coalesce(newest << 32, 0) + NEW.last - OLD.last);
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$;

SELECT rialto.owned_by_user('head', 'uid', 'inbox.number_on');

-- What is noted of messages and devices changes nothing of what was lost, and is written for many users at once.
SELECT rialto.owned_by_user(name, 'uid', NULL)
FROM unnest(ARRAY['message', 'device', 'cursor', 'receipt', 'scheduled', 'webhook_event', 'wake']::regclass[]) name;
