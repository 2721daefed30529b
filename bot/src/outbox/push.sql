/* outbox.push */
-- The one step from reply to push: this call alone may have reached LINE, nothing was accepted, the lane is held.
-- Counts the push in the month's budget ($4: none when null).
WITH fit AS MATERIALIZED (
  SELECT o.event FROM outbox o JOIN lane l ON l.lane = $2 AND l.token = $3
  WHERE o.event = $1 AND o.token = $3 AND o.state = 'replying' AND o.reply_attempts = 1 AND o.accepted_at IS NULL
  FOR SHARE OF l
), paid AS (
  INSERT INTO push_month AS m (month, pushes)
  SELECT date_trunc('month', now() AT TIME ZONE 'Asia/Bangkok')::date, 1 FROM fit WHERE coalesce($4::int4, 1) > 0
  ON CONFLICT (month) DO UPDATE SET pushes = m.pushes + 1 WHERE $4::int4 IS NULL OR m.pushes < $4::int4
  RETURNING pushes
), pushed AS (
  UPDATE outbox SET state = 'pushing' FROM paid, fit WHERE outbox.event = fit.event RETURNING outbox.event
)
SELECT EXISTS (SELECT FROM fit) AS fit, EXISTS (SELECT FROM pushed) AS pushed, (SELECT pushes FROM paid) AS pushes
