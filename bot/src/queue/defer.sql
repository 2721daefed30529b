/* queue.defer */
-- Gives lanes back, due after a delay; with `refund` the attempt on the first event was not its fault.
WITH held AS MATERIALIZED (
  SELECT l.lane, i.delay, i.event, i.refund
  FROM (SELECT * FROM unnest($1::text[], $2::uuid[], $3::int4[], $4::int8[], $5::bool[])
          AS i(lane, token, delay, event, refund) ORDER BY lane) i,
    LATERAL (SELECT lane FROM lane WHERE lane = i.lane AND token = i.token FOR NO KEY UPDATE) l
), refunded AS (
  UPDATE event SET attempts = attempts - 1
  WHERE lane = ANY (ARRAY (SELECT lane FROM held WHERE refund)) AND id + 0 = ANY (ARRAY (SELECT event FROM held WHERE refund))
    AND attempts > 0
)
UPDATE lane SET token = NULL, owner = NULL,
                until = clock_timestamp() + (SELECT delay FROM held WHERE held.lane = lane.lane) * interval '1 ms'
WHERE lane = ANY (ARRAY (SELECT lane FROM held)) RETURNING lane
