//! Who runs the server. Postgres refuses root, so a harness run by root hands over to an ordinary user that exists
//! everywhere; any other harness runs the server itself.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;

/// By convention the user that owns nothing.
const NOBODY: Account = Account {
    uid: 65534,
    gid: 65534,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account for the server whose binaries are in `bin`; none when this process may run it itself.
    pub(super) fn for_server(bin: &Path) -> anyhow::Result<Option<Self>> {
        if !crate::process::is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let candidates = ["nobody", "postgres", "daemon"]
            .iter()
            .filter_map(|name| find(&users, name));
        let mut refusals = Vec::new();
        for account in candidates.chain([NOBODY]) {
            match account.can_run(&bin.join("postgres")) {
                Ok(()) => return Ok(Some(account)),
                Err(error) => refusals.push(format!("as user {}: {error}", account.uid)),
            }
        }
        bail!(
            "Postgres does not run as root, and no other user could run {}: {}",
            bin.display(),
            refusals.join("; ")
        )
    }

    fn can_run(self, program: &Path) -> io::Result<()> {
        let mut command = Command::new(program);
        command
            .arg("--version")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.apply(&mut command);
        let status = command.status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(status.to_string()))
        }
    }

    pub(super) fn apply(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    pub(super) fn own(self, path: &Path) -> io::Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
    }
}

/// The line `name:x:uid:gid:...` of passwd(5), unless it is root by another name.
fn find(users: &str, name: &str) -> Option<Account> {
    let fields = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&name))?;
    let account = Account {
        uid: fields.get(2)?.parse().ok()?,
        gid: fields.get(3)?.parse().ok()?,
    };
    (account.uid != 0).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_as_passwd_5_says() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:99:98:nobody:/:/sbin/nologin\nrogue:x:0:0::/:/bin/sh\n";
        assert_eq!(find(users, "nobody"), Some(Account { uid: 99, gid: 98 }));
        assert_eq!(find(users, "rogue"), None);
        assert_eq!(find(users, "postgres"), None);
    }
}
