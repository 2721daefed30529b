//! `cargo bench --bench outage`: what webhooks notice of a Postgres that goes away and comes back. Options and rows:
//! `sabai_tests::bench`.

use std::path::Path;

use sabai_tests::bench::{Options, outage};

fn main() -> anyhow::Result<()> {
    let options = Options::parse(std::env::args().skip(1)).map_err(anyhow::Error::msg)?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(outage::run(&options, &target))
}
