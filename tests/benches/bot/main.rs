//! `cargo bench --bench bot`: the bot beside its references. Options and rows: `sabai_tests::bench`.

mod hello;

use std::path::Path;

use sabai_tests::bench::{Options, hello::ARGUMENT, rows};

fn main() -> anyhow::Result<()> {
    if std::env::args().any(|argument| argument == ARGUMENT) {
        return hello::serve();
    }
    let options = Options::parse(std::env::args().skip(1)).map_err(anyhow::Error::msg)?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(rows::run(&options, &target))
}
