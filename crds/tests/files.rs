//! The committed files are those of the types.

use std::path::Path;

#[test]
fn the_committed_files_are_what_the_types_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("yaml");
    let files = sabai_crds::yaml::files().expect("YAML can say it");
    for (name, content) in &files {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            committed == *content,
            "crds/yaml/{name} is not what the types say: run cargo crdgen"
        );
    }
    let listed = std::fs::read_dir(&folder)
        .expect("crds/yaml is there")
        .count();
    assert_eq!(listed, files.len(), "crds/yaml holds nothing else");
}
