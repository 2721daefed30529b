//! Faults of disk and clock for one process, by standing before its C library (`LD_PRELOAD`, see ld.so(8)). Linux only.
//!
//! Two variables: `FAULTS_CONTROL` names a file of 16 bytes that the harness writes and every process maps, so that a
//! fault begins and ends at once in all of them; `FAULTS_FOLDER` is the folder whose files meet the disk's faults. The
//! first four bytes are the fault (see `control`), the last eight the offset of the wall clock in nanoseconds, both in
//! the machine's own order. Without the variables everything is as if this were not here.
//!
//! Not covered: `sendfile`, `copy_file_range`, mapped files, io_uring.

#![cfg(target_os = "linux")]

mod clock;
mod control;
mod folder;
mod next;
mod paths;
mod writes;
