//! Whether a file is in the folder that meets the faults. Asked only while one is in force.

use std::ffi::CStr;
use std::io::Write;

use libc::{c_char, c_int};

use crate::control::variable;

const LONGEST: usize = libc::PATH_MAX as usize;

/// Whether what this descriptor is open on lies in the folder.
pub(crate) fn holds_file(file: c_int) -> bool {
    let mut link = [0_u8; 40];
    if write!(&mut link[..], "/proc/self/fd/{file}\0").is_err() {
        return false;
    }
    let mut path = [0_u8; LONGEST];
    // SAFETY: both buffers are ours and as long as said; the link's name ends with a zero byte.
    let length =
        unsafe { libc::readlink(link.as_ptr().cast(), path.as_mut_ptr().cast(), path.len()) };
    usize::try_from(length).is_ok_and(|length| lies_in(&path[..length]))
}

/// Whether this path, from the working directory if it is no absolute one, lies in the folder.
///
/// # Safety
/// It must end with a zero byte.
pub(crate) unsafe fn holds_path(path: *const c_char) -> bool {
    if path.is_null() {
        return false;
    }
    // SAFETY: the caller's promise.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    if path.starts_with(b"/") {
        return lies_in(path);
    }
    let mut whole = [0_u8; LONGEST];
    // SAFETY: the buffer is ours and as long as said.
    if unsafe { libc::getcwd(whole.as_mut_ptr().cast(), whole.len()) }.is_null() {
        return false;
    }
    let length = whole.iter().position(|&byte| byte == 0).unwrap_or(0);
    let Some(rest) = whole.get_mut(length..) else {
        return false;
    };
    let relative = path.strip_prefix(b"./").unwrap_or(path);
    if rest.len() < relative.len() + 1 {
        return false;
    }
    rest[0] = b'/';
    rest[1..=relative.len()].copy_from_slice(relative);
    lies_in(&whole[..=length + relative.len()])
}

fn lies_in(path: &[u8]) -> bool {
    variable(c"FAULTS_FOLDER").is_some_and(|folder| {
        let below = path.strip_prefix(folder.to_bytes());
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    })
}
