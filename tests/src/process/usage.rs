//! What a process uses, as the kernel counts it in /proc. Linux only: elsewhere every question is an error of kind
//! `Unsupported` or `NotFound`, and the bench leaves those rows out.

use std::fs;
use std::io;
use std::time::Duration;

/// USER_HZ, the unit of times in /proc/pid/stat; fixed by the kernel's interface on every common architecture.
const TICKS_PER_SECOND: u64 = 100;

/// Resident memory in KiB.
///
/// # Errors
/// When the process is gone or there is no /proc.
pub fn rss_kib(pid: u32) -> io::Result<u64> {
    status_kib(pid, "VmRSS:")
}

/// The highest resident memory so far, in KiB.
///
/// # Errors
/// When the process is gone or there is no /proc.
pub fn peak_rss_kib(pid: u32) -> io::Result<u64> {
    status_kib(pid, "VmHWM:")
}

fn status_kib(pid: u32, field: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| io::Error::other(format!("no {field} for process {pid}")))
}

/// CPU time of one process, user and system, without its children.
///
/// # Errors
/// When the process is gone or there is no /proc.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let stat = Stat::read(pid)?;
    Ok(ticks(stat.own))
}

/// CPU time of a process and all its children, the ended ones included.
///
/// # Errors
/// When the process is gone or there is no /proc.
pub fn family_cpu_time(pid: u32) -> io::Result<Duration> {
    let parent = Stat::read(pid)?;
    let children: u64 = children(pid)?
        .into_iter()
        .filter_map(|child| Stat::read(child).ok())
        .map(|stat| stat.own)
        .sum();
    Ok(ticks(parent.own + parent.ended_children + children))
}

/// The living children of a process.
///
/// # Errors
/// When there is no /proc.
pub fn children(pid: u32) -> io::Result<Vec<u32>> {
    let processes = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    Ok(processes
        .filter(|&candidate| Stat::read(candidate).is_ok_and(|stat| stat.parent == pid))
        .collect())
}

/// True when every thread of a process stands still after SIGSTOP.
///
/// # Errors
/// When the process is gone or there is no /proc.
pub fn is_stopped(pid: u32) -> io::Result<bool> {
    let mut threads = fs::read_dir(format!("/proc/{pid}/task"))?;
    Ok(threads.all(|thread| {
        let stat = thread.and_then(|thread| fs::read_to_string(thread.path().join("stat")));
        stat.is_ok_and(|line| Stat::parse(&line).is_some_and(|stat| stat.state == 'T'))
    }))
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 1000 / TICKS_PER_SECOND)
}

struct Stat {
    state: char,
    parent: u32,
    own: u64,
    ended_children: u64,
}

impl Stat {
    fn read(pid: u32) -> io::Result<Self> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&line).ok_or_else(|| {
            io::Error::other(format!(
                "/proc/{pid}/stat reads otherwise than proc(5) says"
            ))
        })
    }

    /// proc(5): the name in parentheses may hold anything, so fields are counted after the last one. ppid is field
    /// 4, its state field 3, utime 14, stime 15, cutime 16, cstime 17.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line
            .get(line.rfind(')')? + 1..)?
            .split_whitespace()
            .collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: u32::try_from(number(4)?).ok()?,
            own: number(14)? + number(15)?,
            ended_children: number(16)? + number(17)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_counted_after_the_name() {
        let line = "42 (odd) name) S 7 42 42 0 -1 4194304 100 0 0 0 11 22 33 44 20 0 1 0 5";
        let stat = Stat::parse(line).expect("as proc(5) says");
        assert_eq!((stat.parent, stat.own, stat.ended_children), (7, 33, 77));
    }
}
