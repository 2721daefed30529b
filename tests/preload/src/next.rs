//! The C library's own functions, behind ours.

use std::ffi::{CStr, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

/// One of them, looked up when it is first called.
pub(crate) struct Next {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Self {
            name,
            found: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// Its address; never null.
    pub(crate) fn address(&self) -> *mut c_void {
        let found = self.found.load(Ordering::Relaxed);
        if !found.is_null() {
            return found;
        }
        // SAFETY: the name ends with a zero byte.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        if found.is_null() {
            // SAFETY: ends the process; a C library without this function is none.
            unsafe { libc::abort() };
        }
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

/// Says what stands before a function of the C library: when `fault` gives an error number that is it, else the next.
macro_rules! before {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty, $failed:expr, $fault:expr;)+) => {
        $(
            /// As the C library's, unless a fault is in force.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($argument: $kind),*) -> $result {
                static NEXT: $crate::next::Next = $crate::next::Next::new(
                    // SAFETY: the only zero byte is the one at the end.
                    unsafe { std::ffi::CStr::from_bytes_with_nul_unchecked(concat!(stringify!($name), "\0").as_bytes()) });
                let fault: Option<libc::c_int> = $fault;
                if let Some(number) = fault {
                    // SAFETY: the calling thread's own errno.
                    unsafe { *libc::__errno_location() = number };
                    return ($failed)(number);
                }
                // SAFETY: the C library's function of this name takes and gives these types.
                let next = unsafe {
                    std::mem::transmute::<*mut std::ffi::c_void, unsafe extern "C" fn($($kind),*) -> $result>(NEXT.address())
                };
                // SAFETY: what we were given, given on.
                unsafe { next($($argument),*) }
            }
        )+
    };
}

pub(crate) use before;

/// What most functions give when they fail.
pub(crate) fn minus_one<T: From<i8>>(_: libc::c_int) -> T {
    T::from(-1)
}
