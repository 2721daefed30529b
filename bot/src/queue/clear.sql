/* queue.clear */
-- Zero rows for a lane: it is lost. The events are read by the next statement, never by this one.
WITH held AS MATERIALIZED (
  SELECT l.lane FROM (SELECT * FROM unnest($1::text[], $2::uuid[]) AS i(lane, token) ORDER BY lane) i,
    LATERAL (SELECT lane FROM lane WHERE lane = i.lane AND token = i.token FOR NO KEY UPDATE) l
)
UPDATE lane SET dirty = false WHERE lane = ANY (ARRAY (SELECT lane FROM held)) RETURNING lane, token
