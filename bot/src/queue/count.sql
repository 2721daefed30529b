/* queue.count */
-- A claim counts one attempt on the first event of each lane.
WITH held AS MATERIALIZED (
  SELECT l.lane FROM (SELECT * FROM unnest($1::text[]) AS i(lane) ORDER BY lane) i,
    LATERAL (SELECT lane FROM lane WHERE lane = i.lane AND token = $2 FOR NO KEY UPDATE) l
), first AS (
  SELECT f.id FROM held h,
    LATERAL (SELECT id FROM event WHERE lane = h.lane ORDER BY occurred_at, received_at, ordinal, id LIMIT 1) f
)
UPDATE event SET attempts = attempts + 1
WHERE lane = ANY (ARRAY (SELECT lane FROM held)) AND id + 0 = ANY (ARRAY (SELECT id FROM first))
