-- The spine: events, lanes, outbox, turns. What each clause of the statements on these tables answers
-- is told in docs/queue.md.

-- One sequence for everything that was once an event, so that an id names it wherever it is.
create sequence event_id;

-- Which events were seen, by day of the event's own timestamp. Days are attached and detached by `serve`.
create table seen (
    day date not null,
    key bytea not null,
    primary key (day, key)
) partition by range (day);

-- Events that wait for their answer. Settled ones leave, so the table stays small.
create table event (
    lane text not null,
    id bigint not null default nextval('event_id'),
    key bytea not null,
    destination text,
    message_id text,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    ordinal int not null,
    attempts smallint not null default 0,
    -- Set when the customer took the message back or edited it while it waited.
    amended boolean not null default false,
    amended_text text,
    trace bytea,
    body bytea not null,
    primary key (lane, id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);

-- A row exists exactly while the conversation has unsettled events. Held: token and until ahead.
-- Waiting or due: no token, until ahead or past.
create table lane (
    lane text primary key,
    token uuid,
    owner uuid,
    until timestamptz not null,
    dirty boolean not null default false
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
create index lane_due on lane (until) where token is null;

-- What is about to be, or may have been, sent to LINE.
create table outbox (
    event bigint primary key,
    state text not null check (state in ('replying', 'pushing')),
    payload json not null,
    rule text,
    language text,
    -- The customer chose this language by what is being answered.
    set_language text,
    reply_attempts smallint not null check (reply_attempts >= 0),
    token uuid not null,
    begun_at timestamptz not null,
    accepted_at timestamptz,
    request_id text
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);

-- The conversation: one row for each event that is settled.
create table turn (
    lane text not null,
    event bigint not null,
    key bytea not null,
    webhook_event_id text,
    destination text,
    user_id text,
    display_name text,
    kind text not null,
    message_id text,
    user_text text,
    file_name text,
    file_type text,
    answer json,
    rule text,
    language text,
    outcome text not null check (outcome in ('answered', 'stored_only', 'unanswered', 'unknown', 'dead_letter')),
    reason text,
    sent_by text check (sent_by in ('reply', 'push')),
    request_id text,
    trace bytea,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    begun_at timestamptz,
    accepted_at timestamptz,
    settled_at timestamptz not null,
    body bytea,
    primary key (lane, event)
);
create index turn_message on turn (message_id) where message_id is not null;
create index turn_nameless on turn (user_id) where display_name is null and user_id is not null;
create index turn_unknown on turn (event) where outcome = 'unknown';

-- Events that could not be worked, with their bytes and the reason.
create table dead_letter (
    id bigint primary key,
    key bytea not null,
    lane text,
    destination text,
    message_id text,
    reason text not null,
    detail text,
    attempts smallint not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    ordinal int not null,
    dead_at timestamptz not null,
    trace bytea,
    body bytea not null
);
create index dead_letter_message on dead_letter (message_id) where message_id is not null;

-- What customers did to their messages: unsend is final, else the newest edit counts.
create table amendment (
    message_id text primary key,
    unsent boolean not null,
    text text,
    occurred_at timestamptz not null,
    -- Every text that was there at the time has been emptied or edited.
    applied boolean not null default false
);
create index amendment_open on amendment (message_id) where not applied;

-- Whom we talk to.
create table person (
    user_id text primary key,
    display_name text,
    profile_language text,
    fetched_at timestamptz,
    language text check (language in ('th', 'en')),
    language_at timestamptz
);

-- Pushes by calendar month of Asia/Bangkok, for the budget.
create table push_month (
    month date primary key,
    pushes int not null
);
