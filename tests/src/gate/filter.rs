//! Packets that vanish: a classic BPF program that keeps no byte of any, so that the kernel drops them before TCP sees
//! them. Nothing is acknowledged and nothing reset. Linux only.

use std::io;

use socket2::SockRef;

/// Attaches it, or takes it off again.
#[cfg(target_os = "linux")]
pub(super) fn dropping(socket: &SockRef<'_>, on: bool) -> io::Result<()> {
    // BPF_RET | BPF_K with 0: keep 0 bytes (linux/filter.h).
    const KEEP_NOTHING: u16 = 0x06;
    if on {
        return socket.attach_filter(&[socket2::SockFilter::new(KEEP_NOTHING, 0, 0, 0)]);
    }
    match socket.detach_filter() {
        // There was none.
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
        other => other,
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn dropping(_: &SockRef<'_>, on: bool) -> io::Result<()> {
    match on {
        true => Err(io::Error::other("dropping packets needs Linux")),
        false => Ok(()),
    }
}
