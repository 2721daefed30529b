/* queue.renew */
WITH held AS MATERIALIZED (
  SELECT l.lane FROM (SELECT * FROM unnest($1::text[], $2::uuid[]) AS i(lane, token) ORDER BY lane) i,
    LATERAL (SELECT lane FROM lane WHERE lane = i.lane AND token = i.token FOR NO KEY UPDATE) l
)
UPDATE lane SET until = clock_timestamp() + $3::int4 * interval '1 ms'
WHERE lane = ANY (ARRAY (SELECT lane FROM held)) RETURNING lane, token
