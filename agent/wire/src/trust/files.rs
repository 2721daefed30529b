//! Reads the files of one connection, all from one moment. Decides nothing about what they hold.

use std::path::{Path, PathBuf};

use super::{ClientIdentity, Roots, TrustError};

/// The kubelet exchanges all files of a volume at once, by this link beside them, to which their own lead (Kubernetes,
/// pkg/volume/util/atomic_writer.go).
const EXCHANGED: &str = "..data";
/// So many exchanges in a row are followed; they are minutes apart.
const EXCHANGES: u32 = 3;

/// Where the links lead now; nothing for files that somebody writes otherwise.
fn moment(roots: &Roots, identity: Option<&ClientIdentity>) -> Vec<Option<PathBuf>> {
    let roots = match roots {
        Roots::File(path) => Some(path),
        Roots::System => None,
    };
    let identity = identity.map(|id| [&id.certificate, &id.key]);
    let files = roots.into_iter().chain(identity.into_iter().flatten());
    let link = |file: &PathBuf| std::fs::read_link(file.with_file_name(EXCHANGED)).ok();
    files.map(link).collect()
}

/// What the files held, in PEM.
pub(super) struct Files {
    pub(super) roots: Option<Vec<u8>>,
    /// The chain, then the key.
    pub(super) identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Files {
    pub(super) fn read(
        roots: &Roots,
        identity: Option<&ClientIdentity>,
    ) -> Result<Self, TrustError> {
        Self::of_one_moment(roots, identity, read)
    }

    /// A certificate beside another one's key is of no use: what was read while the files were exchanged is read again.
    fn of_one_moment(
        roots: &Roots,
        identity: Option<&ClientIdentity>,
        mut read: impl FnMut(&Path, &str) -> Result<Vec<u8>, TrustError>,
    ) -> Result<Self, TrustError> {
        let mut tries = EXCHANGES;
        loop {
            let before = moment(roots, identity);
            let files = Self::read_once(roots, identity, &mut read);
            tries -= 1;
            if tries == 0 || moment(roots, identity) == before {
                return files;
            }
        }
    }

    fn read_once(
        roots: &Roots,
        identity: Option<&ClientIdentity>,
        mut read: impl FnMut(&Path, &str) -> Result<Vec<u8>, TrustError>,
    ) -> Result<Self, TrustError> {
        let roots = match roots {
            Roots::File(path) => Some(read(path, "PGSSLROOTCERT")?),
            Roots::System => None,
        };
        let identity = identity
            .map(|id| {
                Ok((
                    read(&id.certificate, "PGSSLCERT")?,
                    read(&id.key, "PGSSLKEY")?,
                ))
            })
            .transpose()?;
        Ok(Self { roots, identity })
    }
}

fn read(path: &Path, variable: &str) -> Result<Vec<u8>, TrustError> {
    std::fs::read(path).map_err(|error| {
        TrustError(format!(
            "{variable}: cannot read {}: {error}",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// As the kubelet does: a new link, moved over the old one, and the old files are gone.
    fn exchange(folder: &Path, from: &str, to: &str) {
        fs::create_dir(folder.join(to)).expect("a folder");
        for file in ["ca.crt", "tls.crt", "tls.key"] {
            fs::write(folder.join(to).join(file), to).expect("written");
        }
        symlink(to, folder.join("..new")).expect("linked");
        fs::rename(folder.join("..new"), folder.join(EXCHANGED)).expect("moved");
        // There is none before the first.
        let _ = fs::remove_dir_all(folder.join(from));
    }

    #[test]
    fn files_that_are_exchanged_while_they_are_read_are_all_from_one_moment() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |file: &str| folder.path().join(file);
        exchange(folder.path(), "..0", "..1");
        for file in ["ca.crt", "tls.crt", "tls.key"] {
            symlink(format!("{EXCHANGED}/{file}"), at(file)).expect("linked");
        }
        let roots = Roots::File(at("ca.crt"));
        let identity = ClientIdentity {
            certificate: at("tls.crt"),
            key: at("tls.key"),
        };
        for exchanged_after in ["PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"] {
            let mut exchanges = 0;
            let files = Files::of_one_moment(&roots, Some(&identity), |path, variable| {
                let content = read(path, variable);
                if variable == exchanged_after && exchanges == 0 {
                    exchanges += 1;
                    exchange(folder.path(), "..1", "..2");
                }
                content
            });
            let files = files.expect("readable");
            let (certificate, key) = files.identity.expect("an identity");
            assert_eq!(
                [&certificate, &key, &files.roots.expect("roots")],
                [b"..2"; 3]
            );
            exchange(folder.path(), "..2", "..1");
        }
    }
}
