//! What is in force now: a few bytes shared with the harness.

use std::ffi::CStr;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// The layout of the control file.
#[repr(C)]
pub(crate) struct Control {
    fault: AtomicU32,
    _unused: AtomicU32,
    offset: AtomicI64,
}

/// What the disk does; the numbers are the harness's too (`tests/src/preload.rs`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// No room: what would make a file longer fails with ENOSPC.
    Full,
    /// EROFS for whatever changes something.
    ReadOnly,
    /// EIO for every write.
    WritesFail,
    /// EIO for fsync and fdatasync.
    SyncsFail,
    /// fsync and fdatasync do not come back until the fault ends.
    SyncsHang,
    /// EIO for all of these, and for opening to write.
    Broken,
}

/// The control file, mapped once, or nothing.
static MAPPED: std::sync::OnceLock<Option<&'static Control>> = std::sync::OnceLock::new();

/// The disk's fault, if there is one.
pub(crate) fn disk() -> Option<Disk> {
    match mapped()?.fault.load(Ordering::Relaxed) {
        1 => Some(Disk::Full),
        2 => Some(Disk::ReadOnly),
        3 => Some(Disk::WritesFail),
        4 => Some(Disk::SyncsFail),
        5 => Some(Disk::SyncsHang),
        6 => Some(Disk::Broken),
        _ => None,
    }
}

/// How far the wall clock is off, in nanoseconds.
pub(crate) fn offset() -> i64 {
    mapped().map_or(0, |control| control.offset.load(Ordering::Relaxed))
}

fn mapped() -> Option<&'static Control> {
    *MAPPED.get_or_init(map)
}

/// By system calls alone: the functions of the C library are the ones that stand here.
fn map() -> Option<&'static Control> {
    let path = variable(c"FAULTS_CONTROL")?;
    let length = size_of::<Control>();
    // SAFETY: the path ends with a zero byte; openat takes no other pointer.
    let file = unsafe {
        libc::syscall(
            libc::SYS_openat,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC,
            0,
        )
    };
    let file = libc::c_int::try_from(file).ok().filter(|&file| file >= 0)?;
    // SAFETY: a new shared mapping of a file of this length, for reading; nothing of ours is replaced.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            length,
            libc::PROT_READ,
            libc::MAP_SHARED,
            file,
            0,
        )
    };
    // SAFETY: the descriptor is ours and used no more; the mapping stays.
    unsafe { libc::close(file) };
    if memory == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: page-aligned, as long as `Control`, never unmapped, and only atomics, which others may write.
    Some(unsafe { &*memory.cast::<Control>() })
}

/// A variable of the environment, which nobody changes in these processes.
pub(crate) fn variable(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: the name ends with a zero byte.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    // SAFETY: getenv gives a string that ends with a zero byte and stays as long as the environment does.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) })
}
