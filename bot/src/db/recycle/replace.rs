//! At once, for a pool that is wedged: a fresh session has shown that others can be made, so all the old ones go.

use sabai_wire::fault::Fault;
use tokio::time::Instant;

use super::{Begun, Halt, Tally, add};
use crate::db::Db;
use crate::db::pool::Why;

/// What the users of a session are told that is cut under them.
const CUT: Fault = Fault::Recycled;

impl Db {
    pub(super) async fn replace(
        &self,
        begun: Begun,
        deadline: Instant,
        tally: &Tally,
    ) -> Result<(), Halt> {
        let generation = begun.generation;
        // It has done its part; from its place the server is asked about those that do not end.
        self.close_spare(begun.fresh, Why::Done);
        for pool in [&self.intake, &self.work] {
            let (closed, cut) = pool.cut_down(generation, CUT);
            add(&tally.closed, closed + cut);
        }
        self.none_older(generation, deadline).await
    }
}
