/* queue.depth */
-- For the metrics. Events leave when they settle, so this counts the backlog alone.
SELECT (SELECT count(*) FROM event), (SELECT min(received_at) FROM event),
       (SELECT count(*) FROM dead_letter), (SELECT count(*) FROM turn WHERE outcome = 'unknown')
