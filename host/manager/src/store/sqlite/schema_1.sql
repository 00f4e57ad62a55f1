CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE virtual_account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id),
    parent INTEGER REFERENCES virtual_account (id),
    name TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    created INTEGER NOT NULL,
    deleted INTEGER
) STRICT;
CREATE UNIQUE INDEX virtual_account_name ON virtual_account (account, name)
    WHERE deleted IS NULL;
CREATE INDEX virtual_account_parent ON virtual_account (parent);

CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role INTEGER NOT NULL,
    account INTEGER REFERENCES account (id),
    virtual_account INTEGER REFERENCES virtual_account (id),
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE client (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    secret BLOB NOT NULL UNIQUE,
    role INTEGER NOT NULL,
    account INTEGER REFERENCES account (id),
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id),
    virtual_account INTEGER NOT NULL REFERENCES virtual_account (id),
    secret BLOB NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    max_uses INTEGER,
    uses INTEGER NOT NULL,
    export_controlled INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    revoked INTEGER
) STRICT;
CREATE INDEX token_place ON token (virtual_account);
CREATE INDEX token_account ON token (account);

CREATE TABLE token_secret (
    token INTEGER PRIMARY KEY REFERENCES token (id),
    secret BLOB NOT NULL
) STRICT;

CREATE TABLE line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id),
    virtual_account INTEGER NOT NULL REFERENCES virtual_account (id),
    tag TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    start INTEGER NOT NULL,
    "end" INTEGER,
    "order" TEXT NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;
CREATE INDEX line_pool ON line (virtual_account, tag);
CREATE INDEX line_account ON line (account);

CREATE TABLE pool (
    virtual_account INTEGER NOT NULL REFERENCES virtual_account (id),
    tag TEXT NOT NULL,
    owned INTEGER NOT NULL CHECK (owned >= 0),
    changes INTEGER,
    at_or_above INTEGER NOT NULL CHECK (at_or_above >= 0),
    PRIMARY KEY (virtual_account, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    product_id TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    uuid BLOB NOT NULL,
    instance BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES account (id),
    virtual_account INTEGER NOT NULL REFERENCES virtual_account (id),
    state INTEGER NOT NULL,
    host_name TEXT NOT NULL,
    software_version TEXT NOT NULL,
    look_at INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    next_key BLOB,
    next_valid_until INTEGER,
    certificate_serial INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    export_controlled INTEGER NOT NULL,
    registered INTEGER NOT NULL,
    last_contact INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    last_request BLOB NOT NULL,
    answer_sequence INTEGER NOT NULL,
    reports_counted INTEGER NOT NULL,
    out_of_compliance_since INTEGER,
    duplicate_since INTEGER,
    silence_announced INTEGER NOT NULL,
    usage_released INTEGER NOT NULL,
    last_answer BLOB NOT NULL,
    UNIQUE (serial_number, product_id, uuid)
) STRICT;
CREATE INDEX device_account ON device (account, state);
CREATE INDEX device_place ON device (virtual_account, state);
CREATE INDEX device_host_name ON device (host_name);
CREATE INDEX device_due ON device (look_at) WHERE state = 0;

CREATE TABLE replaced_key (
    id INTEGER PRIMARY KEY,
    device INTEGER NOT NULL REFERENCES device (id),
    public_key BLOB NOT NULL,
    UNIQUE (device, public_key)
) STRICT;

CREATE TABLE registration (
    device INTEGER PRIMARY KEY REFERENCES device (id),
    request BLOB NOT NULL,
    token INTEGER NOT NULL REFERENCES token (id),
    answer BLOB NOT NULL
) STRICT;

CREATE TABLE old_epoch (
    device INTEGER NOT NULL REFERENCES device (id),
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    request BLOB NOT NULL,
    answer BLOB NOT NULL,
    retired INTEGER NOT NULL,
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE conflict (
    device INTEGER PRIMARY KEY REFERENCES device (id),
    request BLOB NOT NULL,
    answer BLOB NOT NULL
) STRICT;

CREATE TABLE out_of_compliance_elsewhere (
    device INTEGER NOT NULL REFERENCES device (id),
    account INTEGER NOT NULL REFERENCES account (id),
    since INTEGER NOT NULL,
    PRIMARY KEY (device, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE machine (
    device INTEGER NOT NULL REFERENCES device (id),
    epoch INTEGER NOT NULL,
    reported INTEGER NOT NULL,
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE machine_usage (
    device INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    tag TEXT NOT NULL,
    peak INTEGER NOT NULL,
    PRIMARY KEY (device, epoch, tag),
    FOREIGN KEY (device, epoch) REFERENCES machine (device, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
    device INTEGER NOT NULL REFERENCES device (id),
    tag TEXT NOT NULL,
    peak INTEGER NOT NULL,
    highest INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (device, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device INTEGER NOT NULL REFERENCES device (id),
    tag TEXT NOT NULL,
    reported INTEGER NOT NULL,
    peak INTEGER NOT NULL,
    covers_seconds INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_history_device ON usage_history (device, id);

CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    account INTEGER REFERENCES account (id),
    virtual_account INTEGER REFERENCES virtual_account (id),
    device INTEGER REFERENCES device (id),
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX event_account ON event (account, number);
CREATE INDEX event_place ON event (virtual_account, number);
CREATE INDEX event_device ON event (device, number);
