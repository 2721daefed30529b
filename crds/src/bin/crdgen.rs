//! `cargo crdgen`: writes the definitions of the custom resources into `crds/yaml`.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("yaml");
    for (name, content) in sabai_crds::yaml::files()? {
        std::fs::write(folder.join(name), content)?;
    }
    Ok(())
}
