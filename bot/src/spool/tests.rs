//! The spool on a real folder; only the disk's errors are played.

mod bounds;
mod codec;
mod damage;
mod faulty;
mod order;
mod random;
mod scene;
