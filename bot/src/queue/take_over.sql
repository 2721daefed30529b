/* queue.take_over */
-- Lanes whose holder let its lease run out, and at once those of the owners in $5: our own former lives.
UPDATE lane SET token = $1, owner = $2, until = clock_timestamp() + $3::int4 * interval '1 ms', dirty = false
WHERE lane IN (
  SELECT lane FROM lane WHERE token IS NOT NULL AND (until < clock_timestamp() OR owner = ANY ($5::uuid[]))
  ORDER BY until LIMIT $4::int8 FOR UPDATE SKIP LOCKED
)
RETURNING lane
