//! What writes to, or makes durable, a file that is open.

use libc::{c_int, c_void, iovec, off_t, size_t, ssize_t};

use crate::control::{Disk, disk};
use crate::folder::holds_file;
use crate::next::{before, minus_one};

before! {
    write(file: c_int, bytes: *const c_void, count: size_t) -> ssize_t, minus_one, writing(file, None, || count as i64);
    writev(file: c_int, parts: *const iovec, count: c_int) -> ssize_t, minus_one,
        // SAFETY: the caller of writev promises that there are so many.
        writing(file, None, || unsafe { total(parts, count) });
    pwrite(file: c_int, bytes: *const c_void, count: size_t, at: off_t) -> ssize_t, minus_one, writing(file, Some(at), || count as i64);
    pwrite64(file: c_int, bytes: *const c_void, count: size_t, at: off_t) -> ssize_t, minus_one, writing(file, Some(at), || count as i64);
    pwritev(file: c_int, parts: *const iovec, count: c_int, at: off_t) -> ssize_t, minus_one,
        // SAFETY: as above.
        writing(file, Some(at), || unsafe { total(parts, count) });
    pwritev64(file: c_int, parts: *const iovec, count: c_int, at: off_t) -> ssize_t, minus_one,
        // SAFETY: as above.
        writing(file, Some(at), || unsafe { total(parts, count) });
    fallocate(file: c_int, mode: c_int, at: off_t, length: off_t) -> c_int, minus_one, writing(file, Some(at), || length);
    fallocate64(file: c_int, mode: c_int, at: off_t, length: off_t) -> c_int, minus_one, writing(file, Some(at), || length);
    // These give the number itself.
    posix_fallocate(file: c_int, at: off_t, length: off_t) -> c_int, itself, writing(file, Some(at), || length);
    posix_fallocate64(file: c_int, at: off_t, length: off_t) -> c_int, itself, writing(file, Some(at), || length);
    // A hole needs no room.
    ftruncate(file: c_int, length: off_t) -> c_int, minus_one, changing(file);
    ftruncate64(file: c_int, length: off_t) -> c_int, minus_one, changing(file);
    fsync(file: c_int) -> c_int, minus_one, syncing(file);
    fdatasync(file: c_int) -> c_int, minus_one, syncing(file);
    sync_file_range(file: c_int, at: off_t, length: off_t, flags: libc::c_uint) -> c_int, minus_one, syncing(file);
}

fn itself(number: c_int) -> c_int {
    number
}

fn writing(file: c_int, at: Option<off_t>, count: impl FnOnce() -> i64) -> Option<c_int> {
    let number = match disk()? {
        Disk::Full => libc::ENOSPC,
        Disk::ReadOnly => libc::EROFS,
        Disk::WritesFail | Disk::Broken => libc::EIO,
        Disk::SyncsFail | Disk::SyncsHang => return None,
    };
    let fails = holds_file(file) && (number != libc::ENOSPC || grows(file, at, count()));
    fails.then_some(number)
}

fn changing(file: c_int) -> Option<c_int> {
    let number = match disk()? {
        Disk::ReadOnly => libc::EROFS,
        Disk::WritesFail | Disk::Broken => libc::EIO,
        Disk::Full | Disk::SyncsFail | Disk::SyncsHang => return None,
    };
    holds_file(file).then_some(number)
}

fn syncing(file: c_int) -> Option<c_int> {
    match disk()? {
        Disk::SyncsFail | Disk::Broken => holds_file(file).then_some(libc::EIO),
        Disk::SyncsHang if holds_file(file) => {
            while disk() == Some(Disk::SyncsHang) {
                // SAFETY: takes no pointers.
                unsafe { libc::usleep(5_000) };
            }
            None
        }
        _ => None,
    }
}

/// Whether these bytes would make the file longer.
fn grows(file: c_int, at: Option<off_t>, count: i64) -> bool {
    // SAFETY: all zeros is a stat.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the buffer is ours.
    if unsafe { libc::fstat(file, &raw mut stat) } != 0 {
        return false;
    }
    // SAFETY: takes no pointers.
    let appends = unsafe { libc::fcntl(file, libc::F_GETFL) } & libc::O_APPEND != 0;
    let begin = match at {
        Some(at) => at,
        None if appends => stat.st_size,
        // SAFETY: takes no pointers, and moves nothing.
        None => unsafe { libc::lseek(file, 0, libc::SEEK_CUR) },
    };
    begin.saturating_add(count) > stat.st_size
}

/// # Safety
/// There must be `count` parts.
unsafe fn total(parts: *const iovec, count: c_int) -> i64 {
    let count = usize::try_from(count).unwrap_or(0);
    if parts.is_null() || count == 0 {
        return 0;
    }
    // SAFETY: the caller's promise.
    let parts = unsafe { std::slice::from_raw_parts(parts, count) };
    parts.iter().map(|part| part.iov_len as i64).sum()
}
