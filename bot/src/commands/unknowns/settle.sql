/* unknowns.settle */
-- What a person has found out. As with a fact that comes late, only what is unknown changes.
WITH found AS MATERIALIZED (
  SELECT lane, event FROM turn WHERE event = ANY ($1::int8[]) AND outcome = 'unknown' ORDER BY lane, event FOR NO KEY UPDATE
)
UPDATE turn t SET outcome = $2, reason = 'by_operator'
FROM found f WHERE t.lane = f.lane AND t.event = f.event
RETURNING t.event
