ALTER TABLE reservation ADD COLUMN issued_up_to INTEGER NOT NULL DEFAULT 0;
UPDATE reservation SET issued_up_to = last_generation;
ALTER TABLE reservation ADD COLUMN frozen_since INTEGER;
ALTER TABLE reservation ADD COLUMN frozen_ahead INTEGER;
CREATE INDEX reservation_frozen ON reservation (account) WHERE frozen_since IS NOT NULL;
