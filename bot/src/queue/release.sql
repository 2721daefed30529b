/* queue.release */
-- Zero rows for a lane: it has news, or it is lost. Clear, then read.
WITH held AS MATERIALIZED (
  SELECT l.lane FROM (SELECT * FROM unnest($1::text[], $2::uuid[]) AS i(lane, token) ORDER BY lane) i,
    LATERAL (SELECT lane FROM lane WHERE lane = i.lane AND token = i.token FOR UPDATE) l
)
DELETE FROM lane WHERE lane = ANY (ARRAY (SELECT lane FROM held)) AND NOT dirty RETURNING lane, token
