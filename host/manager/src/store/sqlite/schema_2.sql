ALTER TABLE pool ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0);

CREATE TABLE reservation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id),
    virtual_account INTEGER NOT NULL REFERENCES virtual_account (id),
    product_id TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    number INTEGER NOT NULL,
    license_type INTEGER NOT NULL,
    universal INTEGER NOT NULL,
    confirmed BLOB NOT NULL UNIQUE,
    declined BLOB NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    last_generation INTEGER NOT NULL,
    request_code TEXT NOT NULL,
    authorization_code TEXT,
    update_code TEXT,
    rehosted_to INTEGER REFERENCES reservation (id),
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    ended INTEGER,
    told INTEGER NOT NULL,
    look_at INTEGER,
    UNIQUE (account, product_id, serial_number, number)
) STRICT;
CREATE UNIQUE INDEX reservation_open ON reservation (account, product_id, serial_number)
    WHERE state < 3;
CREATE INDEX reservation_account ON reservation (account, state);
CREATE INDEX reservation_place ON reservation (virtual_account, state);
CREATE INDEX reservation_serial_number ON reservation (serial_number);
CREATE INDEX reservation_due ON reservation (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX reservation_rehosted ON reservation (account, ended) WHERE state = 5;

CREATE TABLE claim (
    id INTEGER PRIMARY KEY,
    reservation INTEGER NOT NULL REFERENCES reservation (id),
    generation INTEGER NOT NULL,
    virtual_account INTEGER NOT NULL REFERENCES virtual_account (id),
    tag TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    until INTEGER
) STRICT;
CREATE INDEX claim_reservation ON claim (reservation, generation);
CREATE INDEX claim_pool ON claim (virtual_account, tag);

CREATE TABLE entered_code (
    id INTEGER PRIMARY KEY,
    reservation INTEGER NOT NULL REFERENCES reservation (id),
    code TEXT NOT NULL,
    entered INTEGER NOT NULL,
    entered_by TEXT NOT NULL,
    UNIQUE (reservation, code)
) STRICT;
