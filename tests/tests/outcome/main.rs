//! What goes wrong after LINE's webhook came in, and what then: the real bot on a real Postgres, with the stand-in for
//! LINE. Each test is a row of the table of faults; all are judged by what LINE accepted and what was saved.

mod chaos;
mod evacuated;
mod gate;
mod jam;
mod killed;
mod limits;
mod line_refuses;
mod line_unclear;
mod order;
mod outage;
mod poison;
mod postgres_gone;
mod road;
mod scene;
mod slow;
mod spooled;
mod stop;
mod stopped;
mod taken_back;
mod two_holders;
mod unwilling;
