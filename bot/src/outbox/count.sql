/* outbox.count */
-- One more call that may reach LINE: only by who holds the lane.
UPDATE outbox o SET reply_attempts = o.reply_attempts + 1, token = $3 FROM lane l
WHERE o.event = $1 AND o.state = 'replying' AND o.accepted_at IS NULL
  AND l.lane = $2 AND l.token = $3 AND l.until > clock_timestamp()
RETURNING o.reply_attempts
