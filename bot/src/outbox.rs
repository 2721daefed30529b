//! The outbox: what is about to be, or may have been, sent to LINE. The row comes before the first call.
//!
//! [`decide`] says what a call's outcome means for the row (pure); [`store`] has the statements; `send`
//! makes the calls. Facts are unfenced, decisions are fenced by the lane.

pub mod decide;
pub mod send;
pub mod store;
