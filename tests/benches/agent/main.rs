//! `cargo bench --bench agent`: what the agent costs, and how soon it knows and acts. Options and rows:
//! `sabai_tests::bench`.

use std::path::Path;

use sabai_tests::bench::{Options, agent};

fn main() -> anyhow::Result<()> {
    let options = Options::parse(std::env::args().skip(1)).map_err(anyhow::Error::msg)?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(agent::run(&options, &target))
}
