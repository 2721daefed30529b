//! Where the control socket is: a file that its owner and the owner's group may connect to, and nobody else. A file that
//! a dead process left is replaced, one that is answered is not.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::Path;

use sabai_daemon::control::make_folder;
use tokio::net::UnixListener;

/// Read and write for owner and group: on Linux and BSD connecting needs the right to write (unix(7)).
const MODE: u32 = 0o660;
const WRITABLE_BY_OTHERS: u32 = 0o002;
/// `sun_path` of unix(7), less its end; macOS has four less.
const MOST_BYTES: usize = 103;

/// Binds it.
///
/// # Errors
/// In a sentence, what is wrong with the path and what to do.
pub fn bind(path: &Path) -> Result<UnixListener, String> {
    let shown = path.display();
    let (Some(folder), Some(_)) = (path.parent(), path.file_name()) else {
        return Err(format!("{shown} is not the path of a file"));
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    // Made in a folder that nobody else can enter, and moved from there once its rights are set.
    let private = folder.join(format!(".{}", std::process::id()));
    let made = private.join("s");
    if made.as_os_str().len().max(path.as_os_str().len()) > MOST_BYTES {
        return Err(format!(
            "{shown} is too long for a socket; the system allows {MOST_BYTES} bytes"
        ));
    }
    let wrap = |error: io::Error| format!("cannot listen on {shown}: {error}");
    fit(folder)?;
    free(path)?;
    // A process of the same number may have died here.
    let _ = fs::remove_dir_all(&private);
    DirBuilder::new()
        .mode(0o700)
        .create(&private)
        .map_err(wrap)?;
    let listener = moved(&made, path).map_err(wrap);
    let _ = fs::remove_dir_all(&private);
    listener
}

fn moved(made: &Path, path: &Path) -> io::Result<UnixListener> {
    let listener = StdListener::bind(made)?;
    fs::set_permissions(made, Permissions::from_mode(MODE))?;
    listener.set_nonblocking(true)?;
    fs::rename(made, path)?;
    UnixListener::from_std(listener)
}

/// The folder is there, and nobody but owner and group can put another socket in this one's place.
fn fit(folder: &Path) -> Result<(), String> {
    let shown = folder.display();
    let wrap = |error: io::Error| format!("the folder {shown}: {error}");
    make_folder(folder).map_err(wrap)?;
    let mode = fs::metadata(folder).map_err(wrap)?.permissions().mode();
    // Also where they may not remove what is ours: beside the socket they could put settings that we would read.
    if mode & WRITABLE_BY_OTHERS != 0 {
        return Err(format!(
            "others may write into the folder {shown}; take that right away (chmod o-w)"
        ));
    }
    Ok(())
}

/// Nothing stands at the path, or a socket that nobody answers.
fn free(path: &Path) -> Result<(), String> {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("cannot look at {shown}: {error}")),
        Ok(there) if !there.file_type().is_socket() => {
            return Err(format!(
                "{shown} is there and no socket; give another path or remove it"
            ));
        }
        Ok(_) => {}
    }
    match StdStream::connect(path) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
            ) =>
        {
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(format!(
            "{shown} belongs to somebody else; give another path or remove it"
        )),
        _ => Err(format!(
            "another process answers at {shown}; each needs a socket of its own"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run/bot.sock");
        let first = bind(&path).expect("bound");
        assert_eq!(mode(&path), 0o660);
        assert_eq!(mode(path.parent().expect("a folder")), 0o750);
        let refused = bind(&path).expect_err("live");
        assert!(refused.contains("another process answers"), "{refused}");
        drop(first);
        let second = bind(&path).expect("stale");
        let _client = StdStream::connect(&path).expect("connected");
        second.accept().await.expect("the second answers");
        let left = fs::read_dir(path.parent().expect("a folder")).expect("there");
        assert_eq!(left.count(), 1, "nothing but the socket");
    }

    #[tokio::test]
    async fn a_path_that_will_not_do_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "kept").expect("written");
        let refused = bind(&file).expect_err("a file");
        assert!(refused.contains("no socket"), "{refused}");
        assert_eq!(fs::read(&file).expect("there"), b"kept");
        let long = folder.path().join("x".repeat(120));
        assert!(bind(&long).expect_err("long").contains("too long"));
        let open = folder.path().join("open");
        fs::create_dir(&open).expect("made");
        for mode in [0o777, 0o1777] {
            fs::set_permissions(&open, Permissions::from_mode(mode)).expect("set");
            let refused = bind(&open.join("s")).expect_err("open");
            assert!(refused.contains("chmod o-w"), "{refused}");
        }
    }
}
