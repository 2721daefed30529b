/* outbox.known */
-- Read again before `unknown` is written: somebody else may know better.
SELECT accepted_at, request_id, state FROM outbox WHERE event = $1
