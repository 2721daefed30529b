//! `cargo bench --bench cluster`: what the agent costs in a cluster, and how soon a `kubectl apply` is obeyed. Options and rows:
//! `sabai_tests::bench`.

use std::path::Path;

use sabai_tests::bench::{Options, cluster};

fn main() -> anyhow::Result<()> {
    let options = Options::parse(std::env::args().skip(1)).map_err(anyhow::Error::msg)?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(cluster::run(&options, &target))
}
