/* intake.won */
-- After an unknown outcome: what of this batch is ours because it was stored the first time.
SELECT lane FROM lane WHERE token = $1 ORDER BY lane
