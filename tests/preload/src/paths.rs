//! What opens, makes, renames or removes a file by its name.

use libc::{c_char, c_int, mode_t};

use crate::control::{Disk, disk};
use crate::folder::holds_path;
use crate::next::{before, minus_one};

// `open` is variadic in C. On the ABIs of Linux a third argument that was not given is read as whatever stands in its
// register, and the C library's own looks at it under the same flags only.
before! {
    open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, minus_one,
        // SAFETY: the caller's path ends with a zero byte; so do all below.
        unsafe { opening(path, flags) };
    open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, minus_one,
        // SAFETY: as above.
        unsafe { opening(path, flags) };
    openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, minus_one,
        // SAFETY: as above.
        unsafe { opening(path, flags) };
    openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, minus_one,
        // SAFETY: as above.
        unsafe { opening(path, flags) };
    creat(path: *const c_char, mode: mode_t) -> c_int, minus_one,
        // SAFETY: as above.
        unsafe { changing(path) };
    rename(from: *const c_char, to: *const c_char) -> c_int, minus_one,
        // SAFETY: as above.
        unsafe { changing(to) };
    unlink(path: *const c_char) -> c_int, minus_one,
        // SAFETY: as above.
        unsafe { changing(path) };
    mkdir(path: *const c_char, mode: mode_t) -> c_int, minus_one,
        // SAFETY: as above.
        unsafe { changing(path) };
}

/// # Safety
/// The path must end with a zero byte.
unsafe fn opening(path: *const c_char, flags: c_int) -> Option<c_int> {
    let writes =
        flags & libc::O_ACCMODE != libc::O_RDONLY || flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
    if !writes {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { changing(path) }
}

/// # Safety
/// The path must end with a zero byte.
unsafe fn changing(path: *const c_char) -> Option<c_int> {
    let number = match disk()? {
        Disk::ReadOnly => libc::EROFS,
        Disk::Broken => libc::EIO,
        // A name needs no room, or what there is.
        Disk::Full | Disk::WritesFail | Disk::SyncsFail | Disk::SyncsHang => return None,
    };
    // SAFETY: the caller's promise.
    unsafe { holds_path(path) }.then_some(number)
}
