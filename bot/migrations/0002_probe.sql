-- The row that an agent writes now and then, to see that a commit goes through. A slot is a hash of the pod's name, so
-- pods that come and go leave no rows behind. One page with room for the new version of a row, so that an update stays on it.
create table probe (
    slot smallint primary key check (slot between 0 and 63),
    at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
