//! The wall clock, off by the offset; the monotonic one is right.

use libc::{c_int, c_void, clockid_t, time_t, timespec, timeval};

use crate::control::offset;
use crate::next::Next;

const SECOND: i64 = 1_000_000_000;

/// As the C library's, off by the offset for the clocks of the wall.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    static NEXT: Next = Next::new(c"clock_gettime");
    type Function = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;
    // SAFETY: the C library's function of this name.
    let next = unsafe { std::mem::transmute::<*mut c_void, Function>(NEXT.address()) };
    // SAFETY: what we were given, given on.
    let result = unsafe { next(clock, time) };
    let of_the_wall = matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE);
    let offset = if of_the_wall { offset() } else { 0 };
    if result == 0 && offset != 0 {
        // SAFETY: it was just written.
        let time = unsafe { &mut *time };
        let nanos = time.tv_sec.saturating_mul(SECOND) + time.tv_nsec + offset;
        (time.tv_sec, time.tv_nsec) = (nanos.div_euclid(SECOND), nanos.rem_euclid(SECOND));
    }
    result
}

/// As the C library's, by the clock above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut timeval, _zone: *mut c_void) -> c_int {
    let mut now = timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the buffer is ours.
    let result = unsafe { clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    if result == 0 && !time.is_null() {
        let value = timeval {
            tv_sec: now.tv_sec,
            tv_usec: now.tv_nsec / 1_000,
        };
        // SAFETY: the caller's buffer, which is not null.
        unsafe { *time = value };
    }
    result
}

/// As the C library's, by the clock above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(seconds: *mut time_t) -> time_t {
    let mut now = timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the buffer is ours.
    unsafe { clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    if !seconds.is_null() {
        // SAFETY: the caller's buffer, which is not null.
        unsafe { *seconds = now.tv_sec };
    }
    now.tv_sec
}
