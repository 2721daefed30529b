//! Everything that can go wrong with Postgres, the way to it and the spool's disk, by name: what a person inflicts in
//! the playground and a soak at random. Each is made for real and can be taken back.

mod ground;
mod inflict;

pub use ground::Ground;

macro_rules! mishaps {
    ($($name:ident $word:literal $about:literal;)+) => {
        /// One thing that goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Mishap { $(#[doc = $about] $name,)+ }

        impl Mishap {
            /// Every one, in the order of the campaign.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What a person types.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What happens, in a few words.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)+ }
            }
        }
    };
}

mishaps! {
    Terminated "terminated" "an administrator ends every session, once";
    Reset "reset" "every session is reset (RST), once";
    Closed "closed" "every session ends without a close_notify, once";
    CloseNotify "close-notify" "every session ends in order, once; the way leads through another TLS end";
    IdleTimeout "idle-timeout" "Postgres ends sessions that rest for 300 ms";
    Dropped "dropped" "packets of the sessions that exist vanish";
    DroppedAll "dropped-all" "packets vanish, of new sessions too";
    Stalled "stalled" "the sessions that exist are acknowledged and never answered";
    StalledAll "stalled-all" "nobody answers, new sessions neither";
    FrozenBackends "frozen-backends" "the server's processes for our sessions stand still";
    FrozenServer "frozen-server" "the process that accepts sessions stands still";
    Swallowed "swallowed" "statements arrive, and their answers never come";
    RestartFast "restart-fast" "Postgres is restarted as planned";
    RestartImmediate "restart-immediate" "Postgres is restarted without a checkpoint";
    Killed "killed" "Postgres is killed, and comes back";
    Gone "gone" "Postgres is gone until it is healed";
    Certificate "certificate" "the server's certificate is replaced by another good one";
    Expired "expired" "new sessions meet an expired certificate";
    WrongName "wrong-name" "new sessions meet a certificate for another name";
    Untrusted "untrusted" "new sessions meet a certificate of an unknown authority";
    NoTls "no-tls" "new sessions meet a server without TLS";
    PlaintextByte "plaintext-byte" "new sessions meet a byte in plaintext behind the SSLRequest";
    Password "password" "the role's password is another";
    NoLogin "no-login" "the role may not log in";
    TooMany "too-many" "the server has no further session for the role";
    ReadOnly "read-only" "the server takes no writes";
    DiskFull "disk-full" "the server has no space for events";
    Standby "standby" "a synchronous standby is missing: commits hang";
    Locked "locked" "somebody holds the table of events";
    Deadlock "deadlock" "each second statement ends in a deadlock";
    Serialization "serialization" "each second statement loses against another";
    Migration "migration" "the schema changes under cached statements, once";
    SpoolFull "spool-full" "the spool's disk is full; only seen while Postgres is away";
    SpoolReadOnly "spool-read-only" "the spool's disk is read-only";
    SpoolFails "spool-fails" "the spool's disk fails to sync";
    SpoolHangs "spool-hangs" "the spool's disk hangs in a sync";
}

/// What a mishap does to the way to a fresh session while it is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Nothing.
    Spared,
    /// Some are lost or slow.
    Harmed,
    /// There is none.
    Cut,
}

impl Mishap {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|mishap| mishap.name() == name)
    }

    /// Whether it happens to the server's processes: two of these at a time would be in each other's way.
    #[must_use]
    pub const fn is_of_the_server(self) -> bool {
        matches!(
            self,
            Self::FrozenBackends
                | Self::FrozenServer
                | Self::RestartFast
                | Self::RestartImmediate
                | Self::Killed
                | Self::Gone
        )
    }

    /// What an agent's way to a fresh session meets.
    #[must_use]
    pub const fn way(self) -> Way {
        match self {
            Self::DroppedAll
            | Self::StalledAll
            | Self::FrozenServer
            | Self::Gone
            | Self::Expired
            | Self::WrongName
            | Self::Untrusted
            | Self::NoTls
            | Self::PlaintextByte
            | Self::Password
            | Self::NoLogin
            | Self::ReadOnly => Way::Cut,
            Self::Certificate
            | Self::Locked
            | Self::Deadlock
            | Self::Serialization
            | Self::Migration
            | Self::SpoolFull
            | Self::SpoolReadOnly
            | Self::SpoolFails
            | Self::SpoolHangs => Way::Spared,
            _ => Way::Harmed,
        }
    }

    /// Whether the server can be told nothing from then on.
    #[must_use]
    pub const fn makes_the_server_deaf(self) -> bool {
        matches!(self, Self::FrozenServer | Self::Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_found() {
        for mishap in Mishap::ALL {
            assert_eq!(Mishap::named(mishap.name()), Some(*mishap));
        }
        assert_eq!(Mishap::named("nonsense"), None);
    }
}
