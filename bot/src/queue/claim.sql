/* queue.claim */
-- Free and due lanes, the longest due first; those that another pod is taking are left to it.
UPDATE lane SET token = $1, owner = $2, until = clock_timestamp() + $3::int4 * interval '1 ms', dirty = false
WHERE lane IN (
  SELECT lane FROM lane WHERE token IS NULL AND until <= clock_timestamp()
  ORDER BY until LIMIT $4::int8 FOR UPDATE SKIP LOCKED
)
RETURNING lane
