//! One thread that lives as long as the process and starts every child. Linux ties the "parent is dead" signal to
//! the parent's thread, and a test's thread ends long before the server that all tests share should.

use std::io;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Sender};

struct Order {
    command: Command,
    at_our_death: libc::c_int,
    answer: Sender<io::Result<Child>>,
}

static KEEPER: LazyLock<Sender<Order>> = LazyLock::new(|| {
    let (orders, inbox) = mpsc::channel::<Order>();
    std::thread::Builder::new()
        .name("keeper".into())
        .spawn(move || {
            for Order {
                mut command,
                at_our_death,
                answer,
            } in inbox
            {
                tie(&mut command, at_our_death);
                let _ = answer.send(command.spawn());
            }
        })
        .expect("a process can start one thread");
    orders
});

pub(super) fn spawn(command: Command, at_our_death: libc::c_int) -> io::Result<Child> {
    let (answer, result) = mpsc::channel();
    KEEPER
        .send(Order {
            command,
            at_our_death,
            answer,
        })
        .expect("the keeper never ends");
    result.recv().expect("the keeper answers every order")
}

#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "only the child itself can ask for the signal, between fork and exec"
)]
fn tie(command: &mut Command, at_our_death: libc::c_int) {
    use std::os::unix::process::CommandExt;

    let parent = std::process::id();
    let ask = move || {
        // SAFETY: prctl(PR_SET_PDEATHSIG) and getppid are async-signal-safe and take no pointers.
        let (asked, parent_now) = unsafe {
            (
                libc::prctl(libc::PR_SET_PDEATHSIG, at_our_death),
                libc::getppid(),
            )
        };
        if asked != 0 {
            return Err(io::Error::last_os_error());
        }
        // The parent may have died before the question was put.
        if u32::try_from(parent_now) != Ok(parent) {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe));
        }
        Ok(())
    };
    // SAFETY: the closure only makes async-signal-safe calls and allocates nothing.
    unsafe { command.pre_exec(ask) };
}

#[cfg(not(target_os = "linux"))]
fn tie(_command: &mut Command, _at_our_death: libc::c_int) {}
